"""The interactive part of a report as plain data: axes to filter by, and two Plotly figures of SVG traces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from analysis.plane.frontier import frontier_corners
from analysis.presentation.style import COLOUR_MAP, colour_by, is_wide, scale
from analysis.presentation.words import cell, label, number, short_label
from analysis.statistics.names import is_named, levels, places
from analysis.statistics.selection import parameters_of, varies, varying
from vae.columns import NATS, SAMPLED, SCORES
from vae.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analysis.presentation.view import View

MEASURED = (*NATS, "active_units")
DIGITS = 6
TICKS = 5
GROUPS = 6
"""Lines of the parallel coordinates come in this many colours, a trace each."""
FONT = {"family": "system-ui, sans-serif", "size": 12}
"""Colours of ink and paper are the page's, which its script fills in."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A column of the runs that can be filtered by."""

    name: str
    label: str
    numbers: list[float]
    """Of each run, to DIGITS significant digits: a brush writes them into the form."""
    positions: list[float]
    """Where each run stands on the axis of the parallel coordinates, from 0 to 1."""
    ticks: list[tuple[float, str]]
    """Position and text."""


def explorer(view: View) -> dict[str, Any] | None:
    """Return what the page's script reads: runs, axes, and the figures `plane` and `parallel`; None without runs.

    Only finished VAE runs of complete trials are shown.
    """
    shown = view.vae_runs.dropna(subset=list(NATS)).reset_index(drop=True)
    if shown.empty:
        return None
    colour = colour_by(shown)
    joined = [*varying(shown), *MEASURED]
    axes = [_axis(shown[name]) for name in (*joined, *_complete_scores(view, shown))]
    texts = [_hover(row, parameters_of(shown)) for row in shown.to_dict(orient="records")]
    corners = frontier_corners(shown, view.zero_rate.nats)
    return {
        "runs": shown["run"].tolist(),
        "trials": shown["trial"].tolist(),
        "axes": [{"name": a.name, "label": a.label, "values": a.numbers, "positions": a.positions} for a in axes],
        "joined": len(joined),
        "groups": _groups(shown[colour]).tolist(),
        "texts": texts,
        "plane": {"data": list(_plane(shown, corners, colour, texts)), "layout": _plane_layout()},
        "parallel": {
            "data": _lines(axes[: len(joined)], shown[colour]),
            "layout": _parallel_layout(axes[: len(joined)]),
        },
    }


def _complete_scores(view: View, shown: pd.DataFrame) -> list[str]:
    """The scores that every run has."""
    return [name for name in view.sweep.scores if shown[name].notna().all()]


def _label(column: str) -> str:
    return f"{column} (score)" if column.removesuffix(SAMPLED) in SCORES else label(column)


def _axis(values: pd.Series) -> Axis:
    name = str(values.name)
    if is_named(values):
        return _named_axis(values)
    wide = name in PARAMETERS and is_wide(values)
    own = np.log(values.to_numpy(float)) if wide else values.to_numpy(float)
    low, high = own.min(), own.max()
    span = high - low or 1.0
    distinct = np.unique(own)
    marked = distinct if len(distinct) <= TICKS else np.linspace(low, high, TICKS)
    ticks = [(float((place - low) / span), number(float(np.exp(place) if wide else place), 3)) for place in marked]
    positions = ((own - low) / span).round(4).tolist()
    rounded = [json.loads(f"{value:.{DIGITS}g}") for value in values]
    return Axis(name=name, label=_label(name), numbers=rounded, positions=positions, ticks=ticks)


def _named_axis(values: pd.Series) -> Axis:
    """An axis of names, each of which is filtered by its place."""
    names, own = levels(values), places(values).to_numpy(float)
    last = max(len(names) - 1, 1)
    ticks = [(place / last, name) for place, name in enumerate(names)]
    numbered = ", ".join(f"{place} {name}" for place, name in enumerate(names))
    text = f"{short_label(str(values.name))} ({numbered})"
    return Axis(name=str(values.name), label=text, numbers=own.tolist(), positions=(own / last).tolist(), ticks=ticks)


def _hover(row: dict[Any, Any], names: Sequence[str]) -> str:
    parameters = "<br>".join(f"{short_label(name)} {cell(name, row[name])}" for name in names)
    measured = "<br>".join(f"{short_label(name)} {cell(name, row[name])}" for name in MEASURED)
    return f"<b>run {row['run']}</b> · trial {row['trial']} · seed {row['seed']}<br>{parameters}<br>{measured}"


