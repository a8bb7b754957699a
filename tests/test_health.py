"""Posterior health, against closed forms: a linear decoder with Gaussian noise has an exact posterior and log p(x)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from torch import Tensor

import vaekit
from analysis.health.collapse import collapse_curve
from analysis.health.flags import FLAGS, causes, flags
from analysis.health.likelihood import decoder_use_nats, importance_bounds
from analysis.health.mixture import TERMS, marginal_log_densities, rate_split
from analysis.health.posterior import aggregate_moments
from analysis.health.runs import bound_columns, health_dims, run_health, sweep_health
from analysis.health.section import flag_sections, health_sections, used_units
from analysis.presentation.view import View
from analysis.statistics import gaussians
from analysis.statistics.carrying import COLUMN, carrying_units
from analysis.statistics.gaussians import frechet_distance, kl_nats, log_density
from analysis.statistics.still_improving import COLUMNS
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.make import make_spec
from tests.synthetic import write_sweep
from tests.test_sweep import Inline
from vae.columns import HEALTH
from vae.errors import ConfigError, ResultsError

NOISE = 0.4
"""Sigma of the linear model's pixels."""


class Linear:
    """x = W z + b + noise with orthogonal columns in W, the last one 0: its posterior has independent dimensions."""

    likelihood = "gaussian"
    log_sigma = torch.tensor(np.log(NOISE))

    def __init__(self, pixels: int = 9, latent: int = 3) -> None:
        rng = np.random.default_rng(1)
        self.weight = np.linalg.qr(rng.standard_normal((pixels, latent)))[0] * np.array([2.0, 1.0, 0.0])[:latent]
        self.bias = rng.standard_normal(pixels)

    def decode(self, z: Tensor) -> Tensor:
        return z @ torch.from_numpy(self.weight.T).float() + torch.from_numpy(self.bias).float()

    def sample(self, count: int) -> np.ndarray:
        rng = np.random.default_rng(2)
        z = rng.standard_normal((count, self.weight.shape[1]))
        return np.asarray(z @ self.weight.T + self.bias + NOISE * rng.standard_normal((count, len(self.bias))))

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The exact posterior."""
        variance = 1 / (1 + np.square(self.weight).sum(axis=0) / NOISE**2)
        means = (images - self.bias) @ self.weight * variance / NOISE**2
        return means, np.tile(np.log(variance), (len(means), 1))

    def log_evidence(self, images: np.ndarray) -> np.ndarray:
        covariance = self.weight @ self.weight.T + NOISE**2 * np.eye(len(self.bias))
        return np.asarray(multivariate_normal(self.bias, covariance).logpdf(images))


@pytest.fixture(scope="module")
def linear() -> Linear:
    return Linear()


@pytest.fixture(scope="module")
def posterior() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, log-variances and noise of 200 images in 4 dimensions, the last of which equals the prior."""
    rng = np.random.default_rng(0)
    means, log_variances = rng.standard_normal((200, 4)), rng.uniform(-4, 0, (200, 4))
    means[:, 3], log_variances[:, 3] = 0.0, 0.0
    return means, log_variances, rng.standard_normal((200, 4))


def test_the_exact_posterior_reaches_log_p_with_every_sample(linear: Linear) -> None:
    images = linear.sample(40)
    bounds = importance_bounds(linear, images, *linear.encode(images), samples=100)
    assert list(bounds.nats) == [1, 10, 100]
    for nats in bounds.nats.values():
        np.testing.assert_allclose(nats, linear.log_evidence(images), atol=2e-4)
    np.testing.assert_allclose(bounds.effective_sample_size, 100, rtol=1e-4)


