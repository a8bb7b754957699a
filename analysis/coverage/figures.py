"""Figures of coverage: frames in, figures out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.arrays import Floating
from analysis.coverage.registry import METRICS, SERIES, spoken
from analysis.presentation.style import COLOURS, INK, QUIET, line_of, new_figure, scale_x, styled
from analysis.presentation.words import label
from analysis.statistics.names import places

MARKS: dict[tuple[str, str], Any] = dict(zip(SERIES, ((INK, "o"), *zip(COLOURS, "s^D", strict=False)), strict=True))


@styled
def by_parameter(curves: pd.DataFrame, parameter: str, metrics: list[str]) -> Figure:
    """Draw metrics against a parameter, a panel each: VAE and AE with intervals, floor and matched value."""
    columns = 3 if len(metrics) % 3 == 0 else min(len(metrics), 2)
    rows = -(-len(metrics) // columns)
    figure = new_figure(2.0 * rows + 0.5)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, metric in zip(panels, metrics, strict=True):
        _panel(axes, curves[curves["metric"] == metric], parameter, metric)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def _panel(axes: Any, curves: pd.DataFrame, parameter: str, metric: str) -> None:
    for (model, prior), (colour, mark) in MARKS.items():
        line = curves[(curves["model"] == model) & (curves["prior"] == prior)]
        axes.errorbar(
            places(line[parameter], among=curves[parameter]),
            line["value"],
            yerr=line["value_half_width"].fillna(0),
            color=colour,
            marker=mark,
            markersize=3.5,
            linestyle=line_of(curves[parameter]),
            linewidth=1.2,
            capsize=2,
            label=SERIES[model, prior],
        )
    for model, colour in (("vae", INK), ("ae", QUIET)):
        floor = curves[curves["model"] == model].groupby(parameter)["floor"].first()
        axes.plot(
            places(floor.index.to_series(), among=curves[parameter]),
            floor,
            color=colour,
            linestyle="--",
            linewidth=1,
            zorder=1,
        )
    about = METRICS[metric]
    if about.matched is not None:
        axes.axhline(about.matched, color=QUIET, linestyle=":", linewidth=1, zorder=1)
    if about.unit.startswith("prior"):
        axes.set_yscale("log")
    if about.unit.startswith(("share", "probability")):  # an interval of few seeds reaches beyond what can be
        axes.set_ylim(-0.04, 1.04)
    scale_x(axes, curves[parameter])
    axes.set_title(spoken(metric), loc="left")
    axes.set(xlabel=label(parameter).replace(" (", "\n("), ylabel=about.unit)


@styled
def latent_maps(points: pd.DataFrame) -> Figure:
    """Draw codes and prior draws in the plane of the codes' first two principal axes, a panel a model and prior."""
    figure = new_figure(2.6)
    panels = figure.subplots(1, len(SERIES), squeeze=False)[0]
    for axes, ((model, prior), title) in zip(panels, SERIES.items(), strict=True):
        shown = points[(points["model"] == model) & (points["prior"] == prior)]
        for kind, colour, words in (("draw", COLOURS[1], "prior draws"), ("code", INK, "codes")):
            part = shown[shown["kind"] == kind]
            axes.scatter(part["x"], part["y"], s=4, color=colour, alpha=0.5, linewidths=0, label=words)
        axes.set_title(title, loc="left")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("first axis\n(latent units)")
    panels[0].set_ylabel("second axis (latent units)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, markerscale=2)
    return figure


@styled
def decoded(images: list[Floating]) -> Figure:
    """Draw decoded images, (image, height, width[, channel]) for each of SERIES, a row each."""
    strips = [np.concatenate(list(np.clip(row, 0, 1)), axis=1) for row in images]
    height, width = strips[0].shape[:2]
    figure = new_figure(min(7.0, 6.4 * len(strips) * height / width + 0.3))
    for axes, strip, title in zip(figure.subplots(len(strips), 1), strips, SERIES.values(), strict=True):
        axes.imshow(strip, cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_ylabel(title, rotation=0, ha="right", va="center")
        axes.spines[:].set_visible(False)
    return figure
