"""What prior and codes have to do with each other: laws with known answers, naive twins, invariances, a whole sweep."""

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import stats
from scipy.spatial.distance import cdist

import vaekit
from analysis.coverage import (
    METRICS,
    PRIORS,
    classifier_two_sample,
    cycle_error,
    fit_priors,
    fit_realism,
    hole_rate,
    knn_kl,
    matched_coverage,
    mmd,
    negative_knn_distance,
    paired_differences,
    prdc,
    run_coverage,
    sliced_wasserstein,
    sliced_wasserstein_to_normal,
    sweep_coverage,
    verdicts,
)
from analysis.coverage.discrepancy import KERNEL_SCALES
from analysis.coverage.realism import classifier_view
from analysis.coverage.registry import KEY, REALISM
from analysis.coverage.section import coverage_sections
from analysis.coverage.table import COLUMNS
from analysis.frames.sweep import Sweep
from analysis.presentation.view import View
from analysis.statistics.gaussians import frechet_distance, log_density
from analysis.summary.section import summary_sections
from tests.synthetic import write_sweep
from vae.config import RunConfig
from vae.data import DataConfig, prepare
from vae.errors import DataError
from vae.files.records import RunRecord
from vae.files.results import Folder
from vae.training import train_runs

Array = np.ndarray[Any, np.dtype[np.float64]]


def normal(n: int, latent: int, seed: int, mean: float = 0.0, scale: float = 1.0) -> Array:
    return mean + scale * np.random.default_rng(seed).standard_normal((n, latent))


# Two laws that are equal


@pytest.mark.parametrize("latent", [1, 2, 16])
def test_equal_laws_have_the_values_that_the_registry_names(latent: int) -> None:
    codes, draws, known = (normal(3000, latent, seed) for seed in range(3))
    found = prdc(draws, codes)
    assert found.density == pytest.approx(1, abs=0.06)
    assert found.coverage == pytest.approx(METRICS["prior_coverage"].matched, abs=0.01)
    assert abs(mmd(codes, draws).z) < 3
    assert knn_kl(codes, draws) == pytest.approx(0, abs=0.15)
    told_apart = classifier_two_sample(codes, draws)
    assert told_apart.accuracy == pytest.approx(0.5, abs=0.03)
    assert told_apart.auc == pytest.approx(0.5, abs=0.03)
    assert hole_rate(negative_knn_distance(codes, known), negative_knn_distance(draws, known)) == pytest.approx(
        0.01, abs=0.008
    )
    assert sliced_wasserstein_to_normal(codes, np.zeros(latent), np.eye(latent)) < 0.06
    assert sliced_wasserstein(codes, draws) < 0.09


def test_the_expected_coverage_of_equal_laws() -> None:
    assert matched_coverage(5) == 1 - 2**-5
    assert matched_coverage(5, 10_000, 10_000) == pytest.approx(1 - 2**-5, abs=1e-4)
    found = np.mean([prdc(normal(12, 2, 2 * s), normal(9, 2, 2 * s + 1), k=3).coverage for s in range(400)])
    assert found == pytest.approx(matched_coverage(3, 12, 9), abs=0.015)