def test_another_posterior_loses_its_divergence_and_more_samples_get_it_back(linear: Linear) -> None:
    images = linear.sample(2000)
    means, log_variances = linear.encode(images)
    shift, widening = 0.3, np.log(1.6)
    bounds = importance_bounds(
        linear, images, means + shift * np.exp(log_variances / 2), log_variances + widening, samples=100
    )
    exact = linear.log_evidence(images).mean()
    gap = 3 * 0.5 * (np.exp(widening) + shift**2 - 1 - widening)
    low, middle, high = (bounds.nats[count].mean() for count in (1, 10, 100))
    assert low == pytest.approx(exact - gap, abs=4 * 1.5 / np.sqrt(2000 * 100))
    assert low < middle < high < exact
    assert exact - high < 0.02 * gap
    assert (bounds.effective_sample_size > 1).all()
    assert np.median(bounds.effective_sample_size) < 90


def test_l_1_is_the_elbo_on_its_samples(linear: Linear) -> None:
    images = linear.sample(300)
    means, log_variances = linear.encode(images)
    nats = importance_bounds(linear, images, means + 0.2, log_variances, samples=50).nats
    assert list(nats) == [1, 10, 50]
    squares = np.square(images - linear.bias - (means + 0.2) @ linear.weight.T).sum(axis=1)
    spread = (np.exp(log_variances) * np.square(linear.weight).sum(axis=0)).sum(axis=1)
    distortion = (squares + spread) / (2 * NOISE**2) + 9 * np.log(NOISE * np.sqrt(2 * np.pi))
    elbo = -distortion - kl_nats(means + 0.2, log_variances).sum(axis=1)
    assert nats[1].mean() == pytest.approx(elbo.mean(), abs=0.1)
    with pytest.raises(AssertionError):
        assert nats[50].mean() == pytest.approx(elbo.mean(), abs=0.1)


def test_bounds_do_not_depend_on_how_codes_are_batched(linear: Linear, monkeypatch: pytest.MonkeyPatch) -> None:
    images = linear.sample(30)
    means, log_variances = linear.encode(images)
    whole = importance_bounds(linear, images, means + 0.1, log_variances, samples=48)
    monkeypatch.setattr("analysis.health.likelihood.BLOCK_CODES", 16)
    parts = importance_bounds(linear, images, means + 0.1, log_variances, samples=48)
    for count, nats in whole.nats.items():
        np.testing.assert_allclose(parts.nats[count], nats, rtol=1e-5)


def test_what_a_permuted_dimension_costs(linear: Linear) -> None:
    images, rng = linear.sample(1500), np.random.default_rng(3)
    means, log_variances = linear.encode(images)
    noise = rng.standard_normal(means.shape)
    drops = decoder_use_nats(linear, images, means, log_variances, noise, seed=5)
    codes = means + np.exp(0.5 * log_variances) * noise
    others = codes[np.random.default_rng(5).permutation(1500)]
    for dim in range(3):
        moved = codes.copy()
        moved[:, dim] = others[:, dim]
        squares = [np.square(images - linear.bias - z @ linear.weight.T).sum(axis=1).mean() for z in (moved, codes)]
        assert drops[dim] == pytest.approx((squares[0] - squares[1]) / (2 * NOISE**2), rel=1e-3, abs=1e-4)
    assert drops[0] > drops[1] > 1
    assert drops[2] == 0.0


def test_kl_closed_forms() -> None:
    means, log_variances = np.array([[0.0, 2.0, 0.0]]), np.array([[0.0, 0.0, np.log(4.0)]])
    np.testing.assert_allclose(kl_nats(means, log_variances), [[0.0, 2.0, 0.5 * (3 - np.log(4))]])
    tiny = kl_nats(np.zeros((1, 1)), np.full((1, 1), 1e-6))
    np.testing.assert_allclose(tiny, 0.25e-12, rtol=1e-3)


