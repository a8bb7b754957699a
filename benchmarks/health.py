"""Seconds of the health numbers of one run with 784 pixels and 10,000 test images, in one thread.

    python -m benchmarks.health

An untrained run with 100 importance samples an image: what the time goes to does not depend on the weights. CPU
seconds, once each.
"""

from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from analysis.health.collapse import collapse_curve
from analysis.health.likelihood import decoder_use_nats, importance_bounds
from analysis.health.mixture import rate_split
from analysis.health.posterior import aggregate_moments
from analysis.statistics.gaussians import frechet_distance, kl_nats
from benchmarks.clock import cpu_seconds
from benchmarks.table import options, show
from vae.config import RunConfig
from vae.model import VAE

IMAGES, PIXELS, SAMPLES = 10_000, 784, 100
SIZES = ((256, 16), (256, 32), (400, 32))
"""Hidden width and latent dimensions."""


def main() -> None:
    """Print the table."""
    arguments = options(__doc__).parse_args()
    torch.set_num_threads(1)
    images = (np.random.default_rng(0).random((IMAGES, PIXELS)) < 0.2).astype(np.float32)
    with threadpool_limits(1):
        rows = [_row(images, hidden_dim, latent_dim) for hidden_dim, latent_dim in SIZES]
    show(rows, json_file=arguments.json)


def _row(images: np.ndarray, hidden_dim: int, latent_dim: int) -> dict[str, float]:
    seconds = {f"{name}_s": cpu_seconds(work) for name, work in _works(images, hidden_dim, latent_dim).items()}
    return {"hidden_dim": hidden_dim, "latent_dim": latent_dim, "total_s": sum(seconds.values()), **seconds}


def _works(images: np.ndarray, hidden_dim: int, latent_dim: int) -> dict[str, Callable[[], object]]:
    torch.manual_seed(0)
    module = VAE(RunConfig(hidden_dim=hidden_dim, latent_dim=latent_dim), (PIXELS,)).eval()
    with torch.inference_mode():
        means, log_variances = (part.numpy() for part in module.encode(torch.from_numpy(images)))
    noise = np.random.default_rng(0).standard_normal(means.shape, dtype=np.float32)
    return {
        "moments_and_collapse": lambda: (
            collapse_curve(kl_nats(means, log_variances)),
            frechet_distance(*aggregate_moments(means, log_variances)),
        ),
        "rate_split": lambda: rate_split(means, log_variances, noise),
        "importance_samples": lambda: importance_bounds(module, images, means, log_variances, SAMPLES),
        "decoder_use": lambda: decoder_use_nats(module, images, means, log_variances, noise),
    }


if __name__ == "__main__":
    main()
