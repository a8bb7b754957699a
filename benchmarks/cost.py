"""What training costs against the number of runs, hidden size, latent size and images: slopes, not points.

    python -m benchmarks.cost

One axis moves, the others stay: 16 runs, hidden 128, latent 16, the digits' 1,397 training images, one epoch, in the
stacks that a sweep plans, one thread. Seconds grow as a power of a size: the slope of log seconds on log size by least
squares, from the second size on. 1 is proportional, 0 is free.
"""

from typing import Any

import numpy as np
import torch

from benchmarks.clock import interleaved
from benchmarks.stack_size import train_epoch
from benchmarks.table import options, show
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import plan_stacks
from sweeps.engines.worker import Run
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.training import make_stack

AXES = {
    "runs": (1, 4, 16, 64, 256),
    "hidden_dim": (32, 64, 128, 256, 512),
    "latent_dim": (2, 8, 16, 32, 64),
    "images": (349, 698, 1397, 2794, 5588),
}


def main() -> None:
    """Print seconds an epoch by axis and size, and the power that they grow as."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for axis, sizes in AXES.items():
        seconds = [_seconds(arguments.rounds, **{axis: size}) for size in sizes]
        power = float(np.polyfit(np.log(sizes[1:]), np.log(seconds[1:]), 1)[0])
        rows += [{"axis": axis, "size": n, "epoch_s": s, "power": power} for n, s in zip(sizes, seconds, strict=True)]
    show(rows, json_file=arguments.json)


def _seconds(rounds: int, runs: int = 16, hidden_dim: int = 128, latent_dim: int = 16, images: int = 1397) -> float:
    data = _digits(images)
    configs = [RunConfig(latent_dim=latent_dim, hidden_dim=hidden_dim, seed=seed) for seed in range(runs)]
    all_runs = [Run(n, n, config) for n, config in enumerate(configs)]
    planned = plan_stacks(all_runs, data.sample_shape, workers=1, machine=machine_here("fp32"))
    stacks = [make_stack([run.config for run in stack], data) for stack in planned]

    def epoch() -> None:
        for stack in stacks:
            train_epoch(stack, data)

    return interleaved(epoch, rounds=rounds)[0]


def _digits(images: int) -> Data:
    """The digits with their training images repeated or cut to a number."""
    digits = load_data("digits")
    return Data(**{**vars(digits), "train": np.resize(digits.train, images)})


if __name__ == "__main__":
    main()
