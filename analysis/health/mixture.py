"""The aggregate posterior as what it is, an even mixture of one Gaussian an image, and how the rate splits by it."""

from typing import NamedTuple

import numpy as np

from analysis.arrays import Float64, Floating
from analysis.statistics.gaussians import kl_nats, log_density, pair_blocks

FARTHEST = 9.0
"""In units of sqrt(2) sigma: a component farther away than that adds e^-81 of its peak to a density."""
TERMS = ("mutual_information_nats", "total_correlation_nats", "dimension_wise_kl_nats")


class RateSplit(NamedTuple):
    """Where the rate goes, in nats per image, each with its standard error over images."""

    nats: dict[str, float]
    """TERMS; they sum to the rate in closed form."""
    standard_errors: dict[str, float]
    log_images_nats: float
    """The largest mutual information that so many images can show."""

    @property
    def is_capped(self) -> bool:
        """Whether the mutual information is within 1 nat of its cap, and so says little more than "at least"."""
        return self.nats["mutual_information_nats"] > self.log_images_nats - 1.0


def marginal_log_densities(samples: Floating, means: Floating, log_variances: Floating) -> Float64:
    """Return log q_j(z_j) in nats, (sample, latent): the density of each dimension's own mixture, in float32."""
    import torch

    centre = means.mean(axis=0)
    z, mu, log_variance = (
        torch.from_numpy(np.ascontiguousarray(a.T, dtype=np.float32))
        for a in (samples - centre, means - centre, log_variances)
    )
    scales = (-0.5 * log_variance).exp() * 0.5**0.5
    shifts, peaks = -mu * scales, -0.5 * log_variance.amin(dim=1, keepdim=True)
    weights = (-0.5 * log_variance - peaks).exp()
    densities, zero = torch.empty_like(z), torch.zeros(())
    for rows in pair_blocks(z.shape[1], mu.shape[1]):
        exponents = torch.empty(len(z[0, rows]), mu.shape[1])
        for dim in range(len(z)):
            # a smaller exponential would be denormal, which takes a processor ten times as long
            torch.addcmul(shifts[dim], z[dim, rows, None], scales[dim], out=exponents).clamp_(-FARTHEST, FARTHEST)
            torch.addcmul(zero, exponents, exponents, value=-1.0, out=exponents)
            densities[dim, rows] = torch.mv(exponents.exp_(), weights[dim])
    logs = densities.double().log() + peaks.double() - np.log(len(means)) - 0.5 * np.log(2 * np.pi)
    return np.asarray(logs.T.numpy())


def rate_split(means: Floating, log_variances: Floating, noise: Floating) -> RateSplit:
    """Return the rate as mutual information + total correlation + dimension-wise KL (Chen et al. 2018, equation 2).

    `noise` (image, latent) is standard normal: one posterior sample an image, the same for all terms. The aggregate is
    the exact mixture over the images, so I(x; z) <= log N (Hoffman & Johnson 2016). What the samples' log q(z|x) -
    log p(z) misses of its known mean is taken out of each term by regression: the terms then sum to the rate in
    closed form. Estimates of total correlation may be negative.
    """
    samples = means + np.exp(0.5 * log_variances) * noise
    joint = log_density(samples, means, log_variances)
    marginals = marginal_log_densities(samples, means, log_variances).sum(axis=1)
    constant = means.shape[1] * np.log(2 * np.pi)
    conditional = -0.5 * (np.square(noise, dtype=np.float64) + log_variances).sum(axis=1) - 0.5 * constant
    prior = -0.5 * np.square(samples, dtype=np.float64).sum(axis=1) - 0.5 * constant
    terms = np.stack([conditional - joint, joint - marginals, marginals - prior], axis=1)
    estimates, errors = _at_known_mean(terms, conditional - prior, kl_nats(means, log_variances).sum(axis=1))
    nats, standard_errors = (dict(zip(TERMS, map(float, x), strict=True)) for x in (estimates, errors))
    return RateSplit(nats, standard_errors, float(np.log(len(means))))


def _at_known_mean(terms: Float64, sampled: Float64, expected: Float64) -> tuple[Float64, Float64]:
    """Means and standard errors of terms (image, term) that sum to `sampled`, corrected so as to sum to `expected`.

    Least squares is linear: the slopes on the error add up to 1 over the terms, as the terms add up to it.
    """
    error = sampled - expected
    regressors = np.stack([error, expected], axis=1)
    slopes = np.linalg.lstsq(regressors - regressors.mean(axis=0), terms - terms.mean(axis=0), rcond=1e-12)[0]
    corrected = terms - np.outer(error, slopes[0])
    return corrected.mean(axis=0), corrected.std(axis=0) / np.sqrt(len(terms))
