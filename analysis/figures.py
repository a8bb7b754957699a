"""The figures of a report: each is handed the numbers it shows and computes none."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.curves import SPLITS
from analysis.effects.effect import QUANTITIES
from analysis.presentation.style import (
    COLOUR_MAP,
    COLOURS,
    INK,
    LABELS,
    QUIET,
    colour_bar,
    new_figure,
    padded,
    rows_height,
    scale,
    scale_x,
    styled,
)
from analysis.statistics.intervals import SUFFIX

MOST_VECTORS = 1000
"""More dots than this are drawn as pixels within the SVG, which else takes megabytes."""
LINES = ("-", "--", ":")
"""Curves differ in line as well as in colour."""
LONGEST = 40
"""Characters of a sweep's name in a legend."""
MARKS = ("o", "s", "^", "D", "v")


@styled
def frontiers(points: pd.DataFrame) -> Figure:
    """Draw the frontiers of several sweeps in one plane: a colour, a mark and a line each."""
    figure = new_figure(4.6)
    axes = figure.subplots()
    for index, (name, own) in enumerate(points.groupby("sweep", sort=False)):
        colour, mark = COLOURS[index % len(COLOURS)], MARKS[index % len(MARKS)]
        axes.scatter(own["rate_nats"], own["distortion_nats"], s=22, color=colour, marker=mark, alpha=0.6, linewidths=0)
        hull = own[own["on_frontier"]].sort_values(["rate_nats", "distortion_nats"])
        line = LINES[index % len(LINES)]
        label = str(name)[:LONGEST].replace("$", r"\$")  # a dollar would begin a formula
        axes.plot(
            hull["rate_nats"], hull["distortion_nats"], color=colour, linestyle=line, marker=mark, markersize=4,
            label=label if not label.startswith("_") else f" {label}",
        )  # fmt: skip
    axes.set(xlabel=LABELS["rate_nats"], ylabel=LABELS["distortion_nats"])
    axes.legend(loc="upper right")
    return figure


@styled
def effects(means: pd.DataFrame, points: pd.DataFrame, parameter: str, colour: str) -> Figure:
    """Draw four panels of a parameter: each trial with its interval, and the mean with its band."""
    figure = new_figure(4.8)
    panels = figure.subplots(2, 2)
    for axes, quantity in zip(panels.flat, QUANTITIES, strict=True):
        dots = trial_dots(axes, points, parameter, quantity, colour, size=16)
        line = means[means["quantity"] == quantity]
        axes.plot(line["value"], line["mean"], color=INK, zorder=3, marker="o", markersize=2.5)
        axes.fill_between(line["value"], line["low"], line["high"], color=INK, alpha=0.18, linewidth=0, zorder=2)
        scale_x(axes, points[parameter])
        axes.set(xlabel=LABELS[parameter].replace(" (", "\n("), ylabel=LABELS[quantity])
    colour_bar(figure, dots, panels, points[colour])
    return figure


@styled
def learning(curves: pd.DataFrame) -> Figure:
    """Draw the validation ELBO of best, median and worst trial, and both splits of the best."""
    figure = new_figure(3.1)
    left, right = figure.subplots(1, 2)
    validation = curves[curves["split"] == "validation"]
    for index, name in enumerate(("best", "median", "worst")):
        _curve(left, validation[validation["standing"] == name], name, COLOURS[index], LINES[index])
    best = curves[curves["standing"] == "best"]
    for index, split in enumerate(("validation", "train")):
        _curve(right, best[best["split"] == split], split, COLOURS[3 * index], LINES[index])
    for axes, shown in ((left, validation), (right, best)):
        settled = shown.loc[shown["epoch"] > shown["epoch"].max() / 10, "elbo_nats"]
        axes.set_ylim(*padded(settled.min(), settled.max()))
        axes.set(xlabel=LABELS["epoch"], ylabel=LABELS["elbo_nats"])
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend(loc="best")
    left.set_title("validation ELBO of three trials", loc="left")
    right.set_title("best trial, both splits", loc="left")
    return figure


@styled
def kl_heat_map(kl: pd.DataFrame, order: str) -> Figure:
    """Draw the sorted KL per dimension, a row a trial by a rising parameter; what it lacks is blank."""
    cells = kl.pivot_table(index=[order, "trial"], columns="rank", values="kl_nats")
    figure = new_figure(rows_height(len(cells)))
    axes = figure.subplots()
    image = axes.imshow(
        cells, aspect="auto", cmap=COLOUR_MAP, interpolation="nearest", vmin=0,
        extent=(0.5, cells.shape[1] + 0.5, len(cells) - 0.5, -0.5),
    )  # fmt: skip
    rows = np.unique(np.linspace(0, len(cells) - 1, 12).round().astype(int))
    axes.set_yticks(rows, [f"{value:.3g}" for value in cells.index.get_level_values(order)[rows]])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set(xlabel="rank of the dimension (1 = largest KL)", ylabel=LABELS[order])
    bar = figure.colorbar(image, ax=axes, label=LABELS["kl_nats"], pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    return figure


@styled
def importance(table: pd.DataFrame) -> Figure:
    """Draw main and total share of variance of each parameter with their intervals, a panel an objective."""
    names = table["objective"].unique()
    figure = new_figure(1.0 + 1.3 * len(names))
    for axes, name in zip(figure.subplots(len(names), 1, squeeze=False).flat, names, strict=True):
        rows = table[table["objective"] == name]
        for index, share in enumerate(("total", "main")):
            places = np.arange(len(rows)) + (0.17 if index else -0.17)
            axes.barh(places, rows[share], 0.32, color=COLOURS[index], label=share)
            ends = [rows[share] - rows[f"{share}_low"], rows[f"{share}_high"] - rows[share]]
            axes.errorbar(rows[share], places, xerr=ends, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
        axes.set_yticks(range(len(rows)), [LABELS[parameter].partition(" (")[0] for parameter in rows["parameter"]])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel=f"share of the variance of {name} (from 0 to 1)", ylabel="parameter (name)")
        axes.legend(loc="lower right")
    return figure


def trial_dots(axes: Axes, points: pd.DataFrame, x: str, y: str, colour: str, size: float) -> PathCollection:
    """One dot a trial with its interval over seeds, coloured by a parameter."""
    across = points[x + SUFFIX].fillna(0.0) if x + SUFFIX in points else None
    up = points[y + SUFFIX].fillna(0.0)
    pixels = len(points) > MOST_VECTORS
    axes.errorbar(
        points[x], points[y], up, across, fmt="none", ecolor=QUIET, elinewidth=0.9, zorder=1,
        rasterized=pixels,
    )  # fmt: skip
    return axes.scatter(
        points[x], points[y], c=points[colour], norm=scale(points[colour]), cmap=COLOUR_MAP, s=size,
        edgecolors="white", linewidths=0.4, zorder=3, rasterized=pixels,
    )  # fmt: skip


def _curve(axes: Axes, curve: pd.DataFrame, label: str, colour: object, line: str) -> None:
    """One mean over epochs with its interval over seeds; nothing where there is no such curve."""
    if curve.empty:
        return
    mean, width = curve["elbo_nats"], curve["elbo_nats" + SUFFIX].fillna(0.0)
    name = f"{label} (trial {curve['trial'].iloc[0]})" if label not in SPLITS else label
    axes.plot(curve["epoch"], mean, color=colour, linestyle=line, label=name)
    axes.fill_between(curve["epoch"], mean - width, mean + width, color=colour, alpha=0.2, linewidth=0)
