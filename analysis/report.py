"""A sweep's report: one folder that opens offline; the page renders sections and computes nothing."""

from pathlib import Path

import jinja2

from analysis.frames import Sweep
from analysis.section import Section
from analysis.sections import sections
from analysis.style import saved
from analysis.words import cells, heading
from vae.results import write_whole

__all__ = ["Section", "sections", "write_report"]

KINDS = ("svg", "png")


def write_report(sweep: Sweep) -> Path:
    """Write report/index.html with its figures (SVG, PNG) and tables (CSV), and return the page's path."""
    folder, parts = sweep.folder, sections(sweep)
    for section in parts:
        table = section.table.to_csv(index=False, lineterminator="\n")
        write_whole(folder.report_tables / f"{section.slug}.csv", table.encode())
        if section.figure is not None:
            for kind in KINDS:
                write_whole(folder.report_figures / f"{section.slug}.{kind}", saved(section.figure, kind))
    write_whole(folder.report_page, render(sweep.name, parts).encode())
    return folder.report_page


def render(name: str, parts: list[Section]) -> str:
    """Return the page of some sections as HTML; whatever stands in them stays text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["heading"] = heading
    environment.globals["rows"] = lambda frame: [cells(row) for row in frame.to_dict(orient="records")]
    return environment.get_template("report.html").render(name=name, sections=parts)
