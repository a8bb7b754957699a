"""A processor's core, measured: training steps of small stacks, by the time that the core gives them."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch

from vae.config import RunConfig
from vae.networks.padding import latent_width, pixel_width
from vae.stack.machine import MOST_RUNS, Timing
from vae.stack.stack import Stack

SHAPE = (8, 8)
SIZES = {16: (1, 8), 32: (1, 4), 128: (1, 2, 4, 6, 8, 12, 16, MOST_RUNS), 256: (1,)}
"""Runs in the stacks that are timed, by hidden dimension."""
LATENT_DIM = 16
STEPS = 4
"""Of a stack in its turn, the first of which finds it in no cache."""
FEWEST_TURNS = 5
LEAST_SHARE = 0.9
"""Of a core: where others have more of it, what they leave in its caches is measured instead."""
LOW_PERCENT = 10
"""Of a stack's steps: what others on the machine cost is in the slower ones."""
FINE_SECONDS = 1e-5


def time_steps(precision: str, seconds: float, least_share: float = LEAST_SHARE) -> list[Timing]:
    """Time stacks in turns for so long, in one thread: RuntimeError where others have too much of its core.

    Time is what the core gave this thread, where the system counts that finely.
    """
    torch.set_num_threads(1)
    clock = time.thread_time if time.get_clock_info("thread_time").resolution < FINE_SECONDS else time.perf_counter
    stacks = list(_stacks(precision))
    found: list[list[float]] = [[] for _ in stacks]
    turns, begun, begun_at = 0, clock(), time.perf_counter()
    while turns < FEWEST_TURNS or time.perf_counter() - begun_at < seconds:
        for stack, of_stack in zip(stacks, found, strict=True):
            of_stack += _turn(stack, clock)
        turns += 1
        share = (clock() - begun) / (time.perf_counter() - begun_at)
        if turns >= FEWEST_TURNS and share < least_share:
            raise RuntimeError(f"others left it {share:.0%} of a core")
    return [
        Timing(stack.configs[0], SHAPE, len(stack), float(np.percentile(of_stack, LOW_PERCENT)))
        for stack, of_stack in zip(stacks, found, strict=True)
    ]


def _turn(stack: Stack, clock: Callable[[], float]) -> list[float]:
    """Take STEPS, and return the seconds of all but the first."""
    x = torch.rand(1, stack.configs[0].batch_size, pixel_width(stack.pixels).padded)
    noise = torch.randn(len(stack), x.shape[1], latent_width(LATENT_DIM).padded)
    ends = [clock() for _ in range(STEPS) if stack.step(x, noise)]
    return [end - begun for begun, end in pairwise(ends)]


def _stacks(precision: str) -> Iterator[Stack]:
    for hidden_dim, sizes in SIZES.items():
        for runs in sizes:
            config = RunConfig(latent_dim=LATENT_DIM, hidden_dim=hidden_dim, precision=precision)
            yield Stack([config] * runs, SHAPE, steps_an_epoch=100)
