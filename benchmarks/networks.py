"""Training of each network against the loop people write, and as a share of the machine's product rate.

    python -m benchmarks.networks [--precision bf16] [--rounds 7]

One thread, a new process for each row, with a worker's environment: an epoch of a planned stack, one of the loop of
`benchmarks.textbook` with one model and its `DataLoader`, and a 2048^3 fp32 product, in turns; medians of CPU seconds,
which say the same on a machine that others use. FLOPs are those of the runs' own shapes, without padding and without
the gradient of the images. `times_loop` is the loop's time a run and step by the stack's.
"""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import textbook
from benchmarks.clock import interleaved
from benchmarks.stack_size import flops, train_epoch
from benchmarks.table import options, show
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import stack_size
from sweeps.engines.worker import WORKER_ENVIRONMENT
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.networks.padding import Shape
from vae.stack.planning import working_set_bytes
from vae.training import make_stack

IMAGES = 640
LATENT = 10


@dataclass(frozen=True)
class Case:
    """A network on images of a shape."""

    network: str
    depth: int
    shape: Shape
    hidden_dim: int


CASES = (
    Case("mlp", 1, (28, 28), 400),
    Case("mlp", 3, (28, 28), 400),
    Case("conv", 1, (28, 28), 256),
    Case("conv", 1, (32, 32), 64),
    Case("conv", 1, (32, 32), 256),
    Case("conv", 1, (32, 32, 3), 256),
    Case("conv", 1, (64, 64), 256),
)


def main() -> None:
    """Print one table."""
    parser = options(__doc__)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    os.environ |= WORKER_ENVIRONMENT
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as process:
        rows = list(process.map(partial(_row, arguments.precision, arguments.rounds), CASES))
    show(rows, json_file=arguments.json)


def _row(precision: str, rounds: int, case: Case) -> dict[str, Any]:
    torch.set_num_threads(1)
    data = noise(case.shape)
    first = RunConfig(
        network=case.network, depth=case.depth, hidden_dim=case.hidden_dim, latent_dim=LATENT, precision=precision
    )
    runs = stack_size(first, case.shape, machine=machine_here(precision))
    stack = make_stack([replace(first, seed=seed) for seed in range(runs)], data)
    model = textbook.model_of(case.network, case.depth, case.shape, case.hidden_dim, LATENT)
    optimiser = textbook.adam(model)
    images = textbook.tensors(data, case.network, "train")
    loader = DataLoader(TensorDataset(images), batch_size=textbook.BATCH_SIZE, shuffle=True)
    left, right, out = (torch.randn(2048, 2048) for _ in range(3))
    product, ours, loop = interleaved(
        lambda: torch.mm(left, right, out=out),
        lambda: train_epoch(stack, data),
        lambda: textbook.train(model, loader, 1.0, 1, optimiser),
        rounds=rounds,
        clock=time.process_time,
    )
    work = flops(first, case.shape) * len(data.train)
    steps = len(data.train) / first.batch_size
    return {
        "network": case.network,
        "depth": case.depth,
        "shape": " x ".join(map(str, case.shape)),
        "hidden_dim": case.hidden_dim,
        "runs": runs,
        "ms_per_run_step": ours / runs / steps * 1e3,
        "loop_ms": loop / steps * 1e3,
        "times_loop": loop / (ours / runs),
        "share_of_product_rate": work * runs / ours / (2 * 2048**3 / product),
        "loop_share": work / loop / (2 * 2048**3 / product),
        "working_set_mib": runs * working_set_bytes(first, case.shape) / 2**20,
    }


def noise(shape: Shape) -> Data:
    """Images of noise, all of them to train on but a few: what is timed does not depend on the pixels."""
    rows = np.arange(IMAGES + 2)
    pixels = np.random.default_rng(0).integers(0, 256, (len(rows), *shape), dtype=np.uint8)
    splits: dict[str, Any] = {"train": rows[:IMAGES], "validation": rows[-2:-1], "test": rows[-1:]}
    return replace(load_data("digits"), images=pixels, scale=1 / 255, factors=None, **splits)


if __name__ == "__main__":
    main()
