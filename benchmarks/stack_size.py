"""Training alone: time a run and step, share of the machine's product rate, and memory, against the stack's size.

    python -m benchmarks.stack_size [--precision bf16] [--planned]

One thread, a new process for each row, with a worker's environment. The rate is that of a 2048^3 fp32 product, timed
in turns with the training in the same process. FLOPs are those of the runs' own shapes, without padding and without
the first layer's input gradient. `planned` marks the size that a sweep chooses on this machine; `peak_mib` is by how
much the process grew.
"""

import math
import multiprocessing
import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.clock import interleaved
from benchmarks.table import options, show
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import stack_size
from sweeps.engines.worker import WORKER_ENVIRONMENT
from vae.config import RunConfig
from vae.data import Data, DataConfig, load_data
from vae.device import check_precision
from vae.minibatches import noise_minibatches, training_minibatches
from vae.networks import network_of
from vae.networks.layers import Layer, Linear
from vae.networks.padding import Shape
from vae.randomness import NOISE
from vae.stack.interface import AnyStack
from vae.stack.planning import working_set_bytes
from vae.training import make_stack, one_thread

SIZES = (1, 2, 4, 8, 16, 32)
SHAPES = (
    *(("digits", (8, 8), hidden_dim, SIZES) for hidden_dim in (64, 128, 256)),
    ("mnist", (28, 28), 400, SIZES[:5]),
)
"""Images, their shape, hidden width, and sizes of stacks."""
LATENT = 20


def main() -> None:
    """Print one table: digits at three hidden sizes, images of 784 pixels at one."""
    parser = options(__doc__)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--planned", action="store_true", help="only the sizes that a sweep plans")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    check_precision(arguments.precision, "cpu")
    cases = []
    for name, shape, hidden_dim, sizes in SHAPES:
        planned = stack_size(_config(hidden_dim, arguments.precision), shape, machine=machine_here(arguments.precision))
        of_shape = {planned} if arguments.planned else {*sizes, planned}
        cases += [(name, hidden_dim, size, size == planned) for size in sorted(of_shape)]
    os.environ |= WORKER_ENVIRONMENT
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as process:
        row = partial(_row, arguments.precision, arguments.rounds)
        rows = list(process.map(row, *zip(*cases, strict=True)))
    show(rows, json_file=arguments.json)


def flops(config: RunConfig, shape: Shape) -> float:
    """Floating-point operations of a training step on one image, by the run's own shape.

    Forward, weight gradients and input gradients take two a product each; the first layer needs no input gradient.
    """
    network = network_of(config, shape)
    products = [_own_products(layer) for layer in network.layers]
    return 2.0 * (3 * sum(products) - _own_products(network.encoder[network.first]))


def _own_products(layer: Layer) -> int:
    return math.prod(layer.weight.shape) if isinstance(layer, Linear) else layer.products


def mnist_like(images: int = 1797) -> Data:
    """Noise of MNIST's shape, with the splits of the digits: what is timed does not depend on the pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images, 28, 28), dtype=np.uint8)
    return Data(**{**vars(load_data(DataConfig())), "images": pixels, "scale": 1 / 255})


def train_epoch(stack: AnyStack, data: Data, epoch: int = 0) -> None:
    """Take every step of an epoch, with its minibatches and noise, and measure nothing."""
    noises = noise_minibatches(stack.configs, NOISE, epoch, len(data.train), stack.device)
    with one_thread():
        for x, noise in zip(training_minibatches(data, epoch, stack.configs[0].batch_size), noises, strict=True):
            stack.step(x, noise)


def _config(hidden_dim: int, precision: str, seed: int = 0) -> RunConfig:
    return RunConfig(latent_dim=LATENT, hidden_dim=hidden_dim, seed=seed, precision=precision)


def _row(precision: str, rounds: int, name: str, hidden_dim: int, size: int, planned: bool) -> dict[str, Any]:
    torch.set_num_threads(1)
    data = load_data("digits") if name == "digits" else mnist_like()
    configs = [_config(hidden_dim, precision, seed) for seed in range(size)]
    before = _peak_mib()
    stack = make_stack(configs, data)
    train_epoch(stack, data)
    grown = _peak_mib() - before
    left, right, out = (torch.randn(2048, 2048) for _ in range(3))
    product, training = interleaved(
        lambda: torch.mm(left, right, out=out), lambda: train_epoch(stack, data), rounds=rounds
    )
    steps = len(data.train) / configs[0].batch_size * size
    rate = flops(configs[0], data.sample_shape) * len(data.train) * size / training
    return {
        "pixels": data.n_pixels,
        "hidden_dim": hidden_dim,
        "runs": size,
        "planned": "*" if planned else "",
        "us_per_run_step": training / steps * 1e6,
        "gflop_per_s": rate / 1e9,
        "share_of_product_rate": rate / (2 * 2048**3 / product),
        "working_set_mib": size * working_set_bytes(configs[0], data.sample_shape) / 2**20,
        "peak_mib": grown,
    }


def _peak_mib() -> float:
    a_mib = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / a_mib


if __name__ == "__main__":
    main()