def test_the_permutation_null_of_equal_laws_is_uniform() -> None:
    p_values = [mmd(normal(60, 3, 2 * s), normal(40, 3, 2 * s + 1), seed=s).p_value for s in range(150)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


# Two laws whose distance is known


def test_divergence_of_two_normal_laws() -> None:
    codes, draws = normal(5000, 3, 0, mean=0.5, scale=0.9), normal(5000, 3, 1)
    there = 3 * (0.5 * (0.9**2 + 0.5**2 - 1) - np.log(0.9))
    back = 3 * (0.5 * ((1 + 0.5**2) / 0.9**2 - 1) + np.log(0.9))
    assert knn_kl(codes, draws) == pytest.approx(there, abs=0.06)
    assert knn_kl(draws, codes, k=1) == pytest.approx(back, abs=0.1)  # a larger k is too coarse where codes are few


def test_mmd_of_two_normal_laws_against_its_expectation() -> None:
    codes, draws = normal(4000, 2, 0, mean=1.0), normal(4000, 2, 1)
    expected = 2 * draws.var(axis=0, ddof=1).sum()

    def kernel(shift: float) -> float:
        """E k of the difference of two points, N(shift, 2 I): r² is 2 times a noncentral chi-square."""
        squared = 2 * np.sum((normal(400_000, 2, 9) + shift / np.sqrt(2)) ** 2, axis=1)
        return float(sum(np.mean(c * expected / (c * expected + squared)) for c in KERNEL_SCALES))

    assert mmd(codes, draws).squared == pytest.approx(2 * kernel(0.0) - 2 * kernel(1.0), rel=0.05)


def test_sliced_wasserstein_of_a_shift_and_a_scale() -> None:
    shift = np.array([3.0, 0.0])
    codes = normal(4000, 2, 0)
    exact = 3 / np.sqrt(2)  # the mean over directions of (3 cos)² is 9 / 2
    assert sliced_wasserstein(codes + shift, codes) == pytest.approx(exact, rel=0.05)
    assert sliced_wasserstein_to_normal(codes + shift, np.zeros(2), np.eye(2)) == pytest.approx(exact, rel=0.05)
    assert sliced_wasserstein_to_normal(2.5 * codes, np.zeros(2), np.eye(2)) == pytest.approx(1.5, rel=0.03)
    assert sliced_wasserstein_to_normal(2.5 * codes + shift, shift, 6.25 * np.eye(2)) < 0.1


def test_sliced_wasserstein_against_a_sample_of_another_size() -> None:
    codes = np.sort(normal(300, 1, 0), axis=0)
    assert sliced_wasserstein(codes, np.repeat(codes, 3, axis=0)) < 0.05
    few = sliced_wasserstein(codes[:20], codes)
    levels = (np.arange(20) + 0.5) / 20
    naive = np.sqrt(np.mean((codes[:20, 0] - np.quantile(codes[:, 0], levels, method="hazen")) ** 2))
    assert few == pytest.approx(naive)


def test_frechet_distance_in_closed_form() -> None:
    a, b = np.diag([4.0, 1.0, 0.25]), np.diag([1.0, 9.0, 0.25])
    assert frechet_distance(np.zeros(3), a, np.array([1.0, 0, 2]), b) == pytest.approx(5 + 1 + 4)
    assert frechet_distance(np.ones(3), a, np.ones(3), a) == pytest.approx(0, abs=1e-9)
    turn = np.linalg.qr(normal(3, 3, 0))[0]
    assert frechet_distance(np.zeros(3), turn @ a @ turn.T, np.zeros(3), turn @ b @ turn.T) == pytest.approx(5)
    assert frechet_distance(np.zeros(1), np.array([[4.0]]), np.zeros(1), np.zeros((1, 1))) == pytest.approx(4)


def test_a_classifier_tells_shifted_laws_apart_as_well_as_can_be() -> None:
    codes = normal(4000, 3, 0)
    best = stats.norm.cdf(np.sqrt(2))
    assert classifier_two_sample(codes + np.array([2, 0, 0]), normal(4000, 3, 1)).auc == pytest.approx(best, abs=0.02)
    assert classifier_two_sample(3 * codes, normal(4000, 3, 1)).auc > 0.85
    assert classifier_two_sample(codes + 50, normal(4000, 3, 1)).accuracy == 1


def test_laws_that_do_not_meet() -> None:
    codes, draws = normal(200, 2, 0, mean=100.0), normal(200, 2, 1)
    assert prdc(draws, codes) == (0, 0, 0, 0)
    assert mmd(codes, draws).p_value == pytest.approx(1 / 201)
    assert hole_rate(negative_knn_distance(codes, codes), negative_knn_distance(draws, codes)) == 1


def test_prior_coverage_is_the_share_of_the_prior_that_codes_fill() -> None:
    rng = np.random.default_rng(0)
    draws, codes = rng.uniform(0, 1, (4000, 1)), rng.uniform(0, 0.3, (4000, 1))
    assert prdc(draws, codes).coverage == pytest.approx(0.3, abs=0.02)
    assert prdc(codes, draws).coverage > 0.7
    assert hole_rate(
        negative_knn_distance(codes[:2000], codes[2000:]), negative_knn_distance(draws, codes)
    ) == pytest.approx(0.7, abs=0.02)


# Naive twins


def naive_prdc(reference: Array, samples: Array, k: int) -> tuple[float, float, float, float]:
    across = cdist(reference, samples)
    radius, other = (np.sort(cdist(x, x), axis=1)[:, k] for x in (reference, samples))
    inside = across < radius[:, None]
    recalled = (across < other[None, :]).any(axis=1)
    return inside.any(axis=0).mean(), recalled.mean(), inside.sum(axis=0).mean() / k, inside.any(axis=1).mean()


@pytest.mark.parametrize(("n", "m", "k"), [(40, 40, 5), (30, 50, 1), (50, 7, 6), (9, 60, 3)])
def test_prdc_as_its_definition_says(n: int, m: int, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reference, samples = normal(n, 3, 0, mean=100.0), normal(m, 3, 1, mean=100.3)
    assert prdc(reference, samples, k) == pytest.approx(naive_prdc(reference, samples, k))
    monkeypatch.setattr("analysis.coverage.samples.BLOCK", 70)
    assert prdc(reference, samples, k) == pytest.approx(naive_prdc(reference, samples, k))


def test_mmd_and_its_permutations_as_the_definition_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.coverage.samples.BLOCK", 200)
    codes, draws = normal(30, 3, 0, mean=0.5), normal(20, 3, 1)
    expected = 2 * draws.var(axis=0, ddof=1).sum()
    pooled = np.vstack([codes, draws])
    squared = cdist(pooled, pooled) ** 2
    kernel = sum(c * expected / (c * expected + squared) for c in KERNEL_SCALES)

    def naive(first: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
        inside, outside = kernel[np.ix_(first, first)], kernel[np.ix_(~first, ~first)]
        n, m = len(inside), len(outside)
        within = (inside.sum() - np.trace(inside)) / (n * (n - 1)) + (outside.sum() - np.trace(outside)) / (m * (m - 1))
        return float(within - 2 * kernel[np.ix_(first, ~first)].mean())

    found, rng, first = mmd(codes, draws, permutations=9, seed=4), np.random.default_rng(4), np.arange(50) < 30
    null = [naive(rng.permutation(first)) for _ in range(9)]
    assert found.squared == pytest.approx(naive(first), abs=2e-6)
    np.testing.assert_allclose(found.null, null, atol=2e-6)
    assert found.z == pytest.approx((naive(first) - np.mean(null)) / np.std(null, ddof=1), rel=1e-3)


def test_the_mixture_of_posteriors_as_its_definition_says() -> None:
    means, log_variances, points = normal(40, 3, 0), normal(40, 3, 1), normal(25, 3, 2)
    parts = stats.norm.pdf(points[:, None], means, np.exp(0.5 * log_variances)).prod(axis=2)
    np.testing.assert_allclose(log_density(points, means, log_variances), np.log(parts.mean(axis=1)))


def test_a_mixture_of_posteriors_that_is_the_prior_has_no_holes() -> None:
    means = normal(4000, 2, 0, scale=np.sqrt(0.5))
    log_variances = np.full_like(means, np.log(0.5))
    held_out, drawn = (log_density(normal(4000, 2, s), means, log_variances) for s in (1, 2))
    assert hole_rate(held_out, drawn) == pytest.approx(0.01, abs=0.006)


def test_cycle_error() -> None:
    codes = normal(2000, 4, 0)
    assert cycle_error(codes, lambda x: x / 2, lambda z: 2 * z) == 0
    ignored = cycle_error(codes, lambda x: x, lambda z: z * [1, 1, 1, 0])
    assert ignored == pytest.approx(0.25, abs=0.02)


# Invariances


@pytest.mark.parametrize("change", ["order", "rotation", "shift", "scale"])
def test_what_changes_nothing(change: str) -> None:
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    codes, draws = normal(300, 4, 0, mean=0.3), normal(300, 4, 1)
    moves: dict[str, Callable[[Array], Array]] = {
        "order": rng.permutation,
        "rotation": lambda z: z @ turn,
        "shift": lambda z: z + 7,
        "scale": lambda z: 5 * z,
    }
    moved = (moves[change](codes), moves[change](draws))
    assert prdc(*moved) == pytest.approx(prdc(codes, draws))
    assert knn_kl(*moved) == pytest.approx(knn_kl(codes, draws))
    assert mmd(moved[0], moved[1]).squared == pytest.approx(mmd(codes, draws).squared, abs=1e-5)
    unit = 5 if change == "scale" else 1
    tolerance = 0.05 if change == "rotation" else 1e-9
    assert sliced_wasserstein(*moved) == pytest.approx(unit * sliced_wasserstein(codes, draws), rel=tolerance)


# Edges


@pytest.mark.parametrize("codes", [np.zeros((30, 3)), normal(30, 3, 0) * [1, 0, 0], normal(3, 3, 0)])
def test_collapsed_and_few_codes_have_priors_and_numbers(codes: Array) -> None:
    draws = normal(50, 3, 1)
    for prior in fit_priors(codes).values():
        drawn = prior.sample(50, np.random.default_rng(0))
        assert drawn.shape == (50, 3)
        assert np.isfinite(prior.log_density(drawn)).all()
        assert np.isfinite(sliced_wasserstein(codes, drawn))
        assert 0 <= prdc(drawn, codes).coverage <= 1
        assert np.isfinite(mmd(codes, drawn).squared)
    assert np.isfinite(knn_kl(draws, codes))
    assert 0 <= hole_rate(negative_knn_distance(codes, codes), negative_knn_distance(draws, codes)) <= 1


def test_codes_at_one_place_have_no_density() -> None:
    assert knn_kl(np.zeros((30, 1)), normal(50, 1, 1)) == np.inf


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((1, 2)), "at least 2 rows, got 1"),
        (np.zeros((5, 3)), "of one width, got .5, 3. and .9, 2."),
        (np.full((5, 2), np.nan), "must be finite"),
    ],
)
def test_what_is_no_sample(codes: Array, message: str) -> None:
    for measure in (prdc, mmd, knn_kl, sliced_wasserstein, classifier_two_sample, negative_knn_distance):
        with pytest.raises(DataError, match=message):
            measure(codes, normal(9, 2, 0))


