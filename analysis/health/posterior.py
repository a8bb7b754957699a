"""What the parameters of a posterior say alone, with no decoder and no sample.

Everywhere `means` and `log_variances` are those of q(z|x), each (image, latent); sums are in float64.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from vae.columns import COLLAPSE_SHARE

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]
EPSILONS_NATS: Array = np.logspace(-3, 0, 61)
"""Thresholds of the collapse curve, in nats."""


class Moments(NamedTuple):
    """Mean (latent,) and covariance (latent, latent) of the aggregate posterior, the mean of q(z|x) over the images."""

    mean: Array
    covariance: Array


def kl_nats(means: Floats, log_variances: Floats) -> Array:
    """Return KL(q(z_j|x) || N(0, 1)) in nats, (image, latent), at least 0; Kingma & Welling 2014, appendix B."""
    log_variance = log_variances.astype(np.float64)
    return np.asarray(0.5 * (np.square(means, dtype=np.float64) + np.expm1(log_variance) - log_variance))


def collapse_curve(
    kl: Array, epsilons_nats: Array = EPSILONS_NATS, delta: float = 1.0 - COLLAPSE_SHARE
) -> pd.DataFrame:
    """Return the share of dimensions that are (epsilon, delta)-collapsed, by epsilon_nats, a row each.

    `kl` is (image, latent) in nats. A dimension is collapsed where its KL is below epsilon on a share of at least
    1 - delta of the images (Lucas et al. 2019, arXiv 1911.02469, definition 1).
    """
    # ceil(0.99 N), which floating point must not make one too many
    needed = int(np.ceil((1.0 - delta) * len(kl) - 1e-9))
    reached = np.partition(kl, needed - 1, axis=0)[needed - 1]
    shares = (reached < epsilons_nats[:, None]).mean(axis=1)
    return pd.DataFrame({"epsilon_nats": epsilons_nats, "collapsed_share": shares})


def aggregate_moments(means: Floats, log_variances: Floats) -> Moments:
    """Return mean and covariance of the aggregate posterior: Cov(means) + the mean of the variances.

    Where it matches the prior they are 0 and the identity: in each active dimension, the variance of the means and the
    mean variance sum to 1.
    """
    centred = means - means.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred / len(means)
    covariance[np.diag_indices_from(covariance)] += np.exp(log_variances, dtype=np.float64).mean(axis=0)
    return Moments(means.mean(axis=0, dtype=np.float64), covariance)
