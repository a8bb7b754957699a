"""Figures of posterior health: frames in, figures out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.health.mixture import TERMS
from analysis.presentation.style import COLOURS, INK, LINES, QUIET, new_figure, padded, styled, tick
from analysis.statistics.intervals import SUFFIX

NAMES = ("mutual information", "total correlation", "dimension-wise KL")


@styled
def health(table: pd.DataFrame, bounds: Mapping[int, str], bound: str) -> Figure:
    """Draw where the rate of each run goes, and its bound (`bound` says on what) against the samples K."""
    figure = new_figure(2.2 + 0.3 * len(table))
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    _split(left, table)
    counts = list(bounds)
    for row, style in zip(table.to_dict(orient="records"), 10 * LINES, strict=False):
        values = [row[column] for column in bounds.values()]
        right.plot(counts, values, color=INK, linestyle=style, marker="o", markersize=3, label=f"run {row['run']}")
    right.set_xscale("log")
    tick(right.xaxis, pd.Series(counts, dtype=float), wide=True)
    right.set(xlabel="importance samples K (count)", ylabel=f"{bound}\n(nats per image)")
    right.legend(loc="lower right")
    return figure


def _split(axes: Axes, table: pd.DataFrame) -> None:
    """A bar a run: its terms one after the other, a negative one to the left of 0."""
    places = np.arange(len(table))
    after, before = np.zeros(len(table)), np.zeros(len(table))
    for term, name, colour in zip(TERMS, NAMES, COLOURS, strict=False):
        nats = table[term].to_numpy(float)
        axes.barh(places, nats, left=np.where(nats >= 0, after, before), color=colour, height=0.6, label=name)
        after, before = after + nats.clip(min=0.0), before + nats.clip(max=0.0)
    axes.plot(table["rate_nats"], places, linestyle="none", marker="|", markersize=13, color=INK, label="rate R")
    cap = float(table["log_images_nats"].iloc[0])
    axes.axvline(cap, color=QUIET, linestyle="--", linewidth=1.0, label="log N")
    axes.set_yticks(places, [f"run {run}" for run in table["run"]])
    axes.set(xlabel="nats per image", ylim=(len(table) - 0.5, -0.5))
    axes.spines["left"].set_visible(False)
    axes.figure.legend(loc="outside upper left", ncols=5, handlelength=1.2, columnspacing=1.2)


@styled
def dimensions(dims: pd.DataFrame) -> Figure:
    """Draw KL beside decoder use, a pair a dimension, in the order of the frame."""
    figure = new_figure(2.6)
    axes = figure.subplots()
    places = np.arange(len(dims))
    pairs = (("kl_nats", "KL to the prior", COLOURS[0]), ("decoder_use_nats", "ELBO lost when permuted", COLOURS[1]))
    for shift, (column, name, colour) in zip((-0.2, 0.2), pairs, strict=True):
        axes.bar(places + shift, dims[column], width=0.4, color=colour, label=name)
    if len(dims) <= 40:
        axes.set_xticks(places, [str(dim) for dim in dims["dim"]])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    order = "number" if len(dims) <= 40 else "rank by KL, from 0"
    axes.set(xlabel=f"latent dimension ({order})", ylabel="nats per image")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@styled
def collapse(curves: pd.DataFrame) -> Figure:
    """Draw the share of collapsed dimensions against the threshold, a line a trial with its interval over seeds."""
    figure = new_figure(2.9)
    axes = figure.subplots()
    for index, (standing, curve) in enumerate(curves.groupby("standing")):
        label = f"{standing} (trial {curve['trial'].iloc[0]}, beta {curve['beta'].iloc[0]:.3g})"
        mean, width = curve["collapsed_share"], curve["collapsed_share" + SUFFIX].fillna(0.0)
        style = {"color": COLOURS[index], "linewidth": 1.6}
        axes.step(curve["epsilon_nats"], mean, where="post", linestyle=LINES[index], label=label, **style)
        axes.fill_between(
            curve["epsilon_nats"], (mean - width).clip(0, 1), (mean + width).clip(0, 1), step="post",
            color=COLOURS[index], alpha=0.15, linewidth=0,
        )  # fmt: skip
    axes.set_xscale("log")
    tick(axes.xaxis, pd.Series([1e-3, 1e-2, 1e-1, 1.0]), wide=True)
    axes.set_ylim(*padded(0.0, 1.0, 0.04))
    axes.set(xlabel="epsilon: threshold of the KL (nats)", ylabel="collapsed dimensions (share)")
    figure.legend(loc="outside upper left", ncols=3)
    return figure
