"""The stack's promises, in fp32 and to the bit."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from vae.config import RunConfig
from vae.data import Data, DataConfig, load_data
from vae.minibatches import noise_minibatches, steps_an_epoch, training_minibatches
from vae.model import VAE, build
from vae.padding import RunState, unpad
from vae.randomness import NOISE
from vae.stack import Stack
from vae.training import EpochRecord, train

STEPS = 2_400


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data(DataConfig())


def make_stack(configs: Sequence[RunConfig], data: Data, states: Sequence[RunState] | None = None) -> Stack:
    return Stack(configs, data.n_pixels, steps_an_epoch(data, configs[0].batch_size), states)


def train_to(
    configs: Sequence[RunConfig], data: Data, epoch: int, states: Sequence[RunState] | None = None
) -> tuple[list[RunState], list[EpochRecord]]:
    stack = make_stack(configs, data, states)
    records = list(train(stack, data, epoch))
    return stack.states(), records


def assert_same_bits(one: RunState, other: RunState) -> None:
    assert one.epoch == other.epoch
    for part in ("parameters", "first_moment", "second_moment"):
        mine, theirs = getattr(one, part), getattr(other, part)
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert torch.equal(mine[name], theirs[name]), (part, name)


def assert_same_history(one: list[EpochRecord], run: int, other: list[EpochRecord], other_run: int) -> None:
    for mine, theirs in zip(one, other, strict=True):
        for name in mine.values.keys() - {"seconds"}:
            np.testing.assert_array_equal(mine.values[name][run], theirs.values[name][other_run], name)


def config(latent_dim: int, hidden_dim: int, epochs: int, seed: int = 0) -> RunConfig:
    beta = 0.25 * (1 + seed % 7)
    return RunConfig(latent_dim=latent_dim, hidden_dim=hidden_dim, epochs=epochs, beta=beta, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("hidden_dim", [64, 100])
def test_a_run_has_the_same_bits_in_any_stack(digits: Data, hidden_dim: int) -> None:
    epochs = STEPS // steps_an_epoch(digits, 128)
    targets = [config(latent, hidden_dim, epochs, seed=100 + latent) for latent in (1, 2, 8, 31)]
    alone = [train_to([target], digits, epochs) for target in targets]
    filler = [config(1 + k % 32, hidden_dim, epochs, seed=k) for k in range(29)]
    one, two, eight, thirty_one = targets
    stacks = (
        [one, thirty_one],
        [eight, two],
        [one, *filler[:14], thirty_one],
        [eight, *filler[:14], two],
        [thirty_one, *filler, one],
        [two, *filler, eight],
    )
    for configs in stacks:
        states, records = train_to(configs, digits, epochs)
        for place in (0, -1):
            which = targets.index(configs[place])
            assert_same_bits(states[place], alone[which][0][0])
            assert_same_history(records, place, alone[which][1], 0)


@pytest.mark.parametrize("size", [1, 2, 16, 31])
@pytest.mark.parametrize(
    ("likelihood", "beta_schedule"),
    [("bernoulli", "linear:0.5"), ("continuous_bernoulli", "cyclic:2"), ("gaussian", "constant")],
)
def test_same_bits_for_every_likelihood_and_odd_sizes(
    digits: Data, size: int, likelihood: str, beta_schedule: str
) -> None:
    odd = replace(digits, images=np.ascontiguousarray(digits.images[:, :7, :5]))
    base = RunConfig(
        latent_dim=3, hidden_dim=20, epochs=2, likelihood=likelihood, beta_schedule=beta_schedule, batch_size=37
    )
    configs = [replace(base, seed=k, beta=0.5 + k, learning_rate=1e-3 * (1 + k % 2)) for k in range(size)]
    together, records = train_to(configs, odd, 2)
    for place in {0, size - 1}:
        alone, alone_records = train_to([configs[place]], odd, 2)
        assert_same_bits(together[place], alone[0])
        assert_same_history(records, place, alone_records, 0)
