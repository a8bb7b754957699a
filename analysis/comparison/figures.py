"""Figures of several sweeps side by side: frames in, figures out."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.style import COLOURS, LINES, new_figure, styled
from analysis.presentation.words import label
from analysis.statistics.intervals import SUFFIX

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
        axes.plot(
            hull["rate_nats"], hull["distortion_nats"], color=colour, linestyle=line, marker=mark, markersize=4,
            label=_title(str(name)),
        )  # fmt: skip
    axes.set(xlabel=label("rate_nats"), ylabel=label("distortion_nats"))
    axes.legend(loc="upper right")
    return figure


@styled
def differences(rows: pd.DataFrame, first: str) -> Figure:
    """Draw by how much the frontier of each further sweep lies below the first's, at equal rates, with intervals."""
    figure = new_figure(3.0)
    axes = figure.subplots()
    axes.axhline(0, color="0.6", linewidth=0.8)
    at_rates = rows[rows["rate_nats"].notna()]
    for index, (name, own) in enumerate(at_rates.groupby("sweep", sort=False), start=1):
        axes.errorbar(
            own["rate_nats"], own["difference_nats"], yerr=own["difference_nats" + SUFFIX].fillna(0.0),
            color=COLOURS[index % len(COLOURS)], marker=MARKS[index % len(MARKS)], markersize=4,
            linestyle=LINES[index % len(LINES)], linewidth=1, capsize=2, label=_title(str(name)),
        )  # fmt: skip
    axes.set(xlabel=label("rate_nats"), ylabel=f"D lower than {_title(first)}'s by (nats)")
    axes.legend(loc="best")
    return figure


def _title(name: str) -> str:
    """A sweep's name as a legend takes it."""
    short = name[:LONGEST].replace("$", r"\$")  # a dollar would begin a formula
    return f" {short}" if short.startswith("_") else short
