"""The KL of each dimension as a heat map: a frame in, a figure out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.presentation.style import COLOUR_MAP, panel, rows_height, styled
from analysis.presentation.words import label
from analysis.statistics.names import places


@styled
def kl_heat_map(kl: pd.DataFrame, order: str, into: Axes | None = None) -> Figure:
    """Draw the sorted KL per dimension, a row a trial by a rising parameter or a name; what it lacks is blank."""
    placed = kl.assign(place=places(kl[order]))
    cells = placed.pivot_table(index=["place", order, "trial"], columns="rank", values="kl_nats")
    figure, axes = panel(rows_height(len(cells)), into)
    image = axes.imshow(
        cells, aspect="auto", cmap=COLOUR_MAP, interpolation="nearest", vmin=0,
        extent=(0.5, cells.shape[1] + 0.5, len(cells) - 0.5, -0.5),
    )  # fmt: skip
    rows = np.unique(np.linspace(0, len(cells) - 1, 12).round().astype(int))
    axes.set_yticks(rows, [_tick(value) for value in cells.index.get_level_values(order)[rows]])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set(xlabel="rank of the dimension (1 = largest KL)", ylabel=label(order))
    bar = figure.colorbar(image, ax=axes, label=label("kl_nats"), pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    return figure


def _tick(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
