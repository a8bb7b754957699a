"""Stacks in tests: trained, compared to the bit, and their naive twins."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vae.config import RunConfig
from vae.data import Data
from vae.losses import distortion, rate
from vae.model import VAE
from vae.stack.state import RunState, own_parameters
from vae.training import EpochRecord, make_stack, train


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


def plain_module(config: RunConfig, shape: tuple[int, ...], state: RunState) -> VAE:
    """The plain module of a run: the stack's naive twin."""
    module = VAE(config, shape)
    module.load_state_dict(own_parameters(config, shape, state))
    return module


def plain_loss(module: VAE, x: Tensor, noise: Tensor, beta: float) -> Tensor:
    """The loss of one minibatch with the noise given, for autograd."""
    mu, logvar = module.encode(x)
    z = mu if module.model == "ae" else mu + noise * torch.exp(0.5 * logvar)
    nats = distortion(x, module.decode(z), module.likelihood, getattr(module, "log_sigma", 0.0)).sum()
    return nats if module.model == "ae" else nats + beta * rate(mu, logvar).sum()


def fit_sigma(module: VAE, x: Tensor, noise: Tensor, step: int, batch_size: int = 128) -> None:
    """Sigma's running mean in plain words: of the minibatches so far, then the newest counts a twentieth."""
    with torch.no_grad():
        mu, logvar = module.encode(x)
        z = mu if module.model == "ae" else mu + noise * torch.exp(0.5 * logvar)
        weight = max(0.05, 1 / (step + 1)) * (len(x) / batch_size if step else 1)
        before = module.log_sigma.exp() ** 2
        module.log_sigma.copy_((weight * (x - module.decode(z)).square().mean() + (1 - weight) * before).sqrt().log())
