"""Which parameter moves the objective: variance shares of a forest fitted to the trials."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.statistics.names import places

EVALUATOR = "Sobol indices of a random forest"
FEWEST = 30
"""Complete trials below which a share of variance says more of the sample than of the parameter."""
RESAMPLES = 50
TREES = 16
LEVELS, MOST_PLACES = 12, 12**4
"""Values of each parameter in the grid over which a forest's variance is taken apart, and of the whole grid at most."""
COLUMNS = ("parameter", "main", "main_low", "main_high", "total", "total_low", "total_high", "trials")


def importance(board: pd.DataFrame, value: str, names: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Return each parameter's share of the variance of the column `value` over trials, from 0 to 1.

    `main` is the share of its own effect, `total` that of every effect it takes part in: first-order and total Sobol
    indices (Saltelli et al. 2010, https://doi.org/10.1016/j.cpc.2009.09.018) of a forest, as fANOVA has them (Hutter et
    al. 2014), on a grid of the values that the trials have, taken as independent. Both are medians over forests fitted
    to bootstrap resamples of the trials; low and high bound the middle 95 % of them.
    """
    numbered = {name: places(board[name]) for name in names}
    known = pd.DataFrame(numbered | {value: board[value]}).dropna().astype(float)
    if len(known) < 2 or not names:
        return pd.DataFrame(columns=list(COLUMNS))
    rng = np.random.default_rng(seed)
    points, values = known[list(names)].to_numpy(), known[value].to_numpy()
    shares = np.array([_resampled(points, values, rng) for _ in range(RESAMPLES)])
    low, middle, high = np.quantile(shares, (0.025, 0.5, 0.975), axis=0)
    parts = {
        "main": middle[0], "main_low": low[0], "main_high": high[0],
        "total": middle[1], "total_low": low[1], "total_high": high[1],
    }  # fmt: skip
    return pd.DataFrame({"parameter": list(names), **parts, "trials": len(known)})


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


def _resampled(points: Float64, values: Float64, rng: np.random.Generator) -> Float64:
    from sklearn.ensemble import RandomForestRegressor

    chosen = rng.integers(len(values), size=len(values))
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=int(rng.integers(2**31)))
    forest.fit(points[chosen], values[chosen])
    count = min(LEVELS, int(MOST_PLACES ** (1 / points.shape[1]) + 1e-9))
    levels = [_levels(points[:, axis], count) for axis in range(points.shape[1])]
    grid = np.stack(np.meshgrid(*levels, indexing="ij"), axis=-1)
    predicted = forest.predict(grid.reshape(-1, grid.shape[-1]))
    return variance_shares(predicted.reshape(grid.shape[:-1]))


def _levels(values: Float64, count: int) -> Float64:
    """Evenly spaced quantiles of a parameter's values; every value is as likely as among the trials."""
    return np.quantile(values, (np.arange(count) + 0.5) / count, method="inverted_cdf")