def test_ten_thousand_codes_never_fill_the_memory() -> None:
    codes, draws = normal(10_000, 32, 0), normal(10_000, 32, 1)
    tracemalloc.start()
    prdc(draws, codes)
    mmd(codes, draws, permutations=50)
    log_density(draws[:1000], codes, np.zeros_like(codes))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6  # one matrix of 10,000 x 10,000 in float64 is 800e6


# Priors and realism


def test_priors_fit_their_codes() -> None:
    rng = np.random.default_rng(0)
    codes = np.concatenate([rng.normal([6, 0], 0.3, (500, 2)), rng.normal([-6, 0], 0.3, (500, 2))])
    priors = fit_priors(codes)
    assert tuple(priors) == PRIORS
    for name in ("moments", "mixture"):
        np.testing.assert_allclose(priors[name].mean, codes.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(priors[name].covariance, np.cov(codes.T), rtol=0.01, atol=0.01)
        drawn = priors[name].sample(20_000, rng)
        np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), rtol=0.05, atol=0.05)
    between = np.zeros((1, 2))
    assert priors["mixture"].log_density(between) < priors["moments"].log_density(between) - 20
    law = stats.multivariate_normal(codes.mean(axis=0), np.cov(codes.T))
    np.testing.assert_allclose(priors["moments"].log_density(codes[:9]), law.logpdf(codes[:9]), rtol=1e-4)


