"""Gaussians and mixtures of them in closed form: KL, density and Frechet distance.

`means` and `log_variances` are those of q(z|x), each (image, latent); sums are in float64.
"""

from collections.abc import Iterator

import numpy as np

from analysis.arrays import Float64, Floating

BLOCK_PAIRS = 2**19
"""Pairs of a sample and a component that are held at once: a few megabytes, which a processor's cache keeps."""


def kl_nats(means: Floating, log_variances: Floating) -> Float64:
    """Return KL(q(z_j|x) || N(0, 1)) in nats, (image, latent), at least 0; Kingma & Welling 2014, appendix B."""
    log_variance = log_variances.astype(np.float64)
    return np.asarray(0.5 * (np.square(means, dtype=np.float64) + np.expm1(log_variance) - log_variance))


def log_density(samples: Floating, means: Floating, log_variances: Floating) -> Float64:
    """Return log q(z) in nats of each of the samples (sample, latent), (sample,), over all images as components.

    The squares are expanded into one matrix product in float64; never more than BLOCK_PAIRS densities at once.
    """
    import torch

    centre = means.mean(axis=0, dtype=np.float64)
    z, mu, log_variance = (torch.from_numpy(a) for a in (samples - centre, means - centre, np.float64(log_variances)))
    precision = (-log_variance).exp()
    constant = log_variance + precision * mu.square() + np.log(2 * np.pi)
    weights = torch.cat([-0.5 * precision, precision * mu, -0.5 * constant.sum(dim=1, keepdim=True)], dim=1).T
    features = torch.cat([z.square(), z, torch.ones(len(z), 1, dtype=z.dtype)], dim=1)
    parts = [(features[rows] @ weights).logsumexp(dim=1) for rows in pair_blocks(len(z), len(mu))]
    return np.asarray(torch.cat(parts).numpy() - np.log(len(mu)))


def frechet_distance(
    mean: Floating, covariance: Floating, other_mean: Floating | None = None, other_covariance: Floating | None = None
) -> float:
    """Return the squared 2-Wasserstein distance of two normal laws, in the latent's squared unit; 0 where equal.

    Means are (latent,), covariances (latent, latent); without another law, it is N(0, I). Dowson and Landau 1982,
    https://doi.org/10.1016/0047-259X(82)90077-X, equation 4.
    """
    other_mean = np.zeros(len(mean)) if other_mean is None else other_mean
    other_covariance = np.eye(len(mean)) if other_covariance is None else other_covariance
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.maximum(np.linalg.eigvalsh(root @ np.atleast_2d(other_covariance) @ root), 0)
    traces = np.trace(np.atleast_2d(covariance)) + np.trace(np.atleast_2d(other_covariance))
    distance = np.sum((np.asarray(mean) - other_mean) ** 2) + traces - 2 * np.sqrt(product).sum()
    return float(max(distance, 0.0))


def pair_blocks(samples: int, components: int) -> Iterator[slice]:
    """Return the rows of (sample, component) that make BLOCK_PAIRS pairs, block after block."""
    rows = max(1, BLOCK_PAIRS // components)
    return (slice(start, start + rows) for start in range(0, samples, rows))
