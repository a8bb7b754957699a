"""A processor's core, measured: training steps of small stacks, by the time that the core gives them."""

import time
from collections.abc import Iterator

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
FEWEST_TURNS = 3
LOW_PERCENT = 10
"""Of a stack's steps: what others on the machine cost is in the slower ones."""
FINE_SECONDS = 1e-5


def time_steps(precision: str, seconds: float) -> list[Timing]:
    """Time stacks in turns for so long, longer where FEWEST_TURNS take longer; one thread, and no stack has results."""
    torch.set_num_threads(1)
    clock = time.thread_time if time.get_clock_info("thread_time").resolution < FINE_SECONDS else time.perf_counter
    stacks = list(_stacks(precision))
    found: list[list[float]] = [[] for _ in stacks]
    turns, end = 0, time.monotonic() + seconds
    while turns < FEWEST_TURNS or time.monotonic() < end:
        for stack, of_stack in zip(stacks, found, strict=True):
            x = torch.rand(1, stack.configs[0].batch_size, pixel_width(stack.pixels).padded)
            noise = torch.randn(len(stack), x.shape[1], latent_width(LATENT_DIM).padded)
            for step in range(STEPS):
                begun = clock()
                stack.step(x, noise)
                if step:
                    of_stack.append(clock() - begun)
        turns += 1
    return [
        Timing(stack.configs[0], SHAPE, len(stack), float(np.percentile(of_stack, LOW_PERCENT)))
        for stack, of_stack in zip(stacks, found, strict=True)
    ]


def _stacks(precision: str) -> Iterator[Stack]:
    for hidden_dim, sizes in SIZES.items():
        for runs in sizes:
            config = RunConfig(latent_dim=LATENT_DIM, hidden_dim=hidden_dim, precision=precision)
            yield Stack([config] * runs, SHAPE, steps_an_epoch=100)