def test_densities_equal_their_naive_twins(posterior: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    means, log_variances, noise = posterior
    monkeypatch.setattr(gaussians, "BLOCK_PAIRS", 1000)  # 5 rows at a time
    z = means + 3.0 + np.exp(log_variances / 2) * noise
    squares = np.square(z[:, None] - means - 3.0) / np.exp(log_variances)
    each = -0.5 * (squares + log_variances + np.log(2 * np.pi))
    np.testing.assert_allclose(
        log_density(z, means + 3.0, log_variances), logsumexp(each.sum(axis=2), axis=1) - np.log(200), rtol=1e-9
    )
    np.testing.assert_allclose(
        marginal_log_densities(z, means + 3.0, log_variances), logsumexp(each, axis=1) - np.log(200), atol=1e-4
    )


def test_the_three_terms_sum_to_the_rate(posterior: tuple[np.ndarray, ...]) -> None:
    split = rate_split(*posterior)
    rate = kl_nats(*posterior[:2]).sum(axis=1).mean()
    assert sum(split.nats.values()) == pytest.approx(rate, rel=1e-9)
    assert set(split.nats) == set(split.standard_errors) == set(TERMS)


def test_the_split_does_not_depend_on_the_order_of_images_or_dimensions(posterior: tuple[np.ndarray, ...]) -> None:
    split, rng = rate_split(*posterior), np.random.default_rng(4)
    rows, columns = rng.permutation(200), rng.permutation(4)
    again = rate_split(*(part[rows][:, columns] for part in posterior))
    for name in TERMS:
        assert again.nats[name] == pytest.approx(split.nats[name], abs=1e-5)


def test_mutual_information_of_points_apart_is_log_n() -> None:
    rng = np.random.default_rng(0)
    means = 100.0 * np.arange(50)[:, None] * np.array([[1.0, -1.0]])
    split = rate_split(means, np.zeros((50, 2)), rng.standard_normal((50, 2)))
    assert split.nats["mutual_information_nats"] == pytest.approx(np.log(50), abs=1e-9)
    assert split.log_images_nats == np.log(50)
    assert split.is_capped


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_equal_posteriors_say_nothing(mean: float) -> None:
    noise = np.random.default_rng(0).standard_normal((80, 3))
    split = rate_split(np.full((80, 3), mean), np.zeros((80, 3)), noise)
    assert split.nats["mutual_information_nats"] == pytest.approx(0.0, abs=1e-9)
    assert split.nats["total_correlation_nats"] == pytest.approx(0.0, abs=1e-5)
    assert split.nats["dimension_wise_kl_nats"] == pytest.approx(1.5 * mean**2, abs=1e-5)
    assert not split.is_capped


def test_the_split_of_a_gaussian_aggregate() -> None:
    """Means of a correlated Gaussian give a Gaussian aggregate, whose three terms are known."""
    rng, variance = np.random.default_rng(0), 0.5
    aggregate = np.array([[1.5, 0.6], [0.6, 1.0]])
    means = rng.multivariate_normal(np.zeros(2), aggregate - variance * np.eye(2), size=6000)
    split = rate_split(means, np.full(means.shape, np.log(variance)), rng.standard_normal(means.shape))
    diagonal = np.diag(aggregate)
    expected = {
        "mutual_information_nats": 0.5 * np.log(np.linalg.det(aggregate)) - np.log(variance),
        "total_correlation_nats": 0.5 * np.log(diagonal.prod() / np.linalg.det(aggregate)),
        "dimension_wise_kl_nats": 0.5 * (diagonal - 1 - np.log(diagonal)).sum(),
    }
    for name, value in expected.items():
        assert split.nats[name] == pytest.approx(value, abs=0.03), name
        assert 0 < split.standard_errors[name] < 0.02


def test_moments_of_the_aggregate_and_their_distance_to_the_prior() -> None:
    rng = np.random.default_rng(0)
    means = rng.standard_normal((50, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]]) + [1.0, -2.0]
    moments = aggregate_moments(means, np.log(np.full((50, 2), 0.25)))
    np.testing.assert_allclose(moments.mean, means.mean(axis=0))
    np.testing.assert_allclose(moments.covariance, np.cov(means.T, bias=True) + 0.25 * np.eye(2))
    known = moments._replace(mean=np.array([1.0, 2.0]), covariance=np.diag([4.0, 0.25]))
    assert frechet_distance(*known) == pytest.approx(5 + 1 + 0.25)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = known._replace(mean=turn @ known.mean, covariance=turn @ known.covariance @ turn.T)
    assert frechet_distance(*turned) == pytest.approx(6.25)


