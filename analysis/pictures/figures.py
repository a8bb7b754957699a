"""Figures made of images: arrays in, mosaics with named rows and columns out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.arrays import Float32, Float64
from analysis.presentation.style import WIDTH, new_figure, styled

GREY = "gray"
GAP = 1
"""Pixels between the images of a mosaic; larger images have a wider gap."""
PART = 14
"""An image of this many pixels or more has a gap of one part in as many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Images in rows and columns, and what the rows and columns are."""

    images: Float32
    """(row, column, height, width[, channel])."""
    title: str
    across: str
    """What the columns are, with a unit."""
    down: str
    """What the rows are, with a unit."""
    columns: Sequence[str]
    """A name a column; an empty one has no mark."""
    rows: Sequence[str]
    """A name a row."""


@styled
def panels(parts: Sequence[Panel], limits: tuple[float, float]) -> Figure:
    """Draw panels side by side; grey images share the scale from the first limit, black, to the second, white."""
    figure = new_figure(_height(parts))
    for axes, part in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        _draw(axes, part, limits)
    return figure


def mosaic(images: Float32) -> tuple[Float32, Float64, Float64]:
    """Return (row, column, height, width[, channel]) as one image, NaN between, and the middles of rows and columns.

    One or two channels are drawn grey by the first.
    """
    if images.ndim == 5 and images.shape[-1] not in (3, 4):
        images = images[..., 0]
    rows, columns, height, width, *channels = images.shape
    gap = max(GAP, round(max(height, width) / PART))
    room = np.full((rows, height + gap, columns, width + gap, *channels), np.nan, dtype=np.float32)
    room[:, :height, :, :width] = images.swapaxes(1, 2)
    whole = room.reshape(rows * (height + gap), columns * (width + gap), *channels)[:-gap, :-gap]
    down = np.arange(rows) * (height + gap) + (height - 1) / 2
    across = np.arange(columns) * (width + gap) + (width - 1) / 2
    return whole, down, across


def _draw(axes: Axes, part: Panel, limits: tuple[float, float]) -> None:
    low, high = limits
    whole, down, across = mosaic(part.images)
    if whole.ndim == 3:  # colours have no scale of their own, and NaN is no colour
        whole = np.nan_to_num(np.clip((whole - low) / (high - low or 1.0), 0.0, 1.0), nan=1.0)
    axes.imshow(whole, cmap=GREY, vmin=low, vmax=high, interpolation="nearest")
    marked = [place for place, name in enumerate(part.columns) if name]
    axes.set_xticks(across[marked], [part.columns[place] for place in marked])
    axes.set_yticks(down, part.rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_anchor("N")
    axes.set_title(part.title, loc="left")
    axes.set_xlabel(part.across)
    axes.set_ylabel(part.down, loc="top")  # of a few rows it is taller than they are


def _height(parts: Sequence[Panel]) -> float:
    """Inches at which the mosaics fill the width, with room for words."""
    width = WIDTH / len(parts) - 0.8
    return max(width * _tallness(part.images.shape) for part in parts) + 0.85


def _tallness(shape: tuple[int, ...]) -> float:
    rows, columns, height, width = shape[:4]
    return rows * height / (columns * width)
