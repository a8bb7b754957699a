"""What the decoder makes of a posterior: importance-weighted bounds on log p(x), and the use of each dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.arrays import Float32, Float64, Floating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

SAMPLES = (1, 10, 100, 1000)
"""Numbers of samples K that a bound is given for, as far as so many were drawn."""
BLOCK_CODES = 1000
"""Codes that are decoded at once: their pixels stay in a processor's cache."""
BLOCK_SAMPLES = 50_000
"""Posterior samples that are held at once, whatever the number of images."""


class Bounds(NamedTuple):
    """Importance-weighted bounds of each image."""

    nats: dict[int, Float64]
    """K to L_K <= log p(x), (image,), in nats; L_1 is the ELBO on these samples."""
    effective_sample_size: Float64
    """(image,), from 1 to the number of samples: (sum w)^2 / sum w^2."""


def importance_bounds(
    module: Any, images: Floating, means: Floating, log_variances: Floating, samples: int = 100, seed: int = 0
) -> Bounds:
    """Return L_K = E log mean_k p(x, z_k) / q(z_k|x) for K in SAMPLES and for `samples`, all from the same samples.

    Images (image, ...); the module has `decode`, `likelihood` and, for gaussian, `log_sigma`, as `vae.model.VAE`. A
    smaller K is the mean over disjoint blocks of the samples (Burda et al. 2016, arXiv 1509.00519, equation 8).
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    counts = [count for count in SAMPLES if count < samples] + [samples]
    distortion = _distortion(module)
    parts: list[tuple[list[Tensor], Tensor]] = []
    with torch.inference_mode():
        for x, mu, log_variance in _blocks(max(1, BLOCK_SAMPLES // samples), images, means, log_variances):
            noise = torch.randn(len(x), samples, mu.shape[1], generator=generator)
            weights = _log_weights(distortion, x, mu, log_variance, noise)
            parts.append(([_bound(weights, count) for count in counts], _effective_sample_size(weights)))
    bounds = {count: torch.cat([part[0][k] for part in parts]).numpy() for k, count in enumerate(counts)}
    return Bounds(bounds, torch.cat([part[1] for part in parts]).numpy())


def decoder_use_nats(
    module: Any, images: Floating, means: Floating, log_variances: Floating, noise: Floating, seed: int = 0
) -> Float64:
    """Return the nats per image that the ELBO drops by when one dimension changes places over the images, (latent,).

    From one posterior sample an image (`noise` is standard normal, (image, latent)); the others stay. 0 is a dimension
    that the decoder does not read, whatever its KL.
    """
    import torch

    codes = means + np.exp(0.5 * log_variances) * noise
    others = codes[np.random.default_rng(seed).permutation(len(codes))]
    distortion = _distortion(module)
    drops = np.zeros(codes.shape[1])
    with torch.inference_mode():
        for x, z, other in _blocks(BLOCK_CODES, images, codes, others):
            own = distortion(x, z).double().sum()
            for dim in range(len(drops)):
                moved = z.clone()
                moved[:, dim] = other[:, dim]
                drops[dim] += float(distortion(x, moved).double().sum() - own)
    return drops / len(codes)


def _distortion(module: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """-log p(x|z) in nats of images (..., pixel) and codes (..., latent)."""
    from vae.losses import distortion

    log_sigma = getattr(module, "log_sigma", 0.0)

    def of(x: Tensor, z: Tensor) -> Tensor:
        output = module.decode(z.flatten(0, -2)).unflatten(0, z.shape[:-1])  # convolutions take no further axes
        return distortion(x, output, module.likelihood, log_sigma)

    return of


def _log_weights(
    distortion: Callable[[Tensor, Tensor], Tensor], x: Tensor, mu: Tensor, log_variance: Tensor, noise: Tensor
) -> Tensor:
    """Log p(x, z) / q(z|x), float64 (image, sample), of z = mu + sigma noise."""
    import torch

    z = torch.addcmul(mu[:, None], (0.5 * log_variance).exp()[:, None], noise)
    # the logarithms of 2 pi in prior and posterior cancel
    weights = 0.5 * (noise.double().square() - z.double().square() + log_variance.double()[:, None]).sum(dim=2)
    images = max(1, BLOCK_CODES // noise.shape[1])
    for first in range(0, len(x), images):
        rows = slice(first, first + images)
        for start in range(0, noise.shape[1], BLOCK_CODES):
            columns = slice(start, start + BLOCK_CODES)
            weights[rows, columns] -= distortion(x[rows, None], z[rows, columns])
    return weights


def _bound(log_weights: Tensor, count: int) -> Tensor:
    """L_count of each image; samples that fill no block are left out."""
    import math

    blocks = log_weights.shape[1] // count
    grouped = log_weights[:, : blocks * count].reshape(-1, blocks, count)
    return grouped.logsumexp(dim=2).mean(dim=1) - math.log(count)


def _effective_sample_size(log_weights: Tensor) -> Tensor:
    return (2 * log_weights.logsumexp(dim=1) - (2 * log_weights).logsumexp(dim=1)).exp()


def _blocks(rows: int, *arrays: Floating) -> Iterator[tuple[Tensor, ...]]:
    import torch

    for start in range(0, len(arrays[0]), rows):
        yield tuple(torch.from_numpy(_flat(array[start : start + rows])) for array in arrays)


def _flat(images: Floating) -> Float32:
    return np.ascontiguousarray(images.reshape(len(images), -1), dtype=np.float32)
