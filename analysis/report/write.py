"""A sweep's report: one folder that opens offline; the page renders sections and computes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from analysis.comparison.section import labelled, side_by_side
from analysis.frames.sweep import Sweep
from analysis.presentation.nouns import everywhere, in_words
from analysis.presentation.section import Section
from analysis.presentation.style import lay_out, saved
from analysis.presentation.view import View
from analysis.report.chapters import Chapter, all_left_out, of_sections
from analysis.report.contents import chapters
from analysis.report.explorer import explorer
from analysis.report.page import fill
from analysis.report.parallel import share_out
from analysis.report.sheets import SECONDS as SHEET_SECONDS
from analysis.report.sheets import sheet_works
from vae.errors import ConfigError
from vae.files.results import Folder, ReportFolder, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

KINDS = ("svg", "png")
FIGURE_SECONDS = 0.3
"""About what a figure takes to draw, in both kinds of file."""
SWEEP = "vaekit sweep report"
SIDE_BY_SIDE = "vaekit report of several sweeps"
LONGEST = 100
"""Characters of the sweeps' names in the name of a folder."""


@dataclass(frozen=True, kw_only=True)
class Explored:
    """What the page's script works on."""

    data: dict[str, Any]
    rows: list[list[tuple[int, str]]]
    """Number and words of the runs of each row of the leaderboard."""
    plotly: Markup
    """The library, as it is."""


def write_report(sweep: Sweep, dest: Path | None = None) -> Path:
    """Write a page with its figures, tables and run sheets, and return the page's path.

    It lies in `dest`, else in report/ of the sweep. Raises ConfigError where `dest` is a sweep's folder.
    """
    folder = _of_its_own(dest) if dest else sweep.folder.report
    view = View(sweep)
    parts = chapters(view)
    figures = _figure_works(folder, parts)
    share_out([*sheet_works(sweep, folder), *figures], len(sweep.runs) * SHEET_SECONDS + len(figures) * FIGURE_SECONDS)
    return _write(folder, parts, render(sweep.name, parts, explored=explored(view)))


def write_comparison(sweeps: Sequence[Sweep], dest: Path | None = None) -> Path:
    """Write a report of several sweeps, and return the page's path.

    It lies in `dest`, else in NAMES-report beside the first sweep. Raises ConfigError where that is a sweep's folder.
    """
    names = "-".join(sweep.name for sweep in sweeps)[:LONGEST]
    folder = _of_its_own(dest or Path(os.path.normpath(sweeps[0].path / "..")) / f"{names}-report")
    named = labelled(sweeps)
    sections = side_by_side(named)
    if all(sweep.is_table for sweep in sweeps):
        sections = [in_words(section, View(sweeps[0]).words) for section in sections]
    parts = of_sections(sections)
    share_out(_figure_works(folder, parts), seconds=0)
    return _write(folder, parts, render(" · ".join(named), parts, SIDE_BY_SIDE))


def _of_its_own(place: Path) -> ReportFolder:
    if Folder(place).exists:
        raise ConfigError(f"dest must be a folder of its own, got the sweep {str(place)!r}")
    return ReportFolder(place)


def explored(view: View) -> Explored | None:
    """Return the interactive part of a sweep's report; None where no trial is complete."""
    data = explorer(view)
    if data is None:
        return None
    data = everywhere(data, view.words)
    from plotly.offline import get_plotlyjs

    return Explored(data=data, rows=_runs_of_rows(view), plotly=Markup(get_plotlyjs()))  # noqa: S704


def render(name: str, parts: Sequence[Chapter], kind: str = SWEEP, explored: Explored | None = None) -> str:
    """Return the page of some chapters as HTML; whatever stands in them stays text."""
    shown = [chapter for chapter in parts if chapter.shown]
    return fill("report.html", name=name, kind=kind, chapters=shown, left_out=all_left_out(parts), explored=explored)


def _shown(parts: Sequence[Chapter]) -> list[Section]:
    return [section for chapter in parts for section in chapter.shown]


def _figure_works(folder: ReportFolder, parts: Sequence[Chapter]) -> list[Callable[[], None]]:
    figures = folder.figures.resolve()  # a process may stand in another folder
    return [partial(_save, figures, part.slug, part.figure) for part in _shown(parts) if part.figure is not None]


def _save(folder: Path, slug: str, figure: Figure) -> None:
    lay_out(figure)
    for kind in KINDS:
        write_whole(folder / f"{slug}.{kind}", saved(figure, kind))


def _write(folder: ReportFolder, parts: Sequence[Chapter], page: str) -> Path:
    for section in [section for section in _shown(parts) if len(section.table.columns)]:
        table = section.table.to_csv(index=False, lineterminator="\n")
        write_whole(folder.tables / f"{section.slug}.csv", table.encode())
    write_whole(folder.page, page.encode())
    return folder.page


def _runs_of_rows(view: View) -> list[list[tuple[int, str]]]:
    """By parameters and not by trial: a point that was asked twice was trained once."""
    points = dict(iter(view.runs.groupby(view.parameters)))
    return [
        [
            (run, f"{run}" if model == "vae" else f"{run} ({model})")
            for run, model in points[point][["run", "model"]].itertuples(index=False)
        ]
        for point in view.board[view.parameters].itertuples(index=False, name=None)
    ]
