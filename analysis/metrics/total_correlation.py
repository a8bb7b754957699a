"""Scores that need no factors, on all rows."""

import numpy as np

from analysis.metrics.result import Score, warn
from analysis.metrics.sample import Sample


def gaussian_total_correlation(sample: Sample) -> Score:
    """Return the total correlation, in nats, of the Gaussian with the codes' covariance: 0 for uncorrelated codes.

    Constant codes are left out (the reference returns NaN); linearly dependent codes have infinite total correlation.
    """
    codes = sample.codes[:, np.ptp(sample.codes, axis=0) > 0]
    if codes.shape[1] < 2:
        return sample.score(0.0)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(codes.T))
    if eigenvalues[0] <= np.finfo(float).eps * codes.shape[1] * eigenvalues[-1]:
        warn("codes are linearly dependent: their Gaussian total correlation is infinite")
        return sample.score(np.inf)
    return sample.score(max(-np.sum(np.log(eigenvalues)) / 2, 0.0))
