"""Every random number of a run, as a function of its seed, a stream and a place: nothing has a hidden state."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

INITIALISATION, NOISE, VALIDATION, TEST, ORDER, BINARISATION, SCORED = range(7)
MODULE, MODULE_EVALUATED, DISCRIMINATOR, PERMUTATION = range(7, 11)
SHARED_SEED = 0
"""Seed of what all runs share: minibatches' order, the binarisation of training images, the images scored."""


def torch_generator(seed: int, stream: int, place: int = 0) -> torch.Generator:
    """Return a generator for one stream of a run's seed, at one place (an epoch) in it."""
    return torch.Generator().manual_seed(_state(seed, stream, place))


@contextmanager
def torch_draws(seed: int, stream: int, place: int = 0, device: torch.device | None = None) -> Iterator[None]:
    """Give code that draws from torch's own generators one stream's numbers; after it they are as they were."""
    is_cuda = device is not None and device.type == "cuda"
    devices = [torch.cuda.current_device()] if is_cuda else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(_state(seed, stream, place))
        if is_cuda:
            torch.cuda.manual_seed(_state(seed, stream, place))
        yield


def _state(seed: int, stream: int, place: int) -> int:
    return int(np.random.SeedSequence((seed, stream, place)).generate_state(1)[0])


def shared_generator(stream: int, place: int) -> np.random.Generator:
    """Return a generator of what every run sees alike, at one place (an epoch) of a stream."""
    return np.random.default_rng((SHARED_SEED, stream, place))
