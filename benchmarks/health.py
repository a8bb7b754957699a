"""Seconds of the health numbers of one run with 784 pixels and 10,000 test images, in one thread.

    python -m benchmarks.health

An untrained run with 100 importance samples an image: what the time goes to does not depend on the weights. CPU
seconds, once each.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before anything loads a BLAS

import time
from collections.abc import Callable

import numpy as np
import torch

from analysis.coverage.discrepancy import frechet_distance
from analysis.health.likelihood import decoder_use_nats, importance_bounds
from analysis.health.mixture import rate_split
from analysis.health.posterior import aggregate_moments, collapse_curve, kl_nats
from benchmarks.machine import describe_machine
from vae.model import VAE

IMAGES, PIXELS, SAMPLES = 10_000, 784, 100
SIZES = ((256, 16), (256, 32), (400, 32))
"""Hidden width and latent dimensions."""


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(describe_machine())
    images = (np.random.default_rng(0).random((IMAGES, PIXELS)) < 0.2).astype(np.float32)
    for hidden_dim, latent_dim in SIZES:
        seconds = {name: _seconds(work) for name, work in _works(images, hidden_dim, latent_dim).items()}
        parts = ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())
        print(f"hidden {hidden_dim}, latent {latent_dim}: {sum(seconds.values()):.1f} s ({parts})")


def _works(images: np.ndarray, hidden_dim: int, latent_dim: int) -> dict[str, Callable[[], object]]:
    torch.manual_seed(0)
    module = VAE(PIXELS, hidden_dim, latent_dim).eval()
    with torch.inference_mode():
        means, log_variances = (part.numpy() for part in module.encode(torch.from_numpy(images)))
    noise = np.random.default_rng(0).standard_normal(means.shape, dtype=np.float32)
    return {
        "moments and collapse": lambda: (
            collapse_curve(kl_nats(means, log_variances)),
            frechet_distance(*aggregate_moments(means, log_variances)),
        ),
        "rate split": lambda: rate_split(means, log_variances, noise),
        f"{SAMPLES} importance samples": lambda: importance_bounds(module, images, means, log_variances, SAMPLES),
        "decoder use": lambda: decoder_use_nats(module, images, means, log_variances, noise),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
