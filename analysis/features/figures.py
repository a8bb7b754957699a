"""Features as dots and as a heat map: frames in, figures out."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.style import COLOURS, INK, new_figure, rows_height, styled

MOST_FEATURES = 32
"""Rows of dots, and columns of the heat map."""
OF_EACH = 3
"""Features that each dimension is sure to have in the heat map, while there is room."""
LONGEST = 24
"""Characters of a name on an axis."""
NUMBERED = 14
"""Columns up to which a heat map has its numbers."""


@styled
def explained(table: pd.DataFrame) -> Figure:
    """Draw the R2 of features, a row each and a colour a role; of many, the best and the worst of the first role."""
    roles = list(dict.fromkeys(table["role"]))
    first = table[table["role"] == roles[0]].dropna(subset=["r2"])
    half = MOST_FEATURES // 2
    shown = first if len(first) <= MOST_FEATURES else pd.concat([first.head(half), first.tail(half)])
    names = shown["feature"].tolist()
    figure = new_figure(1.0 + 0.17 * len(names))
    axes = figure.subplots()
    for index, role in enumerate(roles):
        values = table[table["role"] == role].set_index("feature")["r2"].reindex(names)
        axes.plot(values, range(len(names)), "os"[index % 2], color=COLOURS[index], markersize=4, label=role)
    if len(shown) < len(first):
        axes.axhline(half - 0.5, color=INK, linewidth=0.8, linestyle=":")
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(names)), [written(name) for name in names])
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="R2 of the reconstruction (share of the variance)", ylabel="feature")
    axes.set_xlim(max(-1.0, axes.get_xlim()[0]), 1.02)
    if len(roles) > 1:
        axes.legend(loc="lower left")
    return figure


@styled
def moved(table: pd.DataFrame) -> Figure:
    """Draw how far features move along dimensions, a row a dimension; of many features those that move most."""
    names = most_moved(table)
    cells = table.pivot_table(index="dim", columns="feature", values="change_in_deviations", sort=False)[names]
    kl = table.groupby("dim", sort=False)["kl_nats"].first()
    figure = new_figure(rows_height(3 * len(cells)) + 0.6)
    axes = figure.subplots()
    limit = float(np.nanmax(np.abs(cells.to_numpy()))) or 1.0
    image = axes.imshow(cells, aspect="auto", cmap="PuOr", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_xticks(range(len(names)), [written(name) for name in names], rotation=60, ha="right")
    axes.set_yticks(
        range(len(cells)), [f"{dim}" if np.isnan(nats) else f"{dim}: {nats:.2f}" for dim, nats in kl.items()]
    )
    axes.set(xlabel="feature", ylabel="dimension: KL\n(nats per sample)")
    for (row, column), value in np.ndenumerate(cells.to_numpy() if len(names) <= NUMBERED else np.empty((0, 0))):
        colour = "white" if abs(value) > 0.6 * limit else INK
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6.5, color=colour)
    bar = figure.colorbar(image, ax=axes, label="change from the 5 % to the\n95 % quantile (deviations)", pad=0.02)
    bar.outline.set_visible(False)
    return figure


def most_moved(table: pd.DataFrame) -> list[str]:
    """Return the features of a movement to draw: of each dimension the first few, then by their largest change."""
    sizes = table.assign(size=table["change_in_deviations"].abs()).dropna(subset=["size"])
    largest = sizes.groupby("feature", sort=False)["size"].max().sort_values(ascending=False, kind="stable")
    of_each = sizes.groupby("dim", sort=False).head(OF_EACH)["feature"]
    return list(dict.fromkeys([*of_each, *largest.index]))[:MOST_FEATURES]


def written(name: str) -> str:
    """Return a feature's name as matplotlib draws it: no mathematics, and short."""
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return short.replace("$", r"\$")
