"""Minibatches of images, shared by every run of a stack, and the noise that each run draws for itself."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from vae.config import RunConfig
from vae.data import Data
from vae.device import to_device
from vae.networks.padding import latent_width, pixel_width
from vae.randomness import BINARISATION, ORDER, shared_generator, torch_generator

NOISE_BLOCK = 8
"""Minibatches whose noise is drawn at once: enough to hide the calls, few enough to stay in cache."""
PIXELS_BLOCK = 2**17
"""Values of images that are gathered at once, where a minibatch has fewer: for the same reasons."""


def steps_an_epoch(data: Data, batch_size: int) -> int:
    """Minibatches in an epoch, the last, smaller one included."""
    return -(-len(data.train) // batch_size)


def training_minibatches(data: Data, epoch: int, batch_size: int, done: int = 0) -> Iterator[Tensor]:
    """Yield an epoch's training images (1, sample, pixel) in the order that all runs share, after so many minibatches.

    What is drawn anew in each epoch is drawn for those, too.
    """
    order = data.train[shared_generator(ORDER, epoch).permutation(len(data.train))]
    if data.resample:
        draws = shared_generator(BINARISATION, epoch)
        yield from islice(_minibatches(data, order, batch_size, draws), done, None)
    else:
        yield from _minibatches(data, order[done * batch_size :], batch_size, None)


def minibatches_of(data: Data, images: np.ndarray, batch_size: int) -> Iterator[Tensor]:
    """Yield the images at some indices (1, sample, pixel) in their order, as they stand."""
    yield from _minibatches(data, images, batch_size, None)


def _minibatches(
    data: Data, indices: np.ndarray, batch_size: int, draws: np.random.Generator | None
) -> Iterator[Tensor]:
    width = pixel_width(data.n_pixels).padded
    block = batch_size * max(1, PIXELS_BLOCK // (batch_size * width))
    for start in range(0, len(indices), block):
        x = data.pixels(indices[start : start + block], width)
        if draws is not None:
            own = x[:, : data.n_pixels]
            own[...] = draws.random(own.shape, dtype=np.float32) < own
        yield from torch.from_numpy(x).unsqueeze(0).split(batch_size, dim=1)


def noise_minibatches(
    configs: Sequence[RunConfig], stream: int, epoch: int, samples: int, device: torch.device
) -> Iterator[Tensor]:
    """Yield noise (run, sample, latent) for an epoch's minibatches: standard normal, zero where padded and for an AE.

    Each run draws at its own shape from its own seed, so its noise does not depend on its neighbours.
    """
    batch_size = configs[0].batch_size
    latent = latent_width(max(config.latent_dim for config in configs)).padded
    generators = [torch_generator(config.seed, stream, epoch) for config in configs]
    scratch = torch.empty(min(samples, NOISE_BLOCK * batch_size) * latent)
    for start in range(0, samples, NOISE_BLOCK * batch_size):
        rows = min(NOISE_BLOCK * batch_size, samples - start)
        block = torch.zeros(len(configs), rows, latent)
        for own, config, generator in zip(block, configs, generators, strict=True):
            if config.model == "vae":
                drawn = scratch[: rows * config.latent_dim].view(rows, config.latent_dim)
                own[:, : config.latent_dim] = torch.randn(drawn.shape, generator=generator, out=drawn)
        yield from to_device(block, device).split(batch_size, dim=1)
