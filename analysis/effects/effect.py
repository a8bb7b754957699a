"""What one parameter does to rate, distortion and active units."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.statistics.intervals import SUFFIX, replicates
from analysis.statistics.names import is_named, places
from analysis.statistics.selection import finished

QUANTITIES = ("rate_nats", "distortion_nats", "elbo_nats", "active_units")
FEW = 8
BINS = 6
"""A parameter with more than FEW values is gathered in this many bins of about equally many trials."""
COLUMNS = ("value", "lowest", "highest", "trials", "quantity", "mean", "low", "high", "n")


def effect(runs: pd.DataFrame, parameter: str, quantities: Sequence[str] = QUANTITIES) -> pd.DataFrame:
    """Return, in long form, each quantity's mean at each value (or bin) of a parameter, with a 95 % interval.

    For each seed the quantity is averaged over the trials at that value, whatever their other parameters;
    mean, low and high are of the n seeds' averages, so the interval tells what other seeds would change.
    `value` is the median of the bin that spans lowest to highest; a name is a bin of its own. A trial that lacks a seed
    is left out.
    """
    runs = _all_seeds(finished(runs))
    runs = runs.assign(bin=_bins(runs.groupby("trial")[parameter].first(), runs["trial"]))
    groups = runs.drop_duplicates("trial").groupby("bin")[parameter]
    middle = "first" if is_named(runs[parameter]) else "median"
    bins = groups.agg(value=middle, lowest="min", highest="max", trials="size").reset_index()
    averages = runs.groupby(["bin", "seed"], as_index=False)[list(quantities)].mean()
    means = replicates(averages, ["bin"], quantities)
    parts = [_long(bins.merge(means, on="bin"), quantity) for quantity in quantities]
    return pd.concat(parts, ignore_index=True)


def _all_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep the trials that have as many seeds as any: else a bin's average would shift with the seed."""
    seeds = runs.groupby("trial")["seed"].transform("size")
    whole: pd.DataFrame = runs[seeds == seeds.max()]
    return whole


def _bins(values: pd.Series, trials: pd.Series) -> np.ndarray:
    """Return the bin of each run: the rank of its value, or its quantile where there are many values."""
    ranks = places(values).rank(method="dense").astype("int64")
    if ranks.nunique() > FEW and not is_named(values):
        ranks = pd.qcut(values, BINS, labels=False, duplicates="drop").astype("int64")
    return trials.map(ranks).to_numpy()


def _long(means: pd.DataFrame, quantity: str) -> pd.DataFrame:
    mean, width = means[quantity], means[quantity + SUFFIX]
    long = means.assign(quantity=quantity, mean=mean, low=mean - width, high=mean + width)
    return long[list(COLUMNS)]
