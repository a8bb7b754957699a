"""The figures of a sweep's report as files for a paper: a column wide, with live text, or of enough dots."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from analysis.paper.fit import fit
from analysis.presentation.section import Section
from analysis.presentation.style import KINDS, saved
from analysis.presentation.view import View
from analysis.report.contents import sections
from vae.config import one_of
from vae.errors import ConfigError
from vae.files.results import write_whole

COLUMN = 3.3
"""Inches of a column of two."""
NARROWEST, WIDEST = 2.0, 20.0
DOTS_PER_INCH = 300


def write_figures(
    view: View,
    dest: Path,
    kinds: Sequence[str] = ("pdf",),
    width: float = COLUMN,
    only: Sequence[str] = (),
) -> list[Path]:
    """Write each figure of a sweep's report, or `only` some by name, in each of KINDS, and return the paths.

    `width` is in inches. Text in pdf and svg is text; png has 300 dots an inch. Raises ConfigError for another kind, a
    width outside 2 to 20, and a figure that the report does not have.
    """
    for kind in kinds:
        one_of(tuple(KINDS), kind=kind)
    if not NARROWEST <= width <= WIDEST:
        raise ConfigError(f"width must be from {NARROWEST:g} to {WIDEST:g} inches, got {width:g}")
    return list(_write(_chosen(sections(view), only), dest, kinds, width))


def _chosen(parts: Sequence[Section], only: Sequence[str]) -> dict[str, Figure]:
    drawn = {part.slug: part.figure for part in parts if part.figure is not None}
    for name in only:
        if name not in drawn:
            raise ConfigError(f"only must name figures of this report ({', '.join(drawn)}), got {name!r}")
    return {name: drawn[name] for name in only or drawn}


def _write(figures: Mapping[str, Figure], dest: Path, kinds: Sequence[str], width: float) -> Iterator[Path]:
    for slug, figure in figures.items():
        fit(figure, width)
        draw = partial(saved, figure, dots_per_inch=DOTS_PER_INCH)
        for kind in kinds:
            path = dest / f"{slug}.{kind}"
            write_whole(path, draw(kind))
            yield path
