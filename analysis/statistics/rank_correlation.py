"""Rank correlation with its interval."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.statistics.intervals import LEVEL

FEWEST = 5
"""Pairs below which no interval is given."""


def rank_correlation(first: ArrayLike, second: ArrayLike, level: float = LEVEL) -> tuple[float, float, float]:
    """Return Spearman's rank correlation of n pairs, and the low and high end of its interval.

    The interval is Fisher's, with the variance (1 + r^2 / 2) / (n - 3) of Bonett & Wright (2000, Psychometrika 65).
    NaN where a side is constant; no interval for fewer than FEWEST pairs.
    """
    x, y = np.asarray(first, float), np.asarray(second, float)
    if len(x) < 2 or not np.ptp(x) or not np.ptp(y):
        return np.nan, np.nan, np.nan
    correlation = float(stats.spearmanr(x, y).statistic)
    if len(x) < FEWEST:
        return correlation, np.nan, np.nan
    middle = np.arctanh(np.clip(correlation, -1 + 1e-12, 1 - 1e-12))
    width = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + correlation**2 / 2) / (len(x) - 3))
    low, high = np.tanh([middle - width, middle + width])
    return correlation, float(low), float(high)