def test_the_collapse_curve_counts_images() -> None:
    kl = np.full((200, 4), 0.5)
    kl[:, 0] = 1e-4  # collapsed for all
    kl[2:, 1] = 1e-4  # for 99 %
    kl[3:, 2] = 1e-4  # for fewer
    curve = collapse_curve(kl, np.array([1e-3, 0.01, 0.6]))
    assert curve["collapsed_share"].tolist() == [0.5, 0.5, 1.0]


def fake_run(linear: Linear, images: np.ndarray) -> Any:
    sweep = SimpleNamespace(images=lambda split, at: images[at], thinned=lambda split, most: np.arange(len(images)))
    return SimpleNamespace(model=linear, encode=linear.encode, sweep=sweep, number=0, is_ae=False)


def test_the_health_of_a_linear_run(linear: Linear) -> None:
    images = linear.sample(300)
    totals, dims = run_health(fake_run(linear, images), importance_samples=20)
    assert totals["is_likelihood"]
    assert totals["images"] == totals["decoded_images"] == 300
    for count in (1, 10, 20):
        found = totals[f"importance_weighted_elbo_{count}_nats"]
        assert found == pytest.approx(linear.log_evidence(images).mean(), abs=1e-3)
    assert totals["effective_sample_size_low"] == pytest.approx(20, rel=1e-3)
    assert totals["active_units"] == 2
    assert sum(totals[name] for name in TERMS) == pytest.approx(totals["rate_nats"])
    assert dims["kl_nats"].sum() == pytest.approx(totals["rate_nats"])
    np.testing.assert_allclose(dims["variance"], 1.0, atol=0.25)
    mismatch = 0.5 * (dims["variance"] + dims["mean"] ** 2 - 1 - np.log(dims["variance"])).sum()
    assert mismatch < totals["dimension_wise_kl_nats"] + 4 * totals["dimension_wise_kl_standard_error_nats"]
    with pytest.raises(ConfigError, match="importance_samples must be at least 1, got 0"):
        run_health(fake_run(linear, images), importance_samples=0)


