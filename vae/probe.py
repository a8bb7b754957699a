"""A processor's core, measured: short training in small stacks, by the time that the core gives it."""

import time

import numpy as np

from vae.config import RunConfig
from vae.data import Data
from vae.minibatches import steps_an_epoch
from vae.stack.machine import MOST_RUNS, Timing
from vae.training import make_stack, train

SHAPE, LARGE_SHAPE = (8, 8), (28, 28)
TRAIN, HELD_OUT = {SHAPE: 1397, LARGE_SHAPE: 768}, {SHAPE: 200, LARGE_SHAPE: 110}
"""Images, of small ones as many as digits have: what an epoch costs beside its steps is part of theirs."""
SIZES = {
    (SHAPE, 16): (1, 8),
    (SHAPE, 32): (1, 4),
    (SHAPE, 128): (1, 2, 4, 8, 16, MOST_RUNS),
    (SHAPE, 256): (1,),
    (LARGE_SHAPE, 128): (1, 4),
}
"""Runs in the stacks that are timed, by shape of an image and hidden dimension."""
LATENT_DIM = 16
FEWEST_TURNS = 3
LEAST_SHARE = 0.9
"""Of a core: where others have more of it, what they leave in its caches is measured instead."""
LOW_PERCENT = 10
"""Of a stack's epochs: what others on the machine cost is in the slower ones."""
FINE_SECONDS = 1e-5


def time_steps(precision: str, seconds: float, least_share: float = LEAST_SHARE) -> list[Timing]:
    """Time an epoch of each stack in turns for so long, in one thread: RuntimeError where others have its core.

    Time is what the core gave this thread, where the system counts that finely.
    """
    clock = time.thread_time if time.get_clock_info("thread_time").resolution < FINE_SECONDS else time.perf_counter
    data = {shape: _noise(shape) for shape in TRAIN}
    kinds = [
        (RunConfig(latent_dim=LATENT_DIM, hidden_dim=hidden_dim, precision=precision), shape, runs)
        for (shape, hidden_dim), sizes in SIZES.items()
        for runs in sizes
    ]
    trainings = [
        train(make_stack([config] * runs, data[shape]), data[shape], until_epoch=2**31) for config, shape, runs in kinds
    ]
    turns, share = list[list[float]](), 1.0
    begun, begun_at = clock(), time.perf_counter()
    while len(turns) < FEWEST_TURNS or time.perf_counter() - begun_at < seconds:
        ends = [clock()]
        for training in trainings:
            next(training)
            ends.append(clock())
        turns.append(list(np.diff(ends)))
        share = (ends[-1] - begun) / (time.perf_counter() - begun_at)
        if len(turns) >= FEWEST_TURNS and share < least_share:
            raise RuntimeError(f"others left it {share:.0%} of a core")
    epochs = np.percentile(turns, LOW_PERCENT, axis=0)
    return [
        Timing(config, shape, runs, float(of_stack) / steps_an_epoch(data[shape], config.batch_size))
        for (config, shape, runs), of_stack in zip(kinds, epochs, strict=True)
    ]


def _noise(shape: tuple[int, int]) -> Data:
    """Images of noise: what is timed does not depend on them."""
    bounds = np.cumsum([0, TRAIN[shape], HELD_OUT[shape], HELD_OUT[shape]])
    train, validation, test = (np.arange(*bounds[split : split + 2]) for split in range(3))
    pixels = np.random.default_rng(0).integers(0, 256, (bounds[-1], *shape), dtype=np.uint8)
    return Data(
        name="noise", images=pixels, scale=1 / 255, factors=None, factor_names=(), train=train, validation=validation,
        test=test, low=0.0, high=1.0, resample=False, content_hash="",
    )  # fmt: skip
