"""Figures of scores: frames in, figures out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.presentation.dots import draw_means
from analysis.presentation.style import COLOUR_MAP, INK, QUIET, new_figure, scale_x, styled
from analysis.presentation.words import label
from analysis.statistics.names import places

COLUMNS = 4
PANEL_HEIGHT = 1.75


@styled
def effects(means: pd.DataFrame, points: pd.DataFrame, parameter: str, scores: Sequence[str]) -> Figure:
    """Draw each score against a parameter, a panel a score: trials as dots, what is known of it as a line."""
    rows = -(-len(scores) // COLUMNS)
    figure = new_figure(PANEL_HEIGHT * rows + 0.4)
    panels = figure.subplots(rows, min(COLUMNS, len(scores)), squeeze=False).ravel()
    for axes, score in zip(panels, scores, strict=False):
        line = means[means["quantity"] == score]
        axes.scatter(places(points[parameter]), points[score], s=8, color=QUIET, linewidths=0, zorder=1)
        if len(line):
            draw_means(axes, line, points[parameter])
        scale_x(axes, points[parameter])
        axes.set_title(score, loc="left")
        axes.set(ylabel="score (no unit)", xlabel=label(parameter).replace(" (", "\n("))
    for axes in panels[len(scores) :]:
        axes.remove()
    return figure


@styled
def correlations(table: pd.DataFrame) -> Figure:
    """Draw rank correlations as a heat map with their numbers."""
    names = table["score"].tolist()
    return _heat_map(table[names].to_numpy(float), names, names, "Spearman's rank correlation (no unit)", -1.0, 1.0)


@styled
def information(table: pd.DataFrame) -> Figure:
    """Draw mutual information of dimensions and factors above its floor as a heat map with its numbers."""
    factors = [name for name in table if name != "dim"]
    cells = table[factors].to_numpy(float)
    return _heat_map(
        cells, table["dim"].tolist(), factors, "information above the floor (nats)", 0.0, float(cells.max() or 1.0)
    )


def _heat_map(
    cells: np.ndarray, rows: list[object], columns: list[object], meaning: str, low: float, high: float
) -> Figure:
    figure = new_figure(0.9 + 0.28 * len(rows))
    axes = figure.subplots()
    image = axes.imshow(cells, aspect="auto", cmap=COLOUR_MAP if low == 0 else "PuOr", vmin=low, vmax=high)
    axes.set_xticks(range(len(columns)), [str(name) for name in columns], rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), [str(name) for name in rows])
    axes.set(ylabel="latent dimension" if low == 0 else "score", xlabel="factor" if low == 0 else "score")
    middle = (low + high) / 2
    for (row, column), value in np.ndenumerate(cells):
        dark = value < middle if low == 0 else abs(value) > 0.6
        text = f"{value:.2f}" if np.isfinite(value) else ""
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if dark else INK)
    figure.colorbar(image, ax=axes, label=meaning, pad=0.02, aspect=30).outline.set_visible(False)
    return figure