def test_how_a_classifier_sees_images() -> None:
    sure, unsure = np.eye(4)[[0, 1, 2, 3]], np.full((4, 4), 0.25)
    assert classifier_view(sure, np.full(4, 0.25)) == {"confidence": 1, "entropy_nats": 0, "class_balance_nats": 0}
    seen = classifier_view(unsure, np.full(4, 0.25))
    assert seen["entropy_nats"] == pytest.approx(np.log(4))
    assert seen["class_balance_nats"] == pytest.approx(np.log(4))  # ties go to one class


def test_realism_of_data_copies_and_noise() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    images = (np.eye(3).repeat(4, axis=1)[labels] + 0.1 * rng.standard_normal((600, 12))).reshape(-1, 3, 4)
    realism = fit_realism(images[:400], images[400:], labels[:400])
    data, copies, noise = (realism.measure(x) for x in (images[400:], images[:400], rng.random((200, 3, 4))))
    assert tuple(data) == REALISM
    assert data["nearest_neighbour_ratio"] == 1
    assert copies["nearest_neighbour_ratio"] < 0.01
    assert noise["nearest_neighbour_ratio"] > 2
    assert data["confidence"] > 0.95
    assert noise["entropy_nats"] > data["entropy_nats"]
    unlabelled = fit_realism(images[:400], images[400:], None)
    assert unlabelled.measure(images[400:]) == {"nearest_neighbour_ratio": 1}


