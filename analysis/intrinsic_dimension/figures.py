"""The data's dimension on the latent axis: frames in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.presentation.dots import trial_dots
from analysis.presentation.style import COLOURS, INK, LINES, QUIET, colour_bar, new_figure, scale_x, styled
from analysis.presentation.words import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@styled
def dimensions(table: pd.DataFrame, points: pd.DataFrame, plateau: pd.DataFrame, colour: str) -> Figure:
    """Draw active units over latent dimensions, all of them active as a faint line, and the data's dimension upright.

    `plateau` has value, best, best_low and best_high: active units where the objective is at its best; it may be empty.
    """
    figure = new_figure(3.2)
    axes = figure.subplots()
    dots = trial_dots(axes, points, "latent_dim", "active_units", colour, size=18)
    ends = [0, float(points["latent_dim"].max())]
    axes.plot(ends, ends, color=QUIET, linewidth=0.9, zorder=0, label="all active")
    if len(plateau):
        axes.plot(plateau["value"], plateau["best"], color=INK, zorder=3, label="best for the objective")
        axes.fill_between(
            plateau["value"], plateau["best_low"], plateau["best_high"], color=INK, alpha=0.15, linewidth=0
        )
    for index, row in enumerate(table.to_dict(orient="records"), 1):
        known = COLOURS[index]
        axes.axvspan(float(row["low"]), float(row["high"]), color=known, alpha=0.25, linewidth=0, zorder=0)
        place, name = float(row["dimension"]), row["estimator"]
        axes.axvline(place, color=known, linestyle=LINES[index], label=f"data, {name}")
    scale_x(axes, points["latent_dim"])
    axes.set(xlabel=label("latent_dim"), ylabel=label("active_units"))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    colour_bar(figure, dots, axes, points[colour])
    return figure
