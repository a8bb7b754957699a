"""What a report says of the latent space: a map of the codes, and what the decoder makes of its plane."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.arrays import Float32, Float64, Int64
from analysis.latent_space import figures
from analysis.latent_space.codes import AXES, Plane, at_marks, code_table, grid
from analysis.latent_space.figures import Map
from analysis.pictures.figures import Panel, panels
from analysis.pictures.selection import Shown, shown_runs
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.view import View
from analysis.presentation.words import counted, number
from vae.errors import DataError, ResultsError

TITLE, SLUG = "Map of the codes", "code_map"
MOST_CODES = 2_000
MOST_FACTORS = 4
STEPS = 9
"""Images of a decoded grid, across and up."""


def latent_space_sections(view: View) -> list[Section]:
    """Map the codes of the pictured runs, by label or factor, and decode a grid over the plane; of a table the map."""
    try:
        shown = shown_runs(view)
    except ResultsError as error:
        return [left_out(TITLE, SLUG, without_weights(error, "no weights of the first trial were kept"))]
    except DataError:
        return [left_out(TITLE, SLUG, "the images can no longer be read")]
    if shown is None:
        return [left_out(TITLE, SLUG)]
    at = shown.test_places[np.linspace(0, len(shown.test) - 1, min(len(shown.test), MOST_CODES)).round().astype(int)]
    images = view.sweep.images("test", at)
    codes = {role: run.encode(images)[0] for role, run in shown.runs.items()}
    planes = {role: Plane.of(own) for role, own in codes.items()}
    places = {role: planes[role].of_codes(own) for role, own in codes.items()}
    sections = [_map_section(view, shown, at, planes, places)]
    return sections if view.sweep.is_table else [*sections, _grid_section(shown, planes, places)]


def _map_section(view: View, shown: Shown, at: Int64, planes: dict[str, Plane], places: dict[str, Float64]) -> Section:
    sweep, known = view.sweep, view.sweep.factors("test")
    factors = {} if known is None else dict(zip(sweep.factor_names, known[at].T, strict=True))
    varied = [name for name, values in factors.items() if len(np.unique(values)) > 1][:MOST_FACTORS]
    tables = {role: code_table(own, at, factors) for role, own in places.items()}
    maps = [
        Map(title=f"{role} (run {run.number})", codes=tables[role], scale="ae" if run.is_ae else "vae")
        for role, run in shown.runs.items()
    ]
    table = pd.concat(
        [tables[role].assign(role=role, run=run.number) for role, run in shown.runs.items()], ignore_index=True
    )
    return Section(
        title=TITLE,
        slug=SLUG,
        sentence=_map_sentence(shown, len(at), varied, planes),
        reading=READING,
        is_half=not sweep.is_table,
        figure=figures.code_maps(maps, varied, sweep.factor_levels),
        table=table,
    )


READING = (
    "Maps of VAEs have the same axes, as N(0, I) gives them one scale; an autoencoder's scale is its own. "
    "Beyond two latent dimensions a map shows the two principal axes of the codes, so codes that are apart may lie on "
    "each other. Classes that mix are not told apart in this plane. A dimension without rate has all its codes near 0."
)


def _map_sentence(shown: Shown, codes: int, factors: list[str], planes: dict[str, Plane]) -> str:
    coloured = f", coloured by {' and by '.join(factors)}" if factors else ""
    shares = [
        f"{number(100 * plane.share, 3)} % of the variance of the codes of run {shown.runs[role].number}"
        for role, plane in planes.items()
        if len(plane.centre) > 2
    ]
    held = f" The plane holds {' and '.join(shares)}." if shares else ""
    return f"The posterior means of {counted(codes, 'test image')}{coloured}: {shown.who}.{held}"


def _grid_section(shown: Shown, planes: dict[str, Plane], places: dict[str, Float64]) -> Section:
    parts, tables = [], []
    for role, run in shown.runs.items():
        across, up = grid(places[role], STEPS)
        at = at_marks(across, up)
        images = shown.brightness(run.decode(planes[role].codes_at(at)))
        parts.append(_panel(f"{role} (run {run.number})", images, across, up))
        tables.append(shown.table(role, **dict(zip(AXES, at.T, strict=True))))
    return Section(
        title="The plane, decoded",
        slug="code_grid",
        sentence=(
            "What is decoded from a grid over the central 98 % of each map: where images change smoothly, the codes "
            "have no gaps."
        ),
        reading="Latent dimensions beyond the plane stay at the codes' mean, so a blur may be an average of them.",
        is_half=True,
        figure=panels(parts, shown.limits),
        table=pd.concat(tables, ignore_index=True),
    )


def _panel(title: str, images: Float32, across: Float64, up: Float64) -> Panel:
    return Panel(
        images=images.reshape(STEPS, STEPS, *images.shape[1:]),
        title=title,
        across="first axis (units of z)",
        down="second axis (units of z)",
        columns=_marks(across),
        rows=_marks(up[::-1]),
    )


def _marks(values: Float64) -> list[str]:
    """Every other value, with one decimal."""
    return ["" if place % 2 else f"{value.round(1) + 0.0:.1f}".replace("-", "−") for place, value in enumerate(values)]
