"""Figures that compare losses: frames in, figures out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.methods.differences import AT
from analysis.methods.methods import WITHOUT_SCORES
from analysis.methods.weighted import losses_of
from analysis.presentation.dots import draw_means
from analysis.presentation.style import COLOURS, INK, LINES, QUIET, new_figure, scale_x, styled
from analysis.presentation.words import label
from analysis.statistics.dominance import on_lower_left_hull
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.names import levels
from vae.loss_table import LOSSES

MARKS = dict(zip(LOSSES, "osD^vP", strict=True))
INKS = {loss: COLOURS[place] for place, loss in enumerate(LOSSES)}
"""A loss has one mark and one colour in every figure."""


@styled
def by_weight(means: pd.DataFrame, points: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Draw scores over weights, a row a score, a column a loss with its own axis: trials as dots, means as a line."""
    losses = levels(means["loss"])
    figure = new_figure(0.6 + 1.5 * len(scores))
    panels = figure.subplots(len(scores), len(losses), squeeze=False, sharey="row")
    for place, (row, score) in enumerate(zip(panels, scores, strict=True)):
        for axes, loss in zip(row, losses, strict=True):
            line = means[(means["loss"] == loss) & (means["quantity"] == score)]
            dots = points[points["loss"] == loss]
            own = dots["weight"].rename(str(dots["weight_of"].iloc[0]))
            axes.scatter(own, dots[score], s=8, color=QUIET, linewidths=0, zorder=1)
            draw_means(axes, line, own)
            scale_x(axes, own)
            axes.tick_params(axis="x", labelsize=7, rotation=45 if len(losses) > 3 else 0)
            if place == 0:
                axes.set_title(loss, loc="left")
            axes.set(xlabel=label(str(own.name)).replace(" (", "\n("), ylabel=_label(score))
            axes.xaxis.label.set_visible(place == len(scores) - 1)
            axes.yaxis.label.set_visible(axes is row[0])
    return figure


def _label(quantity: str) -> str:
    """A score, or what stands for one, with its unit."""
    return label(quantity) if quantity in WITHOUT_SCORES else f"{quantity} (no unit)"


@styled
def plane(points: pd.DataFrame, quantities: Mapping[str, str]) -> Figure:
    """Draw trials by loss, a panel a quantity (its label) over the rate, with intervals; D with each loss's hull."""
    rows = -(-len(quantities) // 2)
    figure = new_figure(0.5 + 2.4 * rows)
    panels = figure.subplots(rows, min(2, len(quantities)), squeeze=False).ravel()
    for axes, (quantity, words) in zip(panels, quantities.items(), strict=False):
        for place, loss in enumerate(losses_of(points)):
            own = points[points["loss"] == loss]
            across, up = (own[name + SUFFIX].fillna(0.0) for name in ("rate_nats", quantity))
            axes.errorbar(
                own["rate_nats"], own[quantity], up, across, fmt=MARKS.get(loss, "o"),
                color=INKS.get(loss, INK), ecolor=QUIET, elinewidth=0.8, markersize=4, label=loss, zorder=3,
            )  # fmt: skip
            if quantity == "distortion_nats":
                _hull(axes, own, LINES[place % len(LINES)], INKS.get(loss, INK))
        axes.set(xlabel=label("rate_nats"), ylabel=words)
    panels[0].legend(loc="best")
    for axes in panels[len(quantities) :]:
        axes.remove()
    return figure


def _hull(axes: Axes, points: pd.DataFrame, line: str, colour: object) -> None:
    corners = points[["rate_nats", "distortion_nats"]].to_numpy(float)
    hull = np.unique(corners[on_lower_left_hull(corners)], axis=0)
    axes.plot(*hull.T, color=colour, linestyle=line, linewidth=1.1, zorder=2)


@styled
def shares(table: pd.DataFrame) -> Figure:
    """Draw the share of each source with its interval, a row a score."""
    names, sources = list(dict.fromkeys(table["quantity"])), list(dict.fromkeys(table["source"]))
    figure = new_figure(1.1 + 0.34 * len(names))
    axes = figure.subplots()
    for place, source in enumerate(sources):
        rows = table[table["source"] == source]
        heights = np.array([names.index(name) for name in rows["quantity"]]) + 0.2 * (place - (len(sources) - 1) / 2)
        axes.errorbar(
            rows["share"], heights, xerr=rows["share" + SUFFIX].fillna(0.0), fmt="osD"[place], color=COLOURS[place],
            markersize=4.5, elinewidth=1.1, capsize=2, label=source.replace("_", " "),
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set(xlim=(-0.08, 1.08), xlabel="share of the variance over runs (from 0 to 1)", ylabel="score (name)")
    axes.axvline(0.0, color=QUIET, linewidth=0.8, zorder=0)
    figure.legend(loc="outside upper center", ncols=len(sources))
    return figure


@styled
def differences(table: pd.DataFrame, pairs: Sequence[str]) -> Figure:
    """Draw paired differences, a panel a quantity, a row a pair (named by `pairs`, a name a row of the table).

    Thick bars are each difference's own interval, thin ones as wide as for all pairs.
    """
    quantities, names = list(dict.fromkeys(table["quantity"])), list(dict.fromkeys(pairs))
    rows = table.assign(pair=[names.index(pair) for pair in pairs])
    figure = new_figure(0.9 + 0.24 * len(names))
    panels = figure.subplots(1, len(quantities), squeeze=False, sharey=True).ravel()
    places = AT if "at" in table else ("",)
    for axes, quantity in zip(panels, quantities, strict=True):
        axes.axvline(0.0, color=QUIET, linewidth=0.8, zorder=0)
        for place, at in enumerate(places):
            own = rows[(rows["quantity"] == quantity) & ((rows["at"] == at) if at else True)]
            heights, colour = own["pair"] + 0.26 * (place - (len(places) - 1) / 2), COLOURS[place] if at else INK
            for column, width in (("difference", 2.2), ("among_all", 0.8)):
                axes.errorbar(
                    own["difference"], heights, xerr=own[column + SUFFIX], fmt="none", ecolor=colour, elinewidth=width
                )
            axes.plot(own["difference"], heights, "o", color=colour, markersize=4, label=at)
        axes.set(xlabel="difference of\n" + _label(quantity), ylabel="pair (names)")
        axes.yaxis.label.set_visible(axes is panels[0])
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    if len(places) > 1:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


@styled
def ranking(trials: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Draw each score over UDR, a panel a score, a dot a trial, marked by loss."""
    figure = new_figure(2.4)
    panels = figure.subplots(1, len(scores), squeeze=False).ravel()
    for axes, score in zip(panels, scores, strict=True):
        for loss in losses_of(trials):
            own = trials[trials["loss"] == loss]
            axes.plot(
                own["udr"],
                own[score],
                MARKS.get(loss, "o"),
                color=INKS.get(loss, INK),
                markersize=4,
                linestyle="none",
                label=loss,
            )
        axes.set(xlabel="UDR (no unit)", ylabel=_label(score))
    if len(losses_of(trials)) > 1:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure
