"""Figures of training: frames in, figures out."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.presentation.style import COLOURS, LINES, new_figure, padded, styled
from analysis.presentation.words import label
from analysis.statistics.intervals import SUFFIX
from analysis.training.curves import SPLITS


@styled
def learning(curves: pd.DataFrame) -> Figure:
    """Draw the validation ELBO of first, median and last trial, and both splits of the first."""
    figure = new_figure(3.1)
    left, right = figure.subplots(1, 2)
    validation = curves[curves["split"] == "validation"]
    for index, name in enumerate(("first", "median", "last")):
        _curve(left, validation[validation["standing"] == name], name, COLOURS[index], LINES[index])
    best = curves[curves["standing"] == "first"]
    for index, split in enumerate(("validation", "train")):
        _curve(right, best[best["split"] == split], split, COLOURS[3 * index], LINES[index])
    for axes, shown in ((left, validation), (right, best)):
        settled = shown.loc[shown["epoch"] > shown["epoch"].max() / 10, "elbo_nats"]
        axes.set_ylim(*padded(settled.min(), settled.max()))
        axes.set(xlabel=label("epoch"), ylabel=label("elbo_nats"))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend(loc="best")
    left.set_title("validation ELBO of three trials", loc="left")
    right.set_title("first trial, both splits", loc="left")
    return figure


def _curve(axes: Axes, curve: pd.DataFrame, title: str, colour: object, line: str) -> None:
    """One mean over epochs with its interval over seeds; nothing where there is no such curve."""
    if curve.empty:
        return
    mean, width = curve["elbo_nats"], curve["elbo_nats" + SUFFIX].fillna(0.0)
    name = f"{title} (trial {curve['trial'].iloc[0]})" if title not in SPLITS else title
    axes.plot(curve["epoch"], mean, color=colour, linestyle=line, label=name)
    axes.fill_between(curve["epoch"], mean - width, mean + width, color=colour, alpha=0.2, linewidth=0)