def spec(out: Path, **options: Any) -> Any:
    tiny = {"epochs": 6, "seeds": 2, "trials": 3, "hidden_dim": 16, "latent_dim": "2:5", "limit": 300}
    return make_spec(tiny | {"report": False, "out": str(out), "name": "s"} | options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("health")
    run_sweep(spec(path, beta="0.01:4:log"), engine=Inline())
    return path / "s"


def test_cheap_columns_say_what_the_posterior_says(trained: Path) -> None:
    sweep = vaekit.open(trained)
    images = sweep.images("test")
    assert list(sweep.runs.columns).index(HEALTH[0]) == list(sweep.runs.columns).index("active_units") + 1
    for _, row in sweep.runs.iterrows():
        means, log_variances = sweep.run(int(row["run"])).encode(images)
        curve = collapse_curve(kl_nats(means, log_variances), np.array([0.01]))
        assert row["collapsed_units"] == pytest.approx(curve["collapsed_share"][0] * row["latent_dim"])
        mean, covariance = aggregate_moments(means, log_variances)
        variance = np.diag(covariance)
        expected = 0.5 * (variance + mean**2 - 1 - np.log(variance)).sum()
        assert row["prior_mismatch_nats"] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_an_autoencoder_has_neither_column() -> None:
    from vae.config import RunConfig
    from vae.data import DataConfig, prepare
    from vae.training import train_runs

    data = DataConfig(limit=200)
    configs = [RunConfig(data=data, model=model, latent_dim=3, hidden_dim=16, epochs=1) for model in ("vae", "ae")]
    vae, ae = train_runs(configs, prepare(data))
    assert np.isfinite([vae.totals[name] for name in HEALTH]).all()
    assert np.isnan([ae.totals[name] for name in HEALTH]).all()


def test_a_sweeps_health_is_cached_and_completed(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = vaekit.open(trained)
    first = sweep_health(sweep, [1], importance_samples=10)
    assert first["run"].tolist() == [1]
    assert list(bound_columns(first)) == [1, 10]
    measured: list[int] = []

    def counted(run: Any, samples: int) -> Any:
        measured.append(run.number)
        return run_health(run, samples)

    monkeypatch.setattr("analysis.health.runs.run_health", counted)
    whole = sweep_health(sweep, importance_samples=10)
    assert whole["run"].tolist() == sweep.runs["run"].tolist()
    assert measured == [run for run in sweep.runs["run"] if run != 1]
    pd.testing.assert_frame_equal(whole[whole["run"] == 1].reset_index(drop=True), first, check_exact=False)
    np.testing.assert_allclose(whole["rate_nats"], sweep.runs["rate_nats"], rtol=1e-5)
    assert whole["active_units"].tolist() == sweep.runs["active_units"].tolist()
    assert not whole["is_likelihood"].any()
    np.testing.assert_allclose(whole["importance_weighted_elbo_1_nats"], sweep.runs["elbo_nats"], atol=1.0)
    assert (whole["importance_weighted_elbo_10_nats"] > whole["importance_weighted_elbo_1_nats"]).all()
    dims = health_dims(sweep, [1], importance_samples=10)
    assert dims["dim"].tolist() == list(range(int(first["latent_dim"].iloc[0])))
    measured.clear()
    assert sweep_health(sweep, [1], importance_samples=20)["importance_samples"].tolist() == [20]
    assert measured == [1]
    assert sweep_health(sweep, [1], importance_samples=10)["importance_samples"].tolist() == [20]
    assert measured == [1]


def test_the_sections_of_a_trained_sweep(trained: Path) -> None:
    view = View(vaekit.open(trained))
    parts = {part.slug: part for part in [*health_sections(view), *flag_sections(view)]}
    assert list(parts) == ["health", "health_dims", "collapse", "flag_causes", "flags"]
    assert all(part.figure for slug, part in parts.items() if "flag" not in slug)
    assert len(parts["health"].table) == 2
    assert "grey" in parts["health"].sentence
    assert set(parts["collapse"].table["standing"]) >= {"first", "highest beta"}
    assert parts["collapse"].table["collapsed_share"].between(0, 1).all()


def test_without_weights_only_flags_remain(tmp_path: Path) -> None:
    sweep = vaekit.open(write_sweep(tmp_path / "s", trials=4).path)
    parts = {part.slug: part for part in [*health_sections(View(sweep)), *flag_sections(View(sweep))]}
    for slug in ("health", "health_dims", "collapse"):
        assert parts[slug].sentence == "Left out: no weights were kept."
    assert "Left out" not in parts["flags"].sentence
    with pytest.raises(ResultsError, match="has no weights of run"):
        sweep_health(sweep)


GOOD = {
    "state": "COMPLETE", "model": "vae", "seed": 0, "latent_dim": 8, "hidden_dim": 64, "beta": 1.0, "active_units": 6,
    "rate_nats": 10.0, "distortion_nats": 20.0, "elbo_nats": -30.0, "prior_mismatch_nats": 0.2,
}  # fmt: skip
NONE = pd.DataFrame(columns=list(COLUMNS))
"""No run still improved."""


def raised(*changes: dict[str, Any], improving: pd.DataFrame = NONE, likelihood: str = "bernoulli") -> list[list[str]]:
    """The flags of each run of a made sweep, whose zero-rate point is log 2 at each of 60 pixels."""
    runs = pd.DataFrame([{"run": k, "trial": k} | GOOD | change for k, change in enumerate(changes)])
    table = flags(runs, pd.DataFrame({"run": runs["run"]}), improving, 60 * np.log(2), likelihood)
    assert set(table["flag"]) <= set(FLAGS)
    assert (table["sentence"].str.endswith(".") & ~table["sentence"].str.contains("nan")).all()
    return [table.loc[table["run"] == k, "flag"].tolist() for k in runs["run"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"rate_nats": 0.09, "prior_mismatch_nats": 0.0}, ["collapsed"]),
        ({"active_units": 0}, ["collapsed"]),
        ({"distortion_nats": 0.991 * 60 * np.log(2)}, ["collapsed"]),
        ({"distortion_nats": 0.989 * 60 * np.log(2)}, []),
        ({"prior_mismatch_nats": 1.01}, ["prior mismatch"]),
        ({"prior_mismatch_nats": 0.09, "rate_nats": 0.5}, []),
    ],
)
def test_flags_of_a_run_alone(changes: dict[str, Any], expected: list[str]) -> None:
    assert raised(changes) == [expected]


