"""What a matplotlib figure drew, as arrays and words."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.container import BarContainer, ErrorbarContainer


def dots(axes: Axes) -> list[PathCollection]:
    """The scatters, in the order they were drawn."""
    return [part for part in axes.collections if isinstance(part, PathCollection)]


def places(scatter: PathCollection) -> np.ndarray:
    """(dot, 2)."""
    return np.asarray(scatter.get_offsets())


def line(axes: Axes, label: str) -> np.ndarray:
    """The one line of a label, (point, 2)."""
    (found,) = [part for part in axes.lines if str(part.get_label()).startswith(label)]
    return np.asarray(found.get_xydata())


def lines(axes: Axes, style: str = "-") -> list[np.ndarray]:
    """The lines of a style, each (point, 2)."""
    return [np.asarray(part.get_xydata()) for part in axes.lines if part.get_linestyle() == style]


def with_whiskers(axes: Axes) -> list[np.ndarray]:
    """The lines that have error bars, each (point, 2)."""
    groups = [part for part in axes.containers if isinstance(part, ErrorbarContainer)]
    return [np.asarray(group.lines[0].get_xydata()) for group in groups if group.lines[0] is not None]


def bars(axes: Axes, label: str) -> BarContainer:
    """The one group of bars of a label."""
    (found,) = [part for part in axes.containers if isinstance(part, BarContainer) and part.get_label() == label]
    return found


def widths(group: BarContainer) -> list[float]:
    return [float(patch.get_width()) for patch in group.patches]


def heights(group: BarContainer) -> list[float]:
    return [float(patch.get_height()) for patch in group.patches]


def whiskers(axes: Axes, direction: str) -> np.ndarray:
    """Ends of the error bars along x or y, (bar, 2), in the order they were drawn."""
    along = "xy".index(direction)
    segments = [
        np.asarray(segment)
        for part in axes.collections
        if isinstance(part, LineCollection)
        for segment in part.get_segments()
    ]
    return np.array([s[:, along] for s in segments if np.ptp(s[:, 1 - along]) == 0 and len(s) == 2])


def band(axes: Axes, at: float, which: int = 0) -> tuple[float, float]:
    """Lower and upper end at a place on x of a filled band."""
    (shape,) = [part for part in axes.collections if isinstance(part, PolyCollection)][which : which + 1]
    corners = np.concatenate([path.vertices for path in shape.get_paths()])
    own = corners[np.isclose(corners[:, 0], at), 1]
    return float(own.min()), float(own.max())


def words(axes: Axes) -> tuple[str, str]:
    """Labels of both axes, on one line each."""
    return axes.get_xlabel().replace("\n", " "), axes.get_ylabel().replace("\n", " ")


def ticks(axis: Any) -> list[str]:
    """The words at an axis's marks."""
    return [mark.get_text() for mark in axis.get_ticklabels()]


def picture(axes: Axes) -> np.ndarray:
    """The one image."""
    (found,) = axes.images
    return np.ma.filled(np.ma.asarray(found.get_array()).astype(float), np.nan)
