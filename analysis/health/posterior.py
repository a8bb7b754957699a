"""What the parameters of a posterior say alone, with no decoder and no sample.

Everywhere `means` and `log_variances` are those of q(z|x), each (image, latent); sums are in float64.
"""

from typing import NamedTuple

import numpy as np

from analysis.arrays import Float64, Floating


class Moments(NamedTuple):
    """Mean (latent,) and covariance (latent, latent) of the aggregate posterior, the mean of q(z|x) over the images."""

    mean: Float64
    covariance: Float64


def aggregate_moments(means: Floating, log_variances: Floating) -> Moments:
    """Return mean and covariance of the aggregate posterior: Cov(means) + the mean of the variances.

    Where it matches the prior they are 0 and the identity: in each active dimension, the variance of the means and the
    mean variance sum to 1.
    """
    centred = means - means.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred / len(means)
    covariance[np.diag_indices_from(covariance)] += np.exp(log_variances, dtype=np.float64).mean(axis=0)
    return Moments(means.mean(axis=0, dtype=np.float64), covariance)
