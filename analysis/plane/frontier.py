"""The rate-distortion plane: which trials no other trial, or mixture of two, beats, and the area below those."""

import numpy as np
import pandas as pd

from analysis.statistics.dominance import dominated, on_lower_left_hull
from analysis.statistics.intervals import SUFFIX, jackknife_half_width, trial_means
from analysis.statistics.selection import finished

PLANE = ("rate_nats", "distortion_nats")
QUANTITIES = ("rate_nats", "distortion_nats", "elbo_nats", "active_units")


def frontier(runs: pd.DataFrame, zero_rate_nats: float | None = None) -> pd.DataFrame:
    """Return one row a trial: test means over seeds with half-widths, `on_frontier` and `dominated`.

    The frontier is the lower-left convex hull of (rate, distortion), in nats per image: each of its points
    has the least D + beta R for some beta (Alemi et al. 2018, arXiv 1711.00464). With `zero_rate_nats` the
    point (0, D0) of a decoder that is told nothing belongs to the hull, and dominates whoever is no better. AE
    runs and failed runs have no rate and are left out.
    """
    means = trial_means(runs, QUANTITIES)
    points, own = _with_zero_rate(means[list(PLANE)].to_numpy(), zero_rate_nats)
    return means.assign(on_frontier=on_lower_left_hull(points)[own], dominated=dominated(points)[own])


def frontier_corners(runs: pd.DataFrame, zero_rate_nats: float | None = None) -> np.ndarray:
    """Return the frontier of the trials' means as (corner, 2): rate and distortion in nats, by rising rate."""
    points, _ = _with_zero_rate(trial_means(runs, PLANE)[list(PLANE)].to_numpy(), zero_rate_nats)
    corners: np.ndarray = np.unique(points[on_lower_left_hull(points)], axis=0)
    return corners


def frontier_area(
    runs: pd.DataFrame, zero_rate_nats: float | None = None, until_rate_nats: float | None = None
) -> pd.DataFrame:
    """Return one row: the area under the frontier in square nats and its mean height in nats, with half-widths.

    The integral of the frontier's D over R, above D = 0, from `rate_low_nats` (0 with a zero-rate point, else the rate
    of the frontier's first point) to `rate_high_nats` (`until_rate_nats`, else the rate of its last point); beyond its
    ends the frontier goes on level. Beta has no part in it. Two sweeps of the same data and likelihood compare over the
    same interval: give both the same `until_rate_nats`; smaller is better. The half-width (95 %) is of the jackknife
    over the n seeds: the frontier and its area without one seed at a time, over the same interval. Where no VAE run is
    finished there is no row.
    """
    corners = frontier_corners(runs, zero_rate_nats)
    if not len(corners):
        return pd.DataFrame(columns=list(AREA))
    low, high = corners[0, 0], corners[-1, 0] if until_rate_nats is None else until_rate_nats
    seeds = sorted(set(finished(runs)["seed"]))
    kept = [runs[runs["seed"] != seed] for seed in seeds] if len(seeds) > 1 else []
    areas = [area_below(frontier_corners(part, zero_rate_nats), low, high) for part in kept]
    area, width = area_below(corners, low, high), float(jackknife_half_width(np.array(areas)))
    span = high - low or np.nan
    row = (
        np.nan if zero_rate_nats is None else zero_rate_nats,
        low,
        high,
        area,
        width,
        area / span,
        width / span,
        len(seeds),
    )
    return pd.DataFrame([row], columns=list(AREA))


AREA = (
    "zero_rate_nats",
    "rate_low_nats",
    "rate_high_nats",
    "area_nats2",
    "area_nats2" + SUFFIX,
    "mean_distortion_nats",
    "mean_distortion_nats" + SUFFIX,
    "n",
)


def area_below(corners: np.ndarray, low: float, high: float) -> float:
    """Return the integral from low to high of the line through (corner, 2), level beyond its ends."""
    x, y = corners.T
    places = np.concatenate([[low], x[(x > low) & (x < high)], [high]])
    return float(np.trapezoid(np.interp(places, x, y), places))


def _with_zero_rate(points: np.ndarray, nats: float | None) -> tuple[np.ndarray, slice]:
    """Put the point (0, D0) before the others, where there is one; and where the others then stand."""
    return (points, slice(None)) if nats is None else (np.vstack([[0.0, nats], points]), slice(1, None))
