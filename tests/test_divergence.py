"""Sigma in closed form, and runs that end worse than knowing nothing, on data whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from vae.config import RunConfig
from vae.convergence import patience_epochs
from vae.data import DataConfig, open_data, prepare
from vae.divergence import reason_of_divergence
from vae.training import make_stack, train, train_runs
from vae.zero_rate import zero_rate_distortion_nats, zero_rate_of_training_nats


def history(*distortions: float) -> dict[str, np.ndarray]:
    return {"train_distortion_nats": np.array(distortions)}


@pytest.mark.parametrize(
    ("distortions", "diverged"),
    [
        ([40.0] * 20, True),  # it stands above D0
        ([20.0, *np.linspace(20, 60, 19)], True),  # it exploded
        ([28.0] * 20, False),  # collapsed, within the margin
        ([12.0] * 20, False),
        (list(np.linspace(60, 40, 20)), False),  # only too short: it still falls
        ([44.0], False),
        ([44.0, 41.0], False),
        ([44.0, 44.5], False),
    ],
)
def test_diverged_is_above_knowing_nothing_and_not_on_its_way_down(distortions: list[float], diverged: bool) -> None:
    reason = reason_of_divergence(history(*distortions), 27.0, patience=10)
    assert bool(reason) == diverged
    if diverged:
        assert f"{distortions[-1] - 27.0:.3g} above that of a decoder that ignores z" in reason
        assert reason.endswith("or lower the learning rate")


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_nothing_is_said_where_d0_is_not_known(unknown: float) -> None:
    assert reason_of_divergence(history(*[40.0] * 20), unknown, patience=10) == ""


@pytest.fixture(scope="module")
def small_deviation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Colour images whose pixels are one factor's pattern and noise: of all variance, deviation 0.075."""
    rng = np.random.default_rng(0)
    pattern, factor = rng.standard_normal((1, 768)) * 0.05, rng.standard_normal((1500, 1))
    images = np.clip(0.5 + factor * pattern + 0.055 * rng.standard_normal((1500, 768)), 0, 1)
    folder = tmp_path_factory.mktemp("small")
    np.savez(folder / "small.npz", images=images.reshape(-1, 16, 16, 3).astype(np.float32))
    return prepare(DataConfig(source=str(folder / "small.npz")), folder / "cache")


def test_a_learned_sigma_arrives_within_a_few_hundred_steps(small_deviation: Path) -> None:
    """Seen: after 390 steps of Adam on its logarithm it stood at 0.68 where the noise was 0.05."""
    data = open_data(small_deviation)
    stack = make_stack([RunConfig(likelihood="gaussian", latent_dim=2, hidden_dim=64, epochs=39)], data)
    *_, last = train(stack, data, 39)
    assert stack.sigmas()[0] == pytest.approx(0.055, rel=0.05)
    train_pixels, validation = (data.pixels(data.split(split)) for split in ("train", "validation"))
    zero = zero_rate_distortion_nats(train_pixels, validation, "gaussian")
    assert last.values["validation_distortion_nats"][0] < zero - 100


def test_sigma_of_a_run_that_ended_is_measured(small_deviation: Path) -> None:
    config = RunConfig(likelihood="gaussian", latent_dim=2, hidden_dim=32, epochs=2)
    (run,) = train_runs([config], small_deviation)
    assert run.totals["sigma"] == pytest.approx(float(np.exp(run.weights["log_sigma"])))
    (given,) = train_runs(
        [RunConfig(likelihood="gaussian", sigma=0.3, latent_dim=2, hidden_dim=32, epochs=1)], small_deviation
    )
    assert given.totals["sigma"] == pytest.approx(0.3)


@pytest.mark.slow
def test_values_far_from_unit_scale_diverge_and_are_never_best(tmp_path: Path) -> None:
    """Seen: best elbo -1706817 and the advice to lower beta, on values near 290."""
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "far.npz", images=290 + rng.standard_normal((600, 8, 8)))
    folder = prepare(DataConfig(source=str(tmp_path / "far.npz")), tmp_path / "cache")
    zero_rate = zero_rate_of_training_nats(open_data(folder), "gaussian", "learned")
    assert zero_rate == pytest.approx(64 * 0.5 * (np.log(2 * np.pi) + 1), rel=0.01)
    config = RunConfig(likelihood="gaussian", latent_dim=2, hidden_dim=16, epochs="auto", learning_rate=1e-4)
    (run,) = train_runs([config], folder, zero_rate_nats=zero_rate)
    assert run.error.startswith("diverged: ")
    assert not run.weights


def test_a_collapsed_run_is_none_that_diverged(tmp_path: Path) -> None:
    folder = prepare(DataConfig(limit=400), tmp_path)
    zero_rate = zero_rate_of_training_nats(open_data(folder), "bernoulli", "learned")
    config = RunConfig(beta=64.0, latent_dim=2, hidden_dim=16, epochs="auto", batch_size=32, learning_rate=5e-3)
    (run,) = train_runs([config], folder, zero_rate_nats=zero_rate)
    assert not run.error
    assert run.totals["rate_nats"] < 0.1
    assert len(run.history["seconds"]) >= patience_epochs(10)
