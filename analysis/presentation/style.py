"""How every figure looks: one palette, one width, units on every axis."""

import io
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from analysis.presentation.words import label
from analysis.statistics.names import is_named, levels, places
from analysis.statistics.selection import beta_first, parameters_of, varies, varying
from vae.parameters import PARAMETERS

WIDTH = 7.5
"""Inches of every figure: text of 9 points is then 12 pixels high at 700 pixels."""
DOTS_PER_INCH = 150
SHOWN_PER_INCH = 96
"""Pixels of a page, of which a screen may have several dots."""
KINDS: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
"""Files of a figure, and what of their time and maker is left out."""
COLOURS: list[Any] = sns.color_palette("colorblind")
COLOUR_MAP = "viridis"
LINES = ("-", "--", ":")
"""Curves differ in line as well as in colour."""
QUIET = "0.72"
INK = "0.15"
STYLE: Any = {
    **sns.axes_style("ticks"),
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "axes.formatter.useoffset": False,
    "svg.hashsalt": "vaekit",
    "svg.fonttype": "none",  # text stays text, to be searched, read aloud and edited
    "pdf.fonttype": 42,  # fonts that an editor can edit, as publishers ask for
}
APART = 0.13
"""Share of an axis between its marks: a parameter whose values are no closer has them as marks."""
ACROSS = 16
"""Characters of all names that stand beside each other below the narrowest panel."""
styled = mpl.rc_context(STYLE)
"""Decorator of every function that draws or saves."""


class ReportFigure(Figure):
    """A figure that a notebook shows, without pyplot and its global state."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the figure as a picture, and how wide a page shows it."""
        width, height = (round(inches * SHOWN_PER_INCH) for inches in self.get_size_inches())
        return saved(self, "png"), {"width": width, "height": height}


def new_figure(height: float) -> Figure:
    """Return an empty figure of the common width, `height` in inches."""
    return ReportFigure(figsize=(WIDTH, height), layout="constrained")


def panel(height: float, axes: Axes | None = None) -> tuple[Figure, Axes]:
    """Return a new figure of one panel, and the panel; where there are axes already, their figure and they."""
    if axes is None:
        figure = new_figure(height)
        return figure, figure.subplots()
    return cast(Figure, axes.figure), axes


def colour_by(points: pd.DataFrame, without: str = "") -> str:
    """Return the first other parameter that varies, beta before all."""
    others = [name for name in beta_first(parameters_of(points)) if name != without]
    return next((name for name in others if name in varying(points)), others[0])


def is_wide(values: pd.Series) -> bool:
    """Whether a logarithmic scale reads better: over tenfold, and a real number or crowded in the lowest third."""
    if is_named(values):
        return False
    low, high = values.min(), values.max()
    parameter = PARAMETERS.get(str(values.name))
    is_real = parameter is not None and parameter.kind == "real"
    return bool(low > 0 and high > 10 * low and (is_real or values.median() < low + (high - low) / 3))


def scale(values: pd.Series) -> Normalize:
    """Return the colour scale of a parameter; of names, of their places."""
    own = places(values)
    low, high = float(own.min()), float(own.max())
    return LogNorm(low, high) if is_wide(values) else Normalize(low, high)


def tick(axis: Any, values: pd.Series, wide: bool | None = None) -> None:
    """Mark an axis at a parameter's own values where they are few; write 10, not a power of ten.

    `wide` says that the axis is logarithmic, where it is not for `is_wide` to decide. Names stand at their places.
    """
    if is_named(values):
        names = levels(values)
        is_crowded = axis.axis_name == "x" and sum(map(len, names)) > ACROSS
        axis.set_ticks(range(len(names)), names, **({"rotation": 20, "ha": "right"} if is_crowded else {}))
        return
    own, wide = sorted(set(values)), is_wide(values) if wide is None else wide
    marks = np.log(own) if wide else np.array(own)
    if (np.diff(marks) > APART * np.ptp(marks)).all():
        axis.set_major_locator(FixedLocator(own))
    elif wide:
        axis.set_major_locator(LogLocator(subs=(1, 3) if own[-1] > 30 * own[0] else (1, 2, 5)))
    else:
        axis.set_major_locator(MaxNLocator(6, integer=pd.api.types.is_integer_dtype(values)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axis.set_minor_locator(NullLocator())


def line_of(values: pd.Series) -> str:
    """Return the line that joins means over a parameter: none between names, which have nothing in between."""
    return "" if is_named(values) else "-"


def scale_x(axes: Axes, values: pd.Series) -> None:
    """Give the x axis of a parameter its scale."""
    if is_wide(values):
        axes.set_xscale("log")
    tick(axes.xaxis, values)


def colour_bar(figure: Figure, points: Any, axes: Any, values: pd.Series) -> None:
    """Draw the colour scale of a parameter at the right; none where it has one value."""
    if varies(values):
        bar = figure.colorbar(points, ax=axes, label=label(str(values.name)), pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        tick(bar.ax.yaxis, values)


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """Return limits a little outside two values, never equal."""
    margin = share * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


@styled
def saved(figure: Figure, kind: str, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
    """Return a figure as one of KINDS; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dots_per_inch, metadata=KINDS[kind])
    return buffer.getvalue()


@styled
def lay_out(figure: Figure) -> None:
    """Give the panels their places for good: each file is then drawn once, not once more to find them."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def rows_height(rows: int) -> float:
    """Return a heat map's height in inches: legible rows, at most a page."""
    return min(max(2.3, 0.14 * rows + 0.9), 5.5)
