"""When training ends itself: the rule on curves with known answers, and runs of one stack that end apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from vae.config import RunConfig
from vae.convergence import (
    LEAST_EPOCHS,
    MOST_STEPS,
    NOTICEABLE_NATS,
    PATIENCE_STEPS,
    has_converged,
    most_epochs,
    patience_epochs,
    recent_fall_nats,
    still_improves,
    trained_loss,
)
from vae.data import DataConfig, open_data, prepare
from vae.errors import ConfigError
from vae.minibatches import steps_an_epoch
from vae.training import train_runs


def decay(epochs: int, scale: float = 20.0, time: float = 10.0) -> np.ndarray:
    return 30.0 + scale * np.exp(-np.arange(epochs) / time)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.2])
@pytest.mark.parametrize("epochs", [10, 25, 80])
def test_the_fall_of_a_line_is_its_slope_over_the_patience(slope: float, epochs: int) -> None:
    losses = 5.0 - slope * np.arange(epochs, dtype=np.float64)
    assert recent_fall_nats(losses, 20) == pytest.approx(19 * slope, abs=1e-12)


def test_nobody_can_tell_of_a_few_epochs() -> None:
    losses = decay(2 * LEAST_EPOCHS - 1)
    assert np.isnan(recent_fall_nats(losses, 20))
    assert still_improves(losses, 20)
    assert not has_converged(losses, 20)


def test_a_decaying_loss_converges_once_the_patience_falls_by_less_than_is_noticeable() -> None:
    ended = next(epoch for epoch in range(1, 500) if has_converged(decay(epoch), 20))
    lost = decay(ended)[-1] - 30.0
    assert 40 < ended < 90
    assert lost < NOTICEABLE_NATS
    assert still_improves(decay(ended - 10), 20)


def test_what_counts_grows_with_what_was_gained() -> None:
    losses = np.concatenate([[1000.0], 30.0 - 0.1 * np.arange(40)])
    assert not still_improves(losses, 20)
    assert still_improves(losses[1:], 20)


def test_a_loss_that_is_not_finite_ends_at_once() -> None:
    losses = decay(3)
    losses[-1] = np.nan
    assert has_converged(losses, 20)


@given(st.integers(1, 5000))
def test_patience_is_in_steps_and_never_less_than_a_few_epochs(steps: int) -> None:
    assert patience_epochs(steps) >= LEAST_EPOCHS
    assert patience_epochs(steps) * steps >= PATIENCE_STEPS
    assert most_epochs(steps) * steps >= MOST_STEPS
    assert most_epochs(steps) >= 2 * LEAST_EPOCHS


def test_an_autoencoder_minimises_its_distortion_alone() -> None:
    rates, distortions = np.array([np.nan, np.nan]), np.array([3.0, 2.0])
    assert_array_equal(trained_loss("beta_vae", "ae", 4.0, 25.0, rates, distortions), distortions)
    assert_array_equal(trained_loss("beta_vae", "vae", 4.0, 25.0, np.array([1.0, 2.0]), distortions), [7.0, 10.0])


def test_a_schedule_needs_a_length() -> None:
    with pytest.raises(ConfigError, match="beta_schedule linear:0.5 needs a number of epochs, got epochs auto"):
        RunConfig(epochs="auto", beta_schedule="linear:0.5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(DataConfig(limit=500), tmp_path_factory.mktemp("cache"))


@pytest.mark.slow
def test_runs_of_a_stack_end_at_their_own_epochs_with_the_bits_that_each_has_alone(folder: Path) -> None:
    base = RunConfig(latent_dim=3, hidden_dim=32, epochs="auto", batch_size=64, learning_rate=3e-3)
    configs = [base, replace(base, beta=16.0, seed=1), replace(base, beta=0.1, seed=2), replace(base, model="ae")]
    together = train_runs(configs, folder)
    epochs = [len(run.history["seconds"]) for run in together]
    patience = patience_epochs(steps_an_epoch(open_data(folder), 64))
    assert len(set(epochs)) > 1
    assert min(epochs) >= patience
    for config, run in zip(configs, together, strict=True):
        (alone,) = train_runs([config], folder)
        for name, tensor in alone.weights.items():
            assert_array_equal(run.weights[name], tensor)
        nats = (run.history[f"validation_{name}_nats"] for name in ("rate", "distortion"))
        losses = trained_loss(config.loss, config.model, config.beta, config.capacity, *nats)
        assert has_converged(losses, patience)
        assert not has_converged(losses[:-1], patience)
        assert run.totals["distortion_nats"] == alone.totals["distortion_nats"]
