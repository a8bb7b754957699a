"""Trials as dots: the mark that several figures share."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from analysis.presentation.style import COLOUR_MAP, QUIET, scale
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.names import places

MOST_VECTORS = 1000
"""More dots than this are drawn as pixels within the SVG, which else takes megabytes."""


def trial_dots(axes: Axes, points: pd.DataFrame, x: str, y: str, colour: str, size: float) -> PathCollection:
    """Draw one dot a trial with its interval over seeds, coloured by a parameter."""
    across = points[x + SUFFIX].fillna(0.0) if x + SUFFIX in points else None
    up = points[y + SUFFIX].fillna(0.0)
    pixels = len(points) > MOST_VECTORS
    axes.errorbar(
        places(points[x]), points[y], up, across, fmt="none", ecolor=QUIET, elinewidth=0.9, zorder=1,
        rasterized=pixels,
    )  # fmt: skip
    return axes.scatter(
        places(points[x]), points[y], c=places(points[colour]), norm=scale(points[colour]), cmap=COLOUR_MAP, s=size,
        edgecolors="white", linewidths=0.4, zorder=3, rasterized=pixels,
    )  # fmt: skip
