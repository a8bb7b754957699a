"""Pages whose tables stand between markers and are written from figures, so that they say what was measured."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.tables import TABLES, Table

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs" / "speed.md", ROOT / "docs" / "reliability.md")
FIGURES = Path(__file__).parent / "figures"
MACHINE = "machine"
BUSY_CORES = 0.1
"""From on what others took of the processor a caption says so."""
START, END = "<!-- table: {} -->", "<!-- end: {} -->"
BLOCK = re.compile(r"<!-- table: (\w+) -->\n(.*?)<!-- end: (\w+) -->", re.DOTALL)
MARKER = re.compile(r"<!-- (?:table|end): \w+ -->")
Figures = Mapping[str, Mapping[str, Any]]
"""What each benchmark left, by the name of its job; the machine's own under MACHINE."""


def read_figures(folder: Path = FIGURES) -> dict[str, dict[str, Any]]:
    """Return what lies in a folder."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def places(page: str) -> list[str]:
    """Return the tables that a page has a place for; ValueError where markers are no such places."""
    blocks = [match.groups() for match in BLOCK.finditer(page)]
    names = [start for start, _, _ in blocks]
    for start, _, end in blocks:
        if start != end:
            raise ValueError(f"a table's markers must name the same, got {start!r} and {end!r}: mend the page")
    if len(MARKER.findall(page)) != 2 * len(blocks):
        raise ValueError("each marker must have its other half, got one alone: mend the page")
    for name in names:
        if name != MACHINE and name not in TABLES:
            raise ValueError(f"a marker must name one of {', '.join(TABLES)}, got {name!r}")
        if names.count(name) > 1:
            raise ValueError(f"a page must have each table once, got {name!r} twice")
    return names


def rendered(page: str, figures: Figures) -> str:
    """Return the page with each table written anew from its figures; one without them stays as it is."""
    places(page)

    def block(match: re.Match[str]) -> str:
        name, old, _ = match.groups()
        new = _content(name, figures)
        return START.format(name) + "\n" + (old if new is None else f"\n{new}\n\n") + END.format(name)

    return BLOCK.sub(block, page)


def _content(name: str, figures: Figures) -> str | None:
    if name == MACHINE:
        return described(figures[MACHINE]) if MACHINE in figures else None
    table: Table = TABLES[name]
    if table.jobs[0] not in figures:
        return None
    taken = [figures[job] for job in table.jobs if job in figures]
    commands = "\n".join(f"    {of_job['command']}" for of_job in taken)
    rows = [figures[job]["rows"] if job in figures else [] for job in table.jobs]
    return "\n\n".join([commands, table.of_rows(*rows), caption(taken, figures.get(MACHINE, {}).get("machine", ""))])


def described(machine: Mapping[str, Any]) -> str:
    """Return a machine in one sentence."""
    caches = ", ".join(f"{size} of {level}" for level, size in machine["caches"].items())
    told = f"{machine['machine']}{f'; caches {caches}' if caches else ''}"
    return f"{told}; one fp32 product of 2048 x 2048 runs at {machine['gflop_per_s']:.0f} GFLOP/s on a core."


def caption(taken: list[Mapping[str, Any]], machine: str) -> str:
    """Return when, on another machine than the page's where, and whether others used it: one line in italics."""
    days = list(dict.fromkeys(_day(of_job["date"]) for of_job in taken))
    parts = [f"Measured on {' and '.join(days)}"]
    elsewhere = dict.fromkeys(of_job["machine"] for of_job in taken if of_job["machine"] != machine)
    if elsewhere:
        parts.append(f"on {' and '.join(elsewhere)}")
    if any(of_job["busy_cores"] is None for of_job in taken):
        parts.append("on a machine that does not tell whether others use it")
    busy = max((of_job["busy_cores"] or 0.0 for of_job in taken), default=0.0)
    if busy > BUSY_CORES:
        parts.append(f"**while others took {busy:.1f} of its cores**")
    notes = [note for of_job in taken for note in of_job["notes"] if note.startswith(("left out", "not bound"))]
    return f"*{', '.join(parts)}{'; ' if notes else ''}{'; '.join(notes)}.*"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} {day.year}"
