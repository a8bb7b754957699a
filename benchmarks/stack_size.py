"""Training alone: time a run and step, and share of the machine's matrix-product rate, against the stack's size.

    python -m benchmarks.stack_size

One thread. The rate is that of a 2048^3 fp32 product, timed in turns with the training in the same process. FLOPs are
those of the runs' own shapes, without padding and without the first layer's input gradient. The last column is the
working set by which `sweeps.plan` chooses the size that it marks with *.
"""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import torch

from benchmarks.machine import describe_machine
from sweeps.plan import stack_size
from vae.config import RunConfig
from vae.data import Data, DataConfig, load_data
from vae.minibatches import noise_minibatches, training_minibatches
from vae.randomness import NOISE
from vae.shapes import working_set_bytes
from vae.stack import Stack
from vae.training import make_stack

ROUNDS = 7
SIZES = (1, 2, 4, 8, 16, 32)


def main() -> None:
    """Print one table for digits and one for images of 784 pixels."""
    torch.set_num_threads(1)
    print(describe_machine())
    print(f"{'pixels':>6}{'hidden':>7}{'runs':>6}{'us/run/step':>13}{'GFLOP/s':>9}{'share':>7}{'MiB':>7}")
    for data, hidden_dims, sizes in ((load_data("digits"), (64, 128, 256), SIZES), (_mnist_like(), (400,), SIZES[:5])):
        for hidden_dim in hidden_dims:
            for size in sizes:
                _print_row(data, hidden_dim, size)


def flops(config: RunConfig, pixels: int) -> float:
    """Floating-point operations of a training step on one image, by the run's own shape.

    Forward, weight gradients and input gradients take two a weight each; the first layer needs no input gradient.
    """
    first = pixels * config.hidden_dim
    return 2.0 * (3 * (2 * first + 3 * config.hidden_dim * config.latent_dim) - first)


def _mnist_like() -> Data:
    """Noise of MNIST's shape: what is timed does not depend on the pixels."""
    rng = np.random.default_rng(0)
    digits = load_data(DataConfig())
    images = rng.integers(0, 256, (1797, 28, 28), dtype=np.uint8)
    return Data(**{**vars(digits), "images": images, "scale": 1 / 255})


def _print_row(data: Data, hidden_dim: int, size: int) -> None:
    configs = [RunConfig(latent_dim=20, hidden_dim=hidden_dim, seed=seed) for seed in range(size)]
    stack = make_stack(configs, data)
    left, right, out = (torch.randn(2048, 2048) for _ in range(3))
    product, training = _interleaved(lambda: torch.mm(left, right, out=out), lambda: _epoch(stack, data))
    steps = len(data.train) / 128 * size
    rate = flops(configs[0], data.n_pixels) * len(data.train) * size / training / 1e9
    share = rate / (2 * 2048**3 / product / 1e9)
    mark = "*" if size == min(SIZES, key=lambda s: abs(s - stack_size(configs[0], data.n_pixels))) else ""
    megabytes = size * working_set_bytes(configs[0], data.n_pixels) / 2**20
    row = f"{data.n_pixels:6}{hidden_dim:7}{size:6}{training / steps * 1e6:13.0f}{rate:9.1f}{share:7.0%}"
    print(f"{row}{megabytes:7.1f} {mark}")


def _epoch(stack: Stack, data: Data) -> None:
    noises = noise_minibatches(stack.configs, NOISE, 0, len(data.train), stack.device)
    for x, noise in zip(training_minibatches(data, 0, 128), noises, strict=True):
        stack.step(x, noise)


def _interleaved(*works: Callable[[], object]) -> Iterator[float]:
    """Median seconds of each work, taken in turns."""
    for work in works:
        work()
    seconds = np.array([[_seconds(work) for work in works] for _ in range(ROUNDS)])
    return (median(column) for column in seconds.T.tolist())


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
