"""Points in a space where less is better: which no other beats, and which no mixture of two beats."""

import numpy as np


def dominated(points: np.ndarray) -> np.ndarray:
    """Return which points (point, coordinate) have another that is nowhere larger and somewhere smaller."""
    beaten = np.zeros(len(points), dtype=bool)
    # In lexicographic order a point comes after all that dominate it: only the undominated need a look.
    for index in np.lexsort(points.T[::-1]):
        if not beaten[index]:
            point = points[index]
            beaten |= (points >= point).all(axis=1) & (points > point).any(axis=1)
    return beaten


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


def _turn(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> float:
    """Twice the signed area of a triangle; negative where `second` lies above the line first-third."""
    there, on = second - first, third - first
    return float(there[0] * on[1] - there[1] * on[0])
