"""Which of two sweeps is better: their frontiers at equal rate, and the points that both have, with intervals."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.plane.frontier import area_below, frontier_corners
from analysis.statistics.intervals import LEVEL, SUFFIX, jackknife_half_width
from analysis.statistics.selection import finished, parameters_of

Floats = npt.NDArray[np.float64]
RATES = 5
"""At which frontiers are compared, evenly spaced from the one end to the other of the rates that both reach."""
COLUMNS = ("what", "rate_nats", "difference_nats", "difference_nats" + SUFFIX, "n", "is_paired", "is_told")
AT_RATE, ON_AVERAGE, SHARED = "distortion at equal rate", "distortion over the rates of both", "ELBO of shared points"


def differences(first: pd.DataFrame, second: pd.DataFrame, zero_rate_nats: float | None = None) -> pd.DataFrame:
    """Return by how much the second sweep is better than the first, in nats per test image, one row a comparison.

    COLUMNS: the fall of the frontier's distortion at RATES equal rates, that of its mean over these rates, and the rise
    of the mean ELBO over the points that both have, where there are any. The half-widths (95 %; of the equal rates, all
    together by Bonferroni) are of the jackknife over seeds, the frontier without one seed at a time. `is_paired`: the
    sweeps share n seeds, and what these have in common cancels; else their errors add. `is_told`: the interval lies on
    one side of 0. More trials reach a lower frontier, which no interval knows of. Where the sweeps have no rate in
    common there is no row at equal rate.
    """
    parts = [finished(runs) for runs in (first, second)]
    if any(part.empty for part in parts):
        return pd.DataFrame(columns=list(COLUMNS))
    seeds = [sorted(set(part["seed"])) for part in parts]
    shared = sorted(set(seeds[0]) & set(seeds[1]))
    is_paired = len(shared) > 1
    if is_paired:
        parts = [part[part["seed"].isin(shared)] for part in parts]
        seeds = [shared, shared]
    rows = [*_at_rates(parts, seeds, is_paired, zero_rate_nats), *_on_shared_points(parts, shared)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _at_rates(
    parts: Sequence[pd.DataFrame], seeds: Sequence[Sequence[int]], is_paired: bool, zero_rate_nats: float | None
) -> list[tuple[object, ...]]:
    spans = [frontier_corners(part)[:, 0] for part in parts]
    low, high = max(span[0] for span in spans), min(span[-1] for span in spans)
    if not low < high:
        return []
    rates = np.linspace(low, high, RATES)

    def heights(part: pd.DataFrame) -> Floats:
        """Of the frontier, at each rate and on average."""
        corners = frontier_corners(part, zero_rate_nats)
        return np.array([*np.interp(rates, *corners.T), area_below(corners, low, high) / (high - low)])

    falls = heights(parts[0]) - heights(parts[1])
    levels = [1 - (1 - LEVEL) / RATES] * RATES + [LEVEL]
    widths = [_half_width(heights, parts, seeds, is_paired, level)[place] for place, level in enumerate(levels)]
    count = min(map(len, seeds))
    named = [*((AT_RATE, rate) for rate in rates), (ON_AVERAGE, np.nan)]
    return [
        (what, rate, fall, width, count, is_paired, bool(abs(fall) > width))
        for (what, rate), fall, width in zip(named, falls, widths, strict=True)
    ]


def _half_width(
    measure: Callable[[pd.DataFrame], Floats],
    parts: Sequence[pd.DataFrame],
    seeds: Sequence[Sequence[int]],
    is_paired: bool,
    level: float,
) -> Floats:
    """Half the width of the jackknife's interval of the difference of a measure; NaN of one seed."""
    without = [
        np.array([measure(part[part["seed"] != seed]) for seed in own])
        if len(own) > 1
        else np.full((1, RATES + 1), np.nan)
        for part, own in zip(parts, seeds, strict=True)
    ]
    if is_paired:
        return jackknife_half_width(without[1] - without[0], level)
    return np.asarray(np.hypot(*(jackknife_half_width(values, level) for values in without)))


def _on_shared_points(parts: Sequence[pd.DataFrame], shared: Sequence[int]) -> list[tuple[object, ...]]:
    """The mean difference of the ELBO over the points and seeds that both sweeps have, Student's t over seeds."""
    names = [name for name in parameters_of(parts[0]) if name in parts[1]]
    if set(names) != set(parameters_of(parts[0])) | set(parameters_of(parts[1])):
        return []
    keys = [*names, "seed"]
    both = parts[0][[*keys, "elbo_nats"]].merge(parts[1][[*keys, "elbo_nats"]], on=keys)
    whole = both.groupby(names)["seed"].transform("nunique") == len(shared)
    by_seed = (both["elbo_nats_y"] - both["elbo_nats_x"])[whole].groupby(both["seed"][whole]).mean()
    if by_seed.empty:
        return []
    count = len(by_seed)
    width = float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * by_seed.std() / count**0.5) if count > 1 else np.nan
    mean = float(by_seed.mean())
    return [(SHARED, np.nan, mean, width, count, True, bool(abs(mean) > width))]
