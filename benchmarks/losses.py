"""A training step of each loss against one of `beta_vae`: what a regulariser costs beside the network.

    python -m benchmarks.losses [--rounds 9] [--losses beta_tc_vae,dip_vae_i] [--json FILE]

One thread, a new process for each size, with a worker's environment: an epoch of the planned stack of each loss in
turns, minibatches of 128, latents of 10; medians of CPU seconds, which say the same on a machine that others use.
`times_beta_vae` is a run's step against `beta_vae`'s, each in the stack that is planned for it. `factor_vae` is left
out unless it is named: it takes minutes.
"""

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from benchmarks.clock import interleaved
from benchmarks.networks import noise
from benchmarks.stack_size import train_epoch
from benchmarks.table import options, show
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import stack_size
from sweeps.engines.worker import WORKER_ENVIRONMENT
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.loss_table import LOSSES
from vae.training import make_stack

LATENT = 10
SIZES = (("digits", 64), ("digits", 128), ("digits", 256), ("784 pixels", 128), ("784 pixels", 400))
"""Images and hidden width."""
FIRST = "beta_vae"
SLOW = "factor_vae"


def main() -> None:
    """Print one table."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--losses", default=",".join(name for name in LOSSES if name != SLOW))
    arguments = parser.parse_args()
    losses = [FIRST, *(name for name in arguments.losses.split(",") if name != FIRST)]
    os.environ |= WORKER_ENVIRONMENT
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as process:
        rows = [row for of_size in process.map(partial(_rows, losses, arguments.rounds), SIZES) for row in of_size]
    show(rows, json_file=arguments.json)


def _rows(losses: Sequence[str], rounds: int, size: tuple[str, int]) -> list[dict[str, Any]]:
    """A row a loss, its epochs in turns with the others'."""
    torch.set_num_threads(1)
    images, hidden_dim = size
    data = load_data("digits") if images == "digits" else noise((28, 28))
    configs = [RunConfig(loss=loss, beta=2.0, latent_dim=LATENT, hidden_dim=hidden_dim, epochs=100) for loss in losses]
    runs = [stack_size(config, data.sample_shape, machine=machine_here(config.precision)) for config in configs]
    works = [_epoch(config, count, data) for config, count in zip(configs, runs, strict=True)]
    seconds = interleaved(*works, rounds=rounds, clock=time.process_time)
    a_step = [second / count / (len(data.train) / 128) * 1e6 for second, count in zip(seconds, runs, strict=True)]
    return [
        {
            "images": images, "hidden_dim": hidden_dim, "loss": loss, "runs": count,
            "us_per_run_step": microseconds, "times_beta_vae": microseconds / a_step[0],
        }
        for loss, count, microseconds in zip(losses, runs, a_step, strict=True)
    ]  # fmt: skip


def _epoch(config: RunConfig, runs: int, data: Data) -> partial[None]:
    return partial(train_epoch, make_stack([replace(config, seed=seed) for seed in range(runs)], data), data)


if __name__ == "__main__":
    main()
