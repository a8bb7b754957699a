"""Means over seeds and how far they can be trusted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.selection import finished, parameters_of
from vae.columns import TOTALS

LEVEL = 0.95
SUFFIX = "_half_width"


def half_width(deviation: pd.Series, count: pd.Series, level: float = LEVEL) -> np.ndarray:
    """Return half the width of Student's t interval of a mean; NaN where there is only one value.

    `deviation` is the sample standard deviation (divisor n - 1), in the unit of the values.
    """
    quantile = stats.t.ppf((1 + level) / 2, np.maximum(count - 1, 1))
    return np.asarray(np.where(count > 1, quantile * deviation / np.sqrt(count), np.nan))


def jackknife_half_width(without_one: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Return half the width of the jackknife interval of a statistic, from its n values without one seed, (n, ...).

    Student's t with n - 1 degrees times the jackknife's standard error, the root of (n - 1)/n times their sum of
    squares about their mean (Efron & Tibshirani 1993, equation 11.5): of a mean it is `half_width`. NaN where n < 2.
    """
    count = len(without_one)
    if count < 2:
        return np.full(without_one.shape[1:], np.nan)
    error = np.sqrt((count - 1) * without_one.var(axis=0))
    return np.asarray(stats.t.ppf((1 + level) / 2, count - 1) * error)


def replicates(frame: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return one row a group: `by`, n, and for each column its mean and COLUMN_half_width (95 %)."""
    groups = frame.groupby(list(by), as_index=False)
    mean, deviation = groups[list(columns)].mean(), groups[list(columns)].std()
    count = groups.size()["size"].rename("n")
    parts: list[pd.Series | pd.DataFrame] = [mean[list(by)], count]
    for column in columns:
        width = half_width(deviation[column], count)
        parts += [mean[column], pd.Series(width, name=column + SUFFIX, index=mean.index)]
    return pd.concat(parts, axis=1)


def trial_means(runs: pd.DataFrame, columns: Sequence[str] = TOTALS) -> pd.DataFrame:
    """Return one row a trial with finished VAE runs: parameters, n seeds, means, half-widths."""
    return replicates(finished(runs), ["trial", *parameters_of(runs)], columns)