def test_runs_that_still_improved_are_undertrained() -> None:
    rows = [(0, 0, "vae", 40, 1.25, 20), (1, 1, "ae", 40, 1.25, 20), (2, 2, "vae", 4, np.nan, 2)]
    improving = pd.DataFrame(rows, columns=list(COLUMNS))
    assert raised({}, {}, {}, improving=improving) == [["undertrained"], [], ["undertrained"]]


def test_flags_are_gathered_by_cause() -> None:
    table = pd.DataFrame({"run": [3, 4, 4, 9], "flag": ["collapsed", "collapsed", "prior mismatch", "collapsed"]})
    rows = causes(table).to_numpy().tolist()
    assert rows == [
        ["collapsed", 3, "3, 4, 9"], ["undertrained", 0, ""], ["over-regularised", 0, ""], ["prior mismatch", 1, "4"],
    ]  # fmt: skip


def test_the_advice_on_collapse_names_a_length_which_a_schedule_needs() -> None:
    runs = pd.DataFrame([{"run": 0, "trial": 0} | GOOD | {"active_units": 0}])
    said = flags(runs, pd.DataFrame({"run": [0] * 70}), NONE, None)["sentence"][0]
    assert said.endswith("(--beta-schedule linear:0.5 --epochs 70).")
    make_spec({"beta_schedule": "linear:0.5", "epochs": 70})


def test_beta_above_one_is_too_much_where_a_lower_one_does_better() -> None:
    strong = {"beta": 4.0, "rate_nats": 4.0, "distortion_nats": 27.0, "elbo_nats": -31.0}
    assert raised(strong, {}) == [["over-regularised"], []]
    assert raised(strong | {"beta": 1.0}, {"beta": 0.5}) == [[], []]
    assert raised(strong, {"beta": 5.0}) == [[], []]
    assert raised(strong, {"latent_dim": 16}) == [[], []]
    assert raised(strong, {"elbo_nats": -30.95}) == [[], []]
    assert raised(strong | {"rate_nats": 5.5}, {}) == [[], []]


def test_flags_need_neither_images_nor_runs(tmp_path: Path) -> None:
    runs = pd.DataFrame([{"run": 0, "trial": 0} | GOOD | {"active_units": 0}])
    table = flags(runs, pd.DataFrame({"run": [0]}), NONE, None)
    assert table["flag"].tolist() == ["collapsed"]
    assert "independent" not in table["sentence"][0]
    none = vaekit.open(write_sweep(tmp_path / "s", trials=1, failed={0: "NaN"}).path)
    assert flags(none.runs, none.history, NONE, None).empty


def test_active_carrying_and_used_dimensions_are_three_counts() -> None:
    dims = pd.DataFrame(
        {
            "run": 3,
            "kl_nats": [3.0, 1.0, 0.15, 0.05],
            "mean_variance": [0.9, 0.6, 0.02, 0.005],
            "decoder_use_nats": [4.0, 0.0, 0.2, 0.0],
        }
    )
    said = used_units(dims)
    assert said.startswith(
        "Of its 4 dimensions, 3 are active (the means vary), 2 carry 95 % of the rate, and 2 are used"
    )


@pytest.mark.parametrize(
    ("kl", "carrying"), [([0.05] * 4, 0), ([0.1, 0.05], 1), ([3.0, 1.0, 0.15], 2), ([1.0] * 20, 19)]
)
def test_a_dimension_below_a_tenth_of_a_nat_carries_nothing(kl: list[float], carrying: int) -> None:
    dims = pd.DataFrame({"run": 0, "dim": range(len(kl)), "kl_nats": kl})
    assert carrying_units(dims)[COLUMN].tolist() == [carrying]
