"""IRS: how little a code moves when its own factor stays and all others change."""

import numpy as np

from analysis.metrics.mutual_information import bin_columns
from analysis.metrics.result import Score
from analysis.metrics.sample import Sample
from analysis.metrics.units import relative, warn_of_units

QUANTILE = 0.99
LEAST_WEIGHT = 1 / 20
"""Relative to the code that weighs most; with less a code hardly counts, and a warning says so."""


def irs(sample: Sample, quantile: float = QUANTILE) -> Score:
    """Return 1 - (deviation within a factor's values / largest deviation), best factor, weighted mean over codes.

    The deviation within a value is the `quantile` of |z - mean|, averaged over values (the paper's is quantile 1);
    codes weigh by their largest deviation, so that their units matter to each other, and constant codes by nothing.
    Factors are put into equal-width bins too, as in disentanglement_lib. A few extreme codes bring it near 1.
    """
    largest = np.abs(sample.codes - sample.codes.mean(axis=0)).max(axis=0)
    alive = np.ptp(sample.codes, axis=0) > 0
    codes = sample.codes[:, alive]
    within = np.column_stack(
        [_deviation(codes, groups, quantile) for groups in bin_columns(sample.values, sample.bins).T]
    )
    robustness = np.zeros((len(alive), within.shape[1]))
    robustness[alive] = 1 - within / largest[alive, None]
    per_code = robustness.max(axis=1)
    weights = relative(largest * alive, sample.units)
    warn_of_units(sample, weights < LEAST_WEIGHT, "IRS", "a largest deviation under 1/20 of the largest code's")
    value = np.average(per_code, weights=weights) if alive.any() else 0.0
    return sample.score(
        max(value, 0.0), per_code=per_code, bins=sample.bins, quantile=quantile, robustness=robustness.tolist()
    )


def _deviation(codes: np.ndarray, groups: np.ndarray, quantile: float) -> np.ndarray:
    """Quantile of the absolute deviation from a group's mean, mean over groups; (code,)."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    deviations = [
        np.quantile(np.abs(members - members.mean(axis=0)), quantile, axis=0)
        for members in np.split(codes[order], starts[1:])
    ]
    mean: np.ndarray = np.mean(deviations, axis=0)
    return mean
