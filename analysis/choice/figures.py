"""The choice as a figure: what each trial gives up, with its interval."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.style import COLOURS, new_figure, styled
from analysis.statistics.intervals import SUFFIX

MOST_DRAWN = 24
"""Trials, the best first: of the others it is known that they are worse, or nearly."""


@styled
def shortfalls(candidates: pd.DataFrame, recommended: int, unit: str) -> Figure:
    """Draw by how much each trial falls short of the best, with simultaneous 95 % intervals, the nearest first."""
    shown = candidates.head(MOST_DRAWN).reset_index(drop=True)
    figure = new_figure(1.2 + 0.17 * len(shown))
    axes = figure.subplots()
    taken = shown["trial"] == recommended
    groups = (
        ("worse", shown["is_worse"], COLOURS[-1], "o"),
        ("not told worse", ~shown["is_worse"] & ~taken, COLOURS[0], "o"),
        ("recommended", taken, COLOURS[1], "D"),
    )
    for label, which, colour, mark in groups:
        rows = shown[which]
        if len(rows):
            axes.errorbar(
                rows["shortfall"], rows.index, xerr=np.nan_to_num(rows["shortfall" + SUFFIX].to_numpy()),
                fmt=mark, color=colour, markersize=4, linewidth=1, label=label,
            )  # fmt: skip
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [str(trial) for trial in shown["trial"]])
    axes.invert_yaxis()
    axes.set(xlabel=f"falls short of the first by{unit}", ylabel="trial (number)")
    axes.legend(loc="best")
    return figure
