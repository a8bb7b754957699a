"""Every random number of a run, as a function of its seed, a stream and a place: nothing has a hidden state."""

import numpy as np
import torch

INITIALISATION, NOISE, VALIDATION, TEST, ORDER, BINARISATION, SCORED = range(7)
SHARED_SEED = 0
"""Seed of what all runs share: minibatches' order, the binarisation of training images, the images scored."""


def torch_generator(seed: int, stream: int, place: int = 0) -> torch.Generator:
    """Return a generator for one stream of a run's seed, at one place (an epoch) in it."""
    state = np.random.SeedSequence((seed, stream, place)).generate_state(1)
    return torch.Generator().manual_seed(int(state[0]))


def shared_generator(stream: int, place: int) -> np.random.Generator:
    """Return a generator of what every run sees alike, at one place (an epoch) of a stream."""
    return np.random.default_rng((SHARED_SEED, stream, place))