def _plane(shown: pd.DataFrame, corners: np.ndarray, colour: str, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The runs, and behind them the frontier through (corner, 2)."""
    values = shown[colour]
    own = np.log10(values) if is_wide(values) else places(values)
    ticks = np.linspace(own.min(), own.max(), TICKS)
    words = [number(float(10**tick if is_wide(values) else tick), 2) for tick in ticks]
    if is_named(values):
        ticks, words = np.arange(len(levels(values))), levels(values)
    below = {"orientation": "h", "y": -0.2, "yanchor": "top", "len": 0.8}
    bar = below | {"title": {"text": label(colour), "side": "top"}, "tickvals": ticks.tolist(), "ticktext": words}
    marker = {"size": 8, "color": own.tolist(), "colorscale": "Viridis", "line": {"width": 0.5}}
    if varies(values):
        marker |= {"showscale": True, "colorbar": bar | {"thickness": 12, "outlinewidth": 0}}
    yield {
        "type": "scatter", "mode": "markers", "name": "runs", "x": shown["rate_nats"].tolist(),
        "y": shown["distortion_nats"].tolist(), "text": list(texts), "hoverinfo": "text", "marker": marker,
        "unselected": {"marker": {"opacity": 0.12}},
    }  # fmt: skip
    yield {
        "type": "scatter", "mode": "lines", "name": "frontier", "hoverinfo": "skip", "x": corners[:, 0].tolist(),
        "y": corners[:, 1].tolist(), "line": {"width": 1.2},
    }  # fmt: skip


def _plane_layout() -> dict[str, Any]:
    axis = {"zeroline": False, "automargin": True}
    return _layout() | {
        "height": 480,
        "xaxis": axis | {"title": {"text": label("rate_nats")}},
        "yaxis": axis | {"title": {"text": label("distortion_nats")}},
    }


def _groups(values: pd.Series) -> np.ndarray:
    """The colour of each run, from 0."""
    shares = np.asarray(scale(values)(places(values).to_numpy(float)), dtype=float)
    groups: np.ndarray = np.minimum((shares * GROUPS).astype(int), GROUPS - 1)
    return groups


def _lines(axes: Sequence[Axis], values: pd.Series) -> list[dict[str, Any]]:
    """One trace of every run in grey and one a colour; a gap parts two runs."""
    everywhere = list(range(len(values)))
    colours = [to_hex(colormaps[COLOUR_MAP]((group + 0.5) / GROUPS)) for group in range(GROUPS)]
    quiet = {"line": {"width": 1}, "hoverinfo": "skip"} | _joined(axes, everywhere)
    groups = [{"line": {"color": colour, "width": 1.2}, "hoverinfo": "text"} for colour in colours]
    return [{"type": "scatter", "mode": "lines", "showlegend": False} | trace for trace in (quiet, *groups)]


def _joined(axes: Sequence[Axis], chosen: Sequence[int]) -> dict[str, Any]:
    x = [place for _ in chosen for place in (*range(len(axes)), None)]
    y = [place for run in chosen for place in (*(axis.positions[run] for axis in axes), None)]
    return {"x": x, "y": y}


def _parallel_layout(axes: Sequence[Axis]) -> dict[str, Any]:
    verticals = [
        {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": {"width": 1}} for place in range(len(axes))
    ]
    marks = [
        {
            "x": place, "y": position, "text": text, "showarrow": False, "xanchor": "left", "xshift": 3,
            "font": {"size": 10}, "borderpad": 0,
        }
        for place, axis in enumerate(axes)
        for position, text in axis.ticks
    ]  # fmt: skip
    names = [axis.label.replace(" (", "<br>(") for axis in axes]
    hidden = {"visible": False, "range": [-0.04, 1.04], "fixedrange": True}
    shown = {"tickvals": list(range(len(axes))), "ticktext": names, "side": "top", "showgrid": False}
    return _layout() | {
        "height": 380,
        "shapes": verticals,
        "annotations": marks,
        "yaxis": hidden,
        "xaxis": shown | {"zeroline": False, "tickangle": 0, "range": [-0.5, len(axes) - 0.5], "fixedrange": True},
        "margin": {"l": 10, "r": 10, "t": 60, "b": 10},
    }


def _layout() -> dict[str, Any]:
    return {
        "font": FONT,
        "dragmode": "select",
        "hovermode": "closest",
        "showlegend": False,
        "margin": {"l": 60, "r": 10, "t": 10, "b": 110},
        "hoverlabel": {"font": FONT, "align": "left"},
        "newselection": {"line": {"width": 1}},
    }
