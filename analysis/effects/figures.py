"""Figures of a parameter's effect: frames in, figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from analysis.presentation.dots import draw_means, trial_dots
from analysis.presentation.style import COLOUR_MAP, COLOURS, INK, colour_bar, is_wide, new_figure, scale_x, styled, tick
from analysis.presentation.words import label
from analysis.statistics.names import is_named, places

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

PANEL_HEIGHT = 2.4
LEVELS = 12
"""Of a map's contours."""


@styled
def effects(means: pd.DataFrame, points: pd.DataFrame, parameter: str, colour: str, notes: Mapping[str, str]) -> Figure:
    """Draw a parameter's effect, a panel a quantity: each trial with its interval, and what is known between them.

    `notes` has the quantities to draw, in order, and what stands above each panel.
    """
    rows = -(-len(notes) // 2)
    figure = new_figure(PANEL_HEIGHT * rows)
    every = list(figure.subplots(rows, 2, squeeze=False).flat)
    panels = every[: len(notes)]
    for axes, (quantity, note) in zip(panels, notes.items(), strict=True):
        dots = trial_dots(axes, points, parameter, quantity, colour, size=16)
        line = means[means["quantity"] == quantity]
        if len(line):
            draw_means(axes, line, points[parameter])
        if "best" in line and line["best"].notna().any():
            _draw_best(axes, line, points[parameter])
        scale_x(axes, points[parameter])
        axes.set(xlabel=label(parameter).replace(" (", "\n("), ylabel=label(quantity).replace(" (", "\n("))
        axes.set_title(note, loc="left", fontsize=8)
    for axes in every[len(notes) :]:
        axes.remove()
    colour_bar(figure, dots, panels, points[colour])
    return figure


def _draw_best(axes: Axes, line: pd.DataFrame, values: pd.Series) -> None:
    """Draw what is reached where the others are at their best: dashed, or open marks beside those of names."""
    across, best = places(line["value"], among=values), line["best"]
    if is_named(values):
        whiskers = best - line["best_low"], line["best_high"] - best
        axes.errorbar(
            across + 0.15, best, whiskers, fmt="s", color=COLOURS[1], markersize=4, markerfacecolor="white",
            elinewidth=1.2, capsize=3, zorder=3,
        )  # fmt: skip
        return
    axes.plot(across, best, color=COLOURS[1], linestyle="--", zorder=3)
    axes.fill_between(across, line["best_low"], line["best_high"], color=COLOURS[1], alpha=0.15, linewidth=0, zorder=1)


@styled
def objective_map(table: pd.DataFrame, trials: pd.DataFrame, first: str, second: str, words: str) -> Figure:
    """Draw the best that two parameters reach together, and half the width of its interval; dots are trials."""
    figure = new_figure(3.0)
    for axes, column, of in zip(figure.subplots(1, 2), ("best", "half_width"), (words, "± (95 %)"), strict=True):
        across, up = places(table[first], among=trials[first]), places(table[second], among=trials[second])
        cells = table.assign(across=across, up=up).pivot_table(index="up", columns="across", values=column)
        drawn = axes.pcolormesh(
            cells.columns, cells.index, cells, shading="nearest", cmap=COLOUR_MAP, rasterized=True, zorder=0
        )
        if column == "best" and not is_named(trials[first]) and not is_named(trials[second]) and min(cells.shape) > 1:
            axes.contour(cells.columns, cells.index, cells, LEVELS, colors="white", linewidths=0.5, linestyles="solid")
        axes.scatter(places(trials[first]), places(trials[second]), s=9, color="white", edgecolors=INK, linewidths=0.6)
        scale_x(axes, trials[first])
        _scale_y(axes, trials[second])
        axes.set(xlabel=label(first), ylabel=label(second))
        bar = figure.colorbar(drawn, ax=axes, label=of, pad=0.02, aspect=25)
        bar.outline.set_visible(False)
    return figure


def _scale_y(axes: Axes, values: pd.Series) -> None:
    if is_wide(values):
        axes.set_yscale("log")
    tick(axes.yaxis, values)
