"""What the commands print: tables on stdout."""

from collections.abc import Mapping, Sequence
from math import nan
from textwrap import fill
from typing import Any

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from analysis.presentation.glimpse import HEAD_COLUMNS, blocks, head
from analysis.presentation.nouns import Words, of_images
from analysis.presentation.words import cell, setting, texts
from analysis.statistics.intervals import SUFFIX
from vae.columns import NATS
from vae.data import Data
from vae.parameters import PARAMETERS

MOST_ROWS = 20
SYMBOLS = {"rate_nats": "R", "distortion_nats": "D", "elbo_nats": "ELBO"}
UNITS = ("active_units", "carrying_units")
Columns = Mapping[str, list[str]]


def print_table(title: str, rows: Sequence[Mapping[str, Any]], most: int | None = None) -> None:
    """Print rows of equal keys, all or the first `most`, as a table; names stay text."""
    if most is not None and len(rows) > most:
        title, rows = f"{title} (first {most} of {len(rows):,})", rows[:most]
    given = {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
    names = [name for name, values in given.items() if any(isinstance(value, str) for value in values)]
    _print(title, {name: texts(name, values) for name, values in given.items()}, names)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        _console().print(f"{name:<{width}}  {cell(name, value)}", soft_wrap=True)


def print_glimpse(data: Data) -> None:
    """Print a row of images, where a terminal shows it, or the head of a table."""
    console = _console()
    if data.is_table:
        count = len(data.feature_names)
        part = f", {HEAD_COLUMNS} of {count} features" if count > HEAD_COLUMNS else ""
        print_table(f"first rows{part}", head(data))
    elif console.is_terminal:
        console.print(blocks(data, console.width))


def print_summary(
    summary: Mapping[str, Any], answer: Sequence[str], sentences: Sequence[str] = (), words: Words = of_images
) -> None:
    """Print which trial to take, then a sweep's state, what else its report says, and leaderboard.

    `summary`, `answer` and `sentences` are those of `analysis.summary` and `analysis.choice`.
    """
    for sentence in answer:
        _console().print(f"{words(sentence)}\n", soft_wrap="vaekit " in sentence)
    counts = ", ".join(f"{count} {state}" for state, count in summary["counts"].items() if count)
    head = {"sweep": summary["name"], "state": summary["state"], "mode": summary["mode"], "trials": counts}
    if summary["best"]:
        best = summary["best"]
        point = setting(best["params"], list(best["params"]))
        head["best" if best["is_sure"] else "first"] = (
            f"trial {best['trial']}: value {cell('value', best['value'])}, {point}"
        )
    if summary["pareto"]:
        head["pareto"] = f"trials that no other dominates: {', '.join(map(str, summary['pareto']))}"
    print_fields(head)
    for sentence in sentences:
        _console().print(f"\n{words(sentence)}")
    if sentences:
        _console().print()
    if rows := summary["leaderboard"][:MOST_ROWS]:
        title = f"leaderboard (first {len(rows)} of {len(summary['leaderboard'])}; {words('nats per image')})"
        tables = (_ranked(rows, *kept) for kept in ((True, UNITS), (True, UNITS[:1]), (False, UNITS)))
        fitting = (table for table in tables if _width(table) <= _console().width)
        _print(title, next(fitting, _ranked(rows, False, UNITS[:1])))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as rows that JSON can hold: NaN is None."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _ranked(rows: Sequence[Mapping[str, Any]], with_widths: bool, units: Sequence[str]) -> Columns:
    """The columns of a leaderboard that a terminal has room for."""
    values = [name for name in rows[0] if name.startswith("value") and not name.endswith(SUFFIX)]
    names = [name for name in ("trial", *PARAMETERS, *values, *NATS, *units) if name in rows[0]]
    columns = {}
    for name in names:
        widths = [nan if row.get(name + SUFFIX) is None else row[name + SUFFIX] for row in rows]
        columns[SYMBOLS.get(name, name)] = texts(
            name, [row[name] for row in rows], widths if with_widths and name in NATS else None
        )
    return columns


def _print(title: str, columns: Columns, names: Sequence[str] = ()) -> None:
    """Print columns of texts, `names` at the left. Sentences are wrapped, and nothing else: no word is broken."""
    if not columns:
        _console().print(f"no {title}")
        return
    console = _console(at_least=_width({name: cells for name, cells in columns.items() if name not in names}))
    airy = 1 if _width(columns) + len(columns) <= console.width else 0
    table = Table(
        title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, airy, 0, 0),
        show_edge=False,
    )  # fmt: skip
    for name, cells in columns.items():
        is_short = name not in names or not any(" " in text for text in cells)
        table.add_column(
            _head(name, cells), justify="left" if name in names else "right", no_wrap=is_short, overflow="fold"
        )
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    console.print(table)


def _head(name: str, cells: Sequence[str]) -> str:
    """A column's name on as many lines as its cells make it need, parted between words."""
    words = name.replace("_", " ")
    width = max(cell_len(text) for text in (*words.split(), *cells))
    return fill(words, width, break_long_words=False, break_on_hyphens=False)


def _width(columns: Columns) -> int:
    """Characters that columns take side by side, each with a space after it."""
    return sum(
        1 + max(cell_len(text) for text in (*_head(name, cells).splitlines(), *cells))
        for name, cells in columns.items()
    )


def _console(at_least: int = 0) -> Console:
    """A console for plain text, wider than the terminal where what is printed must not be cut."""
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, at_least)
    return console
