"""The rate-distortion plane: which trials no other trial, or mixture of two, beats."""

import numpy as np
import pandas as pd

from analysis.intervals import trial_means

QUANTITIES = ("rate_nats", "distortion_nats", "elbo_nats", "active_units")


def frontier(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a trial: test means over seeds with half-widths, `on_frontier` and `dominated`.

    The frontier is the lower-left convex hull of (rate, distortion), in nats per image: each of its points
    has the least D + beta R for some beta (Alemi et al. 2018, arXiv 1711.00464). AE runs and failed runs have
    no rate and are left out.
    """
    means = trial_means(runs, QUANTITIES)
    points = means[["rate_nats", "distortion_nats"]].to_numpy()
    return means.assign(on_frontier=on_lower_left_hull(points), dominated=dominated(points))


def on_lower_left_hull(points: np.ndarray) -> np.ndarray:
    """Return which points (point, 2) lie on the decreasing part of their lower hull, its edges included."""
    hull: list[np.ndarray] = []
    for point in np.unique(points, axis=0):
        if hull and point[1] >= hull[-1][1]:
            continue  # not lower than a point at its left
        while len(hull) > 1 and _turn(hull[-2], hull[-1], point) < 0:
            hull.pop()
        hull.append(point)
    corners = {tuple(point) for point in hull}
    return np.array([tuple(point) in corners for point in points], dtype=bool)


def dominated(points: np.ndarray) -> np.ndarray:
    """Return which points (point, coordinate) have another that is nowhere larger and somewhere smaller."""
    beaten = np.zeros(len(points), dtype=bool)
    # In lexicographic order a point comes after all that dominate it: only the undominated need a look.
    for index in np.lexsort(points.T[::-1]):
        if not beaten[index]:
            point = points[index]
            beaten |= (points >= point).all(axis=1) & (points > point).any(axis=1)
    return beaten


def _turn(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> float:
    """Twice the signed area of a triangle; negative where `second` lies above the line first-third."""
    there, on = second - first, third - first
    return float(there[0] * on[1] - there[1] * on[0])
