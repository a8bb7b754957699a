"""Trials as dots and means over them: the marks that several figures share."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from analysis.presentation.style import COLOUR_MAP, INK, QUIET, scale
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.names import is_named, places

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


def draw_means(axes: Axes, means: pd.DataFrame, values: pd.Series) -> None:
    """Draw a parameter's means with their intervals: a line with a band, or marks with whiskers between names.

    `means` has value, mean, low and high; `values` are the parameter's of all trials.
    """
    across, mean = places(means["value"], among=values), means["mean"]
    if is_named(values):
        whiskers = (mean - means["low"]).fillna(0.0), (means["high"] - mean).fillna(0.0)
        axes.errorbar(across, mean, whiskers, fmt="o", color=INK, markersize=4, elinewidth=1.6, capsize=3, zorder=3)
        return
    axes.plot(across, mean, color=INK, zorder=3, marker="o", markersize=2.5)
    axes.fill_between(across, means["low"], means["high"], color=INK, alpha=0.18, linewidth=0, zorder=2)