# A sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """VAEs and autoencoders of two sizes and two seeds on a few hundred digits."""
    data = DataConfig(source="digits", limit=400)
    points: list[dict[str, Any]] = [{"latent_dim": latent, "beta": 1.0, "hidden_dim": 32} for latent in (1, 4)]
    folder = Folder(tmp_path_factory.mktemp("twins") / "twins")
    names = [(point, model, seed) for point in points for model in ("vae", "ae") for seed in (0, 1)]
    configs = [RunConfig(data=data, model=model, seed=seed, epochs=15, **point) for point, model, seed in names]
    trained = train_runs(configs, prepare(data))
    records = []
    for run, ((point, model, seed), result) in enumerate(zip(names, trained, strict=True)):
        kept = {name: getattr(result, name) for name in ("history", "totals", "dims", "weights", "seconds")}
        trial, state = points.index(point), "COMPLETE"
        records.append(RunRecord(run=run, trial=trial, seed=seed, model=model, state=state, parameters=point, **kept))
    write_sweep(folder.path, trials=2, seeds=2, limit=400, points=points)
    for path in folder.stacks.glob("*"):
        path.unlink()
    folder.write_stack(records)
    return vaekit.open(folder.path)


def test_a_run_has_every_measure_under_every_prior(sweep: Sweep) -> None:
    for run, model in ((0, "vae"), (2, "ae")):
        table = run_coverage(sweep.run(run))
        assert list(table) == ["latent_dim", "beta", "hidden_dim", *COLUMNS]
        assert table["prior"].unique().tolist() == list(PRIORS)
        expected = [name for name in METRICS if model == "vae" or name != "hole_rate_mixture"]
        assert table.loc[table["prior"] == "raw", "metric"].tolist() == expected
        assert np.isfinite(table[["value", "floor"]]).all(axis=None)
        assert (table["model"] == model).all()
        assert_frame_equal(table, run_coverage(sweep.run(run)))


def test_coverage_is_kept_and_only_what_is_missing_is_computed(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sweep.folder.analysis / "coverage.csv"
    path.unlink(missing_ok=True)
    one = sweep_coverage(sweep, runs=[4], jobs=1)
    assert set(one["run"]) == {4}
    both = sweep_coverage(sweep, jobs=2)
    assert set(both["run"]) == set(range(8))
    assert_frame_equal(both[both["run"] == 4].reset_index(drop=True), one)
    assert both.equals(both.sort_values(both.columns.tolist(), ignore_index=True))
    monkeypatch.setattr("analysis.coverage.sweep.run_coverage", lambda *_: pytest.fail("computed again"))
    assert_frame_equal(sweep_coverage(sweep), both)
    monkeypatch.undo()
    whole = path.read_bytes()
    path.unlink()
    alone = sweep_coverage(sweep, runs=[7], jobs=1)
    assert_frame_equal(alone, both[both["run"] == 7].reset_index(drop=True))
    path.write_bytes(whole)


def test_differences_of_twins() -> None:
    rows = [
        {
            "latent_dim": 2,
            "hidden_dim": 8,
            "seed": seed,
            "model": model,
            "prior": prior,
            "metric": "hole_rate",
            "value": v,
        }
        for seed, vae, ae in ((0, 0.1, 0.4), (1, 0.2, 0.6), (2, 0.3, 0.8))
        for model, prior, v in (("vae", "raw", vae), ("vae", "mixture", vae - 0.1), ("ae", "mixture", ae))
    ]
    table = paired_differences(pd.DataFrame(rows))
    assert table[["prior", "metric", "n"]].to_numpy().tolist() == [["mixture", "hole_rate", 3]]
    row = table.iloc[0]
    assert (row["vae"], row["ae"], row["difference"]) == pytest.approx((0.2, 0.6, -0.4))
    assert row["difference_half_width"] == pytest.approx(stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3))
    assert verdicts(table, "lower").tolist() == ["vae"]
    assert verdicts(table, "higher").tolist() == ["ae"]
    assert verdicts(table.assign(difference_half_width=0.5), "lower").tolist() == ["neither"]
    assert paired_differences(pd.DataFrame(rows), vae_prior=None)["difference"].tolist() == pytest.approx([-0.5])


