"""Losses at equal rate: what one buys with the same nats."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.methods.weighted import by_seed, losses_of
from analysis.plane.frontier import area_below
from analysis.statistics.intervals import SUFFIX, half_width

RATE = "rate_nats"
COLUMNS = ("quantity", "loss", "than", "rate_low_nats", "rate_high_nats", "difference", "difference" + SUFFIX, "n")


def at_equal_rate(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return how much more of each quantity a loss has than an earlier one of vae's table at equal rate: COLUMNS.

    Each seed of a loss is a curve of the quantity over the rate in nats, straight between its weights (means over
    other hyperparameters). The difference is the mean vertical distance of two curves over the rates that every seed
    of both losses reaches, as Bjontegaard (2001, VCEG-M33) compares codecs; the half-width (95 %) is Student's over
    the n seeds. No row for two losses that share no interval of rates.
    """
    curves = {
        loss: {
            name: by_seed(runs[runs["loss"] == loss], name, ["weight"]) for name in dict.fromkeys([RATE, *quantities])
        }
        for loss in losses_of(runs)
    }
    rows = [
        (quantity, later, earlier, *_difference([curves[earlier], curves[later]], quantity))
        for earlier, later in combinations(curves, 2)
        for quantity in quantities
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).dropna(subset="difference", ignore_index=True)


def _difference(curves: Sequence[Mapping[str, pd.DataFrame]], quantity: str) -> tuple[float, float, float, float, int]:
    """The rates that two losses share, and the second's height above the first with its half-width and n seeds."""
    rates, values = [curve[RATE] for curve in curves], [curve[quantity] for curve in curves]
    seeds = sorted(set.intersection(*(set(table.columns) for table in (*rates, *values))))
    are_alike = all(list(rate.index) == list(value.index) for rate, value in zip(rates, values, strict=True))
    low, high = max(rate.min().max() for rate in rates), min(rate.max().min() for rate in rates)
    if not (seeds and are_alike and high > low):
        return np.nan, np.nan, np.nan, np.nan, 0
    first, second = (_heights(rate, value, seeds, low, high) for rate, value in zip(rates, values, strict=True))
    deviation = (second - first).std(ddof=1) if len(seeds) > 1 else np.nan
    width = half_width(pd.Series([deviation]), pd.Series([len(seeds)]))
    return low, high, float((second - first).mean()), float(width[0]), len(seeds)


def _heights(rates: pd.DataFrame, values: pd.DataFrame, seeds: Sequence[object], low: float, high: float) -> Float64:
    """Mean height of each seed's curve from low to high, (seed,)."""
    areas = []
    for seed in seeds:
        points = np.column_stack([rates[seed], values[seed]])
        areas.append(area_below(points[np.argsort(points[:, 0], kind="stable")], low, high))
    heights: Float64 = np.array(areas) / (high - low)
    return heights
