"""What a surrogate is fitted to: a mean over seeds of each trial, and how far that mean can be trusted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.statistics.names import is_named
from analysis.statistics.selection import finished

PRIOR_DEGREES = 4
"""The variance over a few seeds is itself uncertain: the pooled one of all trials counts as so many degrees more."""
LARGEST = 1e150
"""The square of a larger value has no place among finite numbers: its run counts as missing."""


def responses(runs: pd.DataFrame, column: str, parameters: Sequence[str]) -> pd.DataFrame:
    """Return one row a trial: trial, its parameters, mean, n seeds, and the variance of that mean.

    Of finished VAE runs whose value and parameters are finite. The variance over seeds is moderated: a trial's own,
    (n - 1) degrees, and the pooled one of all trials, PRIOR_DEGREES (Smyth 2004,
    https://doi.org/10.2202/1544-6115.1027); NaN where no trial has two seeds.
    """
    known = finished(runs)
    numbers = [column, *(name for name in parameters if not is_named(known[name]))]
    known = known[(known[numbers].astype(float).abs() < LARGEST).all(axis=1)]
    groups = known.groupby(["trial", *parameters], as_index=False).agg(
        mean=(column, "mean"), n=(column, "size"), own=(column, "var")
    )
    degrees = groups["n"] - 1
    squares = groups["own"].fillna(0.0) * degrees
    pooled = squares.sum() / degrees.sum() if degrees.sum() else np.nan
    moderated = (PRIOR_DEGREES * pooled + squares) / (PRIOR_DEGREES + degrees)
    return groups.drop(columns="own").assign(variance=moderated / groups["n"])
