"""Figures of several sweeps side by side: frames in, figures out."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.style import COLOURS, LINES, new_figure, styled
from analysis.presentation.words import label

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
        title = str(name)[:LONGEST].replace("$", r"\$")  # a dollar would begin a formula
        axes.plot(
            hull["rate_nats"], hull["distortion_nats"], color=colour, linestyle=line, marker=mark, markersize=4,
            label=title if not title.startswith("_") else f" {title}",
        )  # fmt: skip
    axes.set(xlabel=label("rate_nats"), ylabel=label("distortion_nats"))
    axes.legend(loc="upper right")
    return figure
