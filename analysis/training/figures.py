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
    """Draw validation ELBO, rate and distortion of first, median and last trial, and both splits of the first."""
    figure = new_figure(5.4)
    panels = figure.subplots(2, 2)
    validation, best = curves[curves["split"] == "validation"], curves[curves["standing"] == "first"]
    for axes, column in zip(panels.flat, ("elbo_nats", "", "rate_nats", "distortion_nats"), strict=True):
        shown = validation if column else best
        if column:
            for index, name in enumerate(("first", "median", "last")):
                part = validation[validation["standing"] == name]
                _curve(axes, part, column, name, COLOURS[index], LINES[index])
        else:
            for index, split in enumerate(SPLITS):
                _curve(axes, best[best["split"] == split], "elbo_nats", split, COLOURS[3 * index], LINES[index])
        _frame(axes, shown, column or "elbo_nats")
    panels[0, 0].set_title("validation, three trials", loc="left")
    panels[0, 1].set_title("first trial, both splits", loc="left")
    for axes in panels[0]:
        axes.legend(loc="best")
    return figure


def _frame(axes: Axes, shown: pd.DataFrame, column: str) -> None:
    """What lies after the first tenth of the epochs."""
    settled = shown.loc[shown["epoch"] > shown["epoch"].max() / 10, column]
    axes.set_ylim(*padded(settled.min(), settled.max()))
    axes.set(xlabel=label("epoch"), ylabel=label(column))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _curve(axes: Axes, curve: pd.DataFrame, column: str, title: str, colour: object, line: str) -> None:
    """One mean over epochs with its interval over seeds; nothing where there is no such curve."""
    if curve.empty:
        return
    mean, width = curve[column], curve[column + SUFFIX].fillna(0.0)
    name = f"{title} (trial {curve['trial'].iloc[0]})" if title not in SPLITS else title
    axes.plot(curve["epoch"], mean, color=colour, linestyle=line, label=name)
    axes.fill_between(curve["epoch"], mean - width, mean + width, color=colour, alpha=0.2, linewidth=0)
