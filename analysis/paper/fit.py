"""A report's figure at the width of a column: fewer panels beside each other, smaller text, the same marks."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.text import Text

from analysis.presentation.style import STYLE, WIDTH, styled

NARROWEST_PANEL = 0.65
"""Of a panel's width in the report: below it panels go to the next row."""
SMALLEST_TEXT = 7 / 9
"""Of the size in the report: 9 points become 7, the least that most journals take."""
LEAST_POINTS = 5.0
NEARLY = 0.95
"""Of a side's length, for letters differ in width."""
LOWEST_PANEL = 0.72
"""Of a panel's height in the report; pictures keep their shape."""


@styled
def fit(figure: Figure, width: float) -> None:
    """Lay a figure of the report out anew, `width` inches wide; text of 9 points has 7 at the least.

    A figure as wide as in the report, or wider, keeps its text and its panels' places.
    """
    share = width / WIDTH
    if math.isclose(share, 1.0):
        return
    panels = _panels(figure)
    rows, columns = _grid(panels)
    fewer = max(1, min(columns, math.floor(share * columns / NARROWEST_PANEL)))
    wider = share * columns / fewer
    heights = _heights(figure, panels, rows, columns, wider)
    if fewer != columns:
        heights = _place(figure, panels, fewer, heights)
    figure.set_size_inches(width, sum(heights[::fewer]))
    _shrink(figure, min(max(share, SMALLEST_TEXT), 1.0))
    for axes in figure.axes:
        if (legend := axes.get_legend()) is not None:
            legend.set_in_layout(False)  # it lies within its panel, and one that is too wide would leave no room
    figure.draw_without_rendering()
    for axes in figure.axes:
        _wrap(axes)
    _narrow_legends(figure)


def _panels(figure: Figure) -> list[Axes]:
    """The axes that are no colour scale, in reading order."""
    return [axes for axes in figure.axes if axes.get_subplotspec() is not None and axes.get_label() != "<colorbar>"]


def _grid(panels: Sequence[Axes]) -> tuple[int, int]:
    """Rows and columns of the grid that panels share; one row of one where they do not share one, cell by cell."""
    specs = [spec for axes in panels if (spec := axes.get_subplotspec()) is not None]
    if len({id(spec.get_gridspec()) for spec in specs}) != 1 or any(spec.num1 != spec.num2 for spec in specs):
        return 1, 1
    rows, columns, *_ = specs[0].get_geometry()
    return rows, columns


def _heights(figure: Figure, panels: Sequence[Axes], rows: int, columns: int, wider: float) -> list[float]:
    """Inches of each panel with its words, where it is `wider` than in the report, or narrower."""
    tall = figure.get_figheight() / rows
    if any(axes.get_aspect() == "auto" for axes in panels):
        return [tall * min(max(wider, LOWEST_PANEL), 1.0)] * len(panels)
    figure.draw_without_rendering()
    own = [axes.get_window_extent().height / figure.dpi for axes in panels]
    words = tall - sum(max(own[start : start + columns]) for start in range(0, len(own), columns)) / rows
    return [SMALLEST_TEXT * max(words, 0.0) + wider * height for height in own]


def _place(figure: Figure, panels: Sequence[Axes], columns: int, heights: Sequence[float]) -> list[float]:
    """Put panels into fewer columns; the height of each becomes that of its row."""
    rows = [max(heights[start : start + columns]) for start in range(0, len(panels), columns)]
    grid = GridSpec(len(rows), columns, figure=figure, height_ratios=rows)
    for place, axes in enumerate(panels):
        axes.set_subplotspec(grid[place // columns, place % columns])
    return [height for height in rows for _ in range(columns)]


def _shrink(figure: Figure, share: float) -> None:
    """Make all text smaller; names of marks are made when they are drawn, and have a size of their own."""
    marks: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_tick_params(which="both", labelsize=share * STYLE["xtick.labelsize"])
            marks |= {id(text) for text in chain(axis.get_ticklabels(), axis.get_ticklabels(minor=True))}
    for text in figure.findobj(Text):
        if isinstance(text, Text) and id(text) not in marks:
            text.set_fontsize(max(share * float(text.get_fontsize()), LEAST_POINTS))


def _wrap(axes: Axes) -> None:
    """Break titles and labels that are longer than their side of the panel."""
    box = axes.get_window_extent()
    for text, room in ((axes.xaxis.label, box.width), (axes.yaxis.label, box.height), *_titles(axes, box.width)):
        words, extent = text.get_text(), text.get_window_extent()
        is_level = text.get_rotation() == 0
        needed = extent.width if is_level else extent.height
        if needed > room and not (is_level and text is axes.yaxis.label):
            most = max(10, int(max(map(len, words.split("\n"))) * NEARLY * room / needed))
            lines = (words.replace(" (", "\n(") if words.endswith(")") else words).split("\n")
            text.set_text("\n".join(part for line in lines for part in textwrap.wrap(line, most)))


def _titles(axes: Axes, room: float) -> list[tuple[Text, float]]:
    named = {axes.get_title("left"), axes.get_title("center"), axes.get_title("right")} - {""}
    return [(part, room) for part in axes.get_children() if isinstance(part, Text) and part.get_text() in named]


def _narrow_legends(figure: Figure) -> None:
    """Give legends that are wider than their place, the figure or a panel, as many columns as fit."""
    entries = [axes.get_legend_handles_labels() for axes in figure.axes]
    handles: dict[str, Any] = {label: handle for own in entries for handle, label in zip(*own, strict=True)}
    above = partial(figure.legend, loc="outside upper left")
    for legend in list(figure.legends):
        _narrow(figure, legend, handles, above, figure.bbox.width)
    for axes in figure.axes:
        if (own := axes.get_legend()) is not None:
            _narrow(figure, own, handles, axes.legend, axes.bbox.width)


def _narrow(
    figure: Figure, legend: Legend, handles: Mapping[str, Any], make: Callable[..., Legend], room: float
) -> None:
    labels, size = [text.get_text() for text in legend.get_texts()], legend.get_texts()[0].get_fontsize()
    for columns in range(len(labels), 0, -1):
        if legend.get_window_extent().width <= room:
            return
        legend.remove()
        within = legend.get_in_layout()
        legend = make(handles=[handles[label] for label in labels], labels=labels, ncols=columns, fontsize=size)
        legend.set_in_layout(within)
        figure.draw_without_rendering()
