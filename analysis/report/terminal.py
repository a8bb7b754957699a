"""What the commands print: tables on stdout."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from vae.columns import NATS
from vae.parameters import PARAMETERS

MOST_ROWS = 20


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of equal keys as a table; names stay text."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, value in (rows[0] if rows else {}).items():
        table.add_column(
            name.replace("_", " "), justify="right" if isinstance(value, int | float) else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    _console().print(table if rows else f"no {title}")


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        _console().print(f"{name:<{width}}  {_text(value)}", soft_wrap=True)


def print_summary(summary: Mapping[str, Any], sentences: Sequence[str] = ()) -> None:
    """Print a sweep's state, best trial, what its report says first, and leaderboard (see `analysis.summary`)."""
    counts = ", ".join(f"{count} {state}" for state, count in summary["counts"].items() if count)
    head = {"sweep": summary["name"], "state": summary["state"], "mode": summary["mode"], "trials": counts}
    if summary["best"]:
        best = summary["best"]
        values = best.get("values") or {"value": best["value"]}
        head["best"] = f"trial {best['trial']}: " + ", ".join(
            f"{name} {_text(value)}" for name, value in (values | best["params"]).items()
        )
    print_fields(head)
    for sentence in sentences:
        _console().print(f"\n{sentence}")
    if sentences:
        _console().print()
    if summary["leaderboard"]:
        rows = [_short(row) for row in summary["leaderboard"][:MOST_ROWS]]
        print_table(f"leaderboard (best {len(rows)} of {len(summary['leaderboard'])}; nats per image)", rows)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as rows that JSON can hold: NaN is None."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a leaderboard row that fit a terminal, values with their half-widths."""
    names = ["trial", *PARAMETERS, *(name for name in row if name.startswith("value"))]
    kept = {name: row[name] for name in names if name in row and not name.endswith("_half_width")}
    for name in NATS:
        half_width = row.get(f"{name}_half_width")
        kept[name.removesuffix("_nats")] = _short_number(row[name], 2) + (f" ±{half_width:.2f}" if half_width else "")
    return kept | {"active_units": _short_number(row["active_units"], 1)}


def _short_number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _console() -> Console:
    return Console(highlight=False, markup=False)
