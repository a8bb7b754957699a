"""Maps of codes: frames in, figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure

from analysis.latent_space.codes import AXES
from analysis.presentation.style import COLOUR_MAP, COLOURS, INK, WIDTH, new_figure, padded, styled

MOST_CLASSES = len(COLOURS)
"""Values of a factor that have a colour each; more are on a scale."""
DOT = 7


@dataclass(frozen=True, kw_only=True)
class Map:
    """The codes of one run."""

    title: str
    codes: pd.DataFrame
    """Columns AXES and the factors."""
    scale: str
    """Maps of one scale have the same axes."""


@styled
def code_maps(maps: Sequence[Map], factors: Sequence[str], levels: Mapping[str, Sequence[str]]) -> Figure:
    """Draw the codes of each run, coloured by each factor; `levels` name the values of a factor."""
    of_factors = len(factors) > 1
    rows, columns = (len(maps), len(factors)) if of_factors else (1, len(maps))
    size = min((WIDTH - 0.9) / columns - 0.2, 3.0)
    figure = new_figure(rows * (size + 0.3) + (1.0 if of_factors else 0.5))
    panels = figure.subplots(rows, columns, squeeze=False)
    for (row, column), axes in np.ndenumerate(panels):
        one = maps[row if of_factors else column]
        factor = factors[column] if of_factors else next(iter(factors), "")
        is_first = column == 0 or not of_factors
        _frame(axes, [other.codes for other in maps if other.scale == one.scale])
        _draw(axes, one.codes, factor)
        axes.set_title(one.title if is_first else "", loc="left")
        axes.set_ylabel("second axis (units of z)" if column == 0 else "")
        axes.set_xlabel("first axis (units of z)" if row == rows - 1 else "")
    for column, factor in enumerate(factors):
        beside = panels[:, column] if of_factors else panels[0]
        _key(figure, beside.tolist(), maps[0].codes[factor], levels.get(factor, ()), is_below=of_factors)
    return figure


def _frame(axes: Axes, alike: Sequence[pd.DataFrame]) -> None:
    """The same limits for maps of one scale, as long across as up."""
    codes = pd.concat(alike)
    spans = [padded(codes[name].min(), codes[name].max()) for name in AXES]
    half = max(high - low for low, high in spans) / 2
    (left, right), (bottom, top) = (((low + high) / 2 - half, (low + high) / 2 + half) for low, high in spans)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")


def _draw(axes: Axes, codes: pd.DataFrame, factor: str) -> None:
    x, y = (codes[name] for name in AXES)
    if not factor:
        axes.scatter(x, y, color=INK, s=DOT, linewidths=0, alpha=0.7, rasterized=True)
        return
    colours, norm, places = _colours(codes[factor])
    axes.scatter(x, y, c=places, cmap=colours, norm=norm, s=DOT, linewidths=0, alpha=0.8, rasterized=True)


def _colours(values: pd.Series) -> tuple[Colormap | str, Normalize, pd.Series]:
    """A colour a class, by its place among them, or a scale."""
    classes = sorted(values.unique())
    if len(classes) > MOST_CLASSES:
        return COLOUR_MAP, Normalize(values.min(), values.max()), values
    bounds = np.arange(len(classes) + 1) - 0.5
    places = values.map({value: place for place, value in enumerate(classes)})
    return ListedColormap(COLOURS[: len(classes)]), BoundaryNorm(bounds, len(classes)), places


def _key(figure: Figure, panels: Sequence[Axes], values: pd.Series, levels: Sequence[str], *, is_below: bool) -> None:
    """The colours of a factor, beside the panels or below those of its column."""
    colours, norm, _ = _colours(values)
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=list(panels), location="bottom" if is_below else "right", pad=0.02,
        aspect=20 if is_below else 30, label=f"{values.name} ({'name' if levels else 'value'})",
    )  # fmt: skip
    bar.outline.set_visible(False)
    bar.minorticks_off()
    classes = sorted(values.unique())
    if len(classes) <= MOST_CLASSES:
        bar.set_ticks(range(len(classes)), labels=[levels[int(c)] if levels else f"{c:g}" for c in classes])
        bar.ax.tick_params(length=0)
