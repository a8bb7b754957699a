"""Which parameter moves a response: shares of the variance of its surrogate."""

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.statistics.names import places
from analysis.surrogate.cube import Axis
from analysis.surrogate.surrogate import Surrogate

EVALUATOR = "Sobol indices of a Gaussian process"
DRAWS = 64
LEVELS, MOST_PLACES = 7, 7**3
"""Values of each parameter in the grid over which variance is taken apart, and of the whole grid at most."""
COLUMNS = ("parameter", "main", "main_low", "main_high", "total", "total_low", "total_high", "trials")


def importance(found: Surrogate, seed: int = 0) -> pd.DataFrame:
    """Return each parameter's share of the variance of a surrogate, from 0 to 1.

    `main` is the share of its own effect, `total` that of every effect it takes part in: first-order and total Sobol
    indices (Saltelli et al. 2010, https://doi.org/10.1016/j.cpc.2009.09.018) on a grid of the values that the trials
    have, taken as independent. They are of functions drawn from the surrogate, so noise of seeds has no share: medians,
    and low and high bound the middle 95 % of the draws (Oakley & O'Hagan 2004,
    https://doi.org/10.1111/j.1467-9868.2004.05304.x).
    """
    axes = found.cube.axes
    count = max(2, min(LEVELS, int(MOST_PLACES ** (1 / len(axes)) + 1e-9)))
    levels = [_levels(axis, count) for axis in axes.values()]
    grid = pd.MultiIndex.from_product(levels, names=list(axes)).to_frame(index=False)
    drawn = found.process.draws(found.cube.place(grid), DRAWS, np.random.default_rng(seed))
    shape = [len(values) for values in levels]
    shares = np.array([variance_shares(values.reshape(shape)) for values in drawn])
    low, middle, high = np.quantile(shares, (0.025, 0.5, 0.975), axis=0)
    parts = {
        "main": middle[0], "main_low": low[0], "main_high": high[0],
        "total": middle[1], "total_low": low[1], "total_high": high[1],
    }  # fmt: skip
    return pd.DataFrame({"parameter": list(axes), **parts, "trials": len(found.trials)})


def variance_shares(values: Float64) -> Float64:
    """Return main and total share of variance of each axis of a grid of values, (2, axis); 0 where nothing varies."""
    axes = range(values.ndim)
    variance = values.var()
    if variance == 0:
        return np.zeros((2, values.ndim))
    others = [tuple(axis for axis in axes if axis != own) for own in axes]
    main = [values.mean(axis=other).var() for other in others]
    total = [values.var(axis=own).mean() for own in axes]
    shares: Float64 = np.array([main, total]) / variance
    return shares


def _levels(axis: Axis, count: int) -> list[object]:
    """Evenly spaced quantiles of a parameter's values; every value is as likely as among the trials."""
    own = axis.of_trials
    ordered = own.iloc[np.argsort(places(own).to_numpy(), kind="stable")]
    chosen = ((np.arange(count) + 0.5) / count * len(ordered)).astype(int)
    return ordered.iloc[chosen].tolist()