def test_the_report_compares_twins(sweep: Sweep) -> None:
    sections = {section.slug: section for section in coverage_sections(View(sweep))}
    assert list(sections) == ["coverage", "coverage_differences", "latent_map", "realism", "decoded_draws"]
    assert all(section.figure is not None for slug, section in sections.items() if slug != "coverage_differences")
    assert list(sections["coverage"].table) == ["latent_dim", "beta", "hidden_dim", *COLUMNS]
    assert len(sections["coverage"].preview) == 2 * len(KEY)
    assert "the VAE is better in" in sections["coverage"].sentence
    assert set(sections["realism"].table["metric"]) == set(REALISM)
    assert set(sections["latent_map"].table["kind"]) == {"code", "draw"}
    row = sections["coverage"].preview.query("latent_dim == 4 and metric == 'hole_rate'").iloc[0]
    table = sections["coverage"].table
    chosen = (table["latent_dim"] == 4) & (table["metric"] == "hole_rate") & (table["model"] == "ae")
    assert row["ae_raw"] == pytest.approx(table.loc[chosen & (table["prior"] == "raw"), "value"].mean())


def test_the_summary_of_a_comparison_says_which_covers_better(sweep: Sweep) -> None:
    said = summary_sections(View(sweep))[0].sentence
    assert "Mode explore" not in said
    assert re.search(r"(better|apart) at latent dimensions \d \(−?\d\.\d\d ± \d\.\d\d\)", said)
    assert "Runs were still improving: more training may change this." in said
    differences = paired_differences(sweep_coverage(sweep))
    chosen = differences[differences["metric"] == "prior_coverage"]
    for difference in chosen["difference"]:
        assert f"({difference:.2f} ±".replace("-", "−") in said


def test_the_differences_of_twins_stand_prior_by_prior(sweep: Sweep) -> None:
    section = next(part for part in coverage_sections(View(sweep)) if part.slug == "coverage_differences")
    row = section.preview.query("latent_dim == 4 and metric == 'code_coverage'").iloc[0]
    values = sweep_coverage(sweep).query("latent_dim == 4 and metric == 'code_coverage'")
    means = values.groupby(["model", "prior"])["value"].mean()
    for prior in ("raw", "moments", "mixture"):
        assert row[f"minus_ae_{prior}"] == pytest.approx(means["vae", "raw"] - means["ae", prior])
    assert section.preview["metric"].tolist()[: len(KEY)] == list(KEY)
    assert len(section.table) == len(section.table.drop_duplicates(["latent_dim", "hidden_dim", "prior", "metric"]))


def test_a_sweep_without_twins_says_what_to_do(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "vaes", trials=2)
    (section,) = coverage_sections(View(vaekit.open(folder.path)))
    assert "vaekit compare NAME" in section.sentence
    assert section.figure is None
    assert not (folder.analysis / "coverage.csv").exists()


def test_an_autoencoder_does_not_cover_a_prior_that_it_never_saw(sweep: Sweep) -> None:
    values = sweep_coverage(sweep).groupby(["model", "prior", "metric"])["value"].mean()
    assert values["ae", "raw", "hole_rate"] > values["ae", "mixture", "hole_rate"]
    assert values["vae", "raw", "hole_rate"] < 0.1
    assert values["vae", "raw", "sliced_wasserstein"] < values["ae", "raw", "sliced_wasserstein"]
