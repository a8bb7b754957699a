"""The importance of hyperparameters as bars: a frame in, a figure out."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.style import COLOURS, INK, new_figure, styled
from analysis.presentation.words import short_label


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
        axes.set_yticks(range(len(rows)), [short_label(parameter) for parameter in rows["parameter"]])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel=f"share of the variance of {name} (from 0 to 1)", ylabel="parameter (name)")
        axes.legend(loc="lower right")
    return figure
