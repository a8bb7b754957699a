"""Figures of the rate-distortion plane: each is handed the numbers it shows and computes none."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.presentation.dots import trial_dots
from analysis.presentation.style import (
    COLOUR_MAP,
    COLOURS,
    INK,
    QUIET,
    colour_bar,
    colour_by,
    new_figure,
    padded,
    panel,
    scale,
    styled,
    tick,
)
from analysis.presentation.words import label, number
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.names import places

FILLED = 0.4
"""Share of each axis that trials must fill for the zero-rate point to lie within the frame."""


@styled
def rate_distortion(
    points: pd.DataFrame,
    corners: np.ndarray,
    ringed: Mapping[str, int],
    colour: str,
    zero_rate: float | None,
    into: Axes | None = None,
) -> Figure:
    """Draw trials by `colour`, the frontier through (corner, 2), lines of equal ELBO, rings around `ringed`."""
    figure, axes = panel(4.6, into)
    dots = trial_dots(axes, points, "rate_nats", "distortion_nats", colour, size=34)
    axes.plot(*corners.T, color=INK, linewidth=1.2, zorder=2, label="frontier")
    for (name, trial), shade, size in zip(ringed.items(), (COLOURS[3], INK), (130, 200), strict=False):
        ring = points[points["trial"] == trial]
        axes.scatter(
            ring["rate_nats"], ring["distortion_nats"], s=size, facecolors="none", edgecolors=shade,
            linewidths=1.6, zorder=4, label=f"{name} trial ({trial})",
        )  # fmt: skip
    _frame(axes, points, zero_rate)
    _equal_elbo(axes)
    _zero_rate_point(axes, zero_rate)
    axes.set(xlabel=label("rate_nats"), ylabel=label("distortion_nats"))
    axes.legend(loc="upper right", frameon=True, facecolor="white", edgecolor="white", framealpha=0.9)
    colour_bar(figure, dots, axes, points[colour])
    return figure


@styled
def frontier_area(area: pd.DataFrame, corners: np.ndarray, zero_rate: float | None) -> Figure:
    """Draw the frontier through (corner, 2), the area below it, and its mean height with the interval over seeds."""
    figure = new_figure(3.0)
    axes = figure.subplots()
    row = area.iloc[0]
    low, high = row["rate_low_nats"], row["rate_high_nats"]
    axes.fill_between(*corners.T, color=COLOURS[0], alpha=0.18, linewidth=0, label="area")
    axes.plot(*corners.T, color=INK, marker="o", markersize=3, label="frontier", zorder=3)
    mean, width = row["mean_distortion_nats"], row["mean_distortion_nats" + SUFFIX]
    axes.plot((low, high), (mean, mean), color=COLOURS[3], linestyle="--", linewidth=1.2, label="mean height")
    if np.isfinite(width):
        axes.fill_between((low, high), mean - width, mean + width, color=COLOURS[3], alpha=0.2, linewidth=0)
    axes.set_xlim(*padded(low, high, 0.03))
    axes.set_ylim(min(0.0, 1.05 * corners[:, 1].min()), max(0.0, 1.1 * corners[:, 1].max()))
    _zero_rate_point(axes, zero_rate)
    axes.set(xlabel=label("rate_nats"), ylabel=label("distortion_nats"))
    axes.legend(loc="lower left", ncols=4)
    return figure


@styled
def convergence(pairs: pd.DataFrame) -> Figure:
    """Draw -slope of each pair against beta, both logarithmic: its two betas across, its interval over seeds up."""
    figure = new_figure(3.6)
    axes = figure.subplots()
    shown = pairs[(pairs["slope"] < 0) & (pairs["beta_low"] > 0)]
    beta, steepness = -shown["expected"], -shown["slope"]
    betas = shown["beta_low"].min(), shown["beta_high"].max()
    axes.plot(betas, betas, color=QUIET, linewidth=1.2, zorder=1, label="−dD/dR = beta")
    floor = min(betas[0], steepness.min()) / 2
    up = shown["slope" + SUFFIX].fillna(0.0)
    down = np.minimum(up, steepness - floor / 10)  # a logarithmic axis has no place below 0
    across = (beta - shown["beta_low"], shown["beta_high"] - beta)
    axes.errorbar(beta, steepness, (down, up), across, fmt="none", ecolor=INK, elinewidth=0.9, zorder=2)
    colour = colour_by(pairs)
    colours = places(shown[colour], among=pairs[colour])
    dots = axes.scatter(
        beta, steepness, c=colours, norm=scale(pairs[colour]), cmap=COLOUR_MAP, s=34, edgecolors="white",
        linewidths=0.4, zorder=3, label="pair of trials",
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=label("beta"), ylabel="−dD/dR (nats of D for a nat of R)")
    axes.set_ylim(floor, 2 * max(betas[1], steepness.max()))
    for axis in (axes.xaxis, axes.yaxis):
        tick(axis, pd.concat([shown["beta_low"], shown["beta_high"]]), wide=True)
    axes.legend(loc="upper left")
    colour_bar(figure, dots, axes, pairs[colour])
    return figure


def _frame(axes: Axes, points: pd.DataFrame, zero_rate: float | None) -> None:
    """Frame the trials, and the zero-rate point where they still fill the frame with it."""
    spans = [(points[name].min(), points[name].max()) for name in ("rate_nats", "distortion_nats")]
    if zero_rate is not None:
        wider = [
            (min(low, value), max(high, value)) for (low, high), value in zip(spans, (0.0, zero_rate), strict=True)
        ]
        if all(b - a >= FILLED * (d - c) for (a, b), (c, d) in zip(spans, wider, strict=True)):
            spans = wider
    axes.set(xlim=padded(*spans[0]), ylim=padded(*spans[1]))


def _zero_rate_point(axes: Axes, zero_rate: float | None) -> None:
    """Mark (0, D0), or where it lies outside the frame say where at the edge that is nearest."""
    if zero_rate is None:
        return
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    if left <= 0 <= right and bottom <= zero_rate <= top:
        place, text = (0.0, zero_rate), "zero-rate point (0, D0)"
    else:
        place, text = (np.nan, np.nan), f"zero-rate point outside: R = 0, D0 = {number(zero_rate)} nats"
    axes.plot(*place, marker="D", markersize=6, color=COLOURS[1], linestyle="none", zorder=5, label=text)


def _equal_elbo(axes: Axes) -> None:
    """Faint lines on which R + D, and so the ELBO, is the same; the value stands at the lower end."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for level in MaxNLocator(7).tick_values(left + bottom, right + top):
        start, end = max(left, level - top), min(right, level - bottom)
        if end - start > 0.1 * (right - left):
            axes.plot((start, end), (level - start, level - end), color="0.88", linewidth=0.8, zorder=0)
            axes.annotate(
                f"ELBO {-level:g}".replace("-", "−"), (end, level - end), xytext=(-2, 2),
                textcoords="offset points", fontsize=6.5, color="0.5", ha="right", va="bottom", zorder=0,
            )  # fmt: skip
    axes.set(xlim=(left, right), ylim=(bottom, top))
