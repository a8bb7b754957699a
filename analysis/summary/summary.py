"""A sweep in one JSON-serialisable dict: what `vaekit show --json` prints."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analysis.choice.choice import choice
from analysis.choice.length import longer, too_short
from analysis.choice.refined import winners_curse
from analysis.choice.sharpen import steps
from analysis.choice.verdict import verdict
from analysis.statistics.states import states
from analysis.summary.running import state

if TYPE_CHECKING:
    import pandas as pd

    from analysis.presentation.view import View


def summary(view: View) -> dict[str, Any]:
    """Return what is known of a sweep by name: its state, counts, choice and leaderboard; what is not known is None.

    `state` is complete where every trial of the spec has ended, running where it is being trained, else incomplete.
    `counts` names every state. `training` says how many runs still improved when they ended and what command trains
    longer, `choice` which trial to take and why (`analysis.choice`), `refined` what more seeds did to the value that a
    trial was chosen by (`winners_curse`). `best` is the leaderboard's first row, with the trials it is `tied_with`:
    only where `is_sure` can it be told from them, and did training suffice. With several objectives it is None, and
    `pareto` are the trials that no other dominates.
    """
    sweep = view.sweep
    counts, rows = states(sweep.trials), _records(view.board)
    return {
        "name": sweep.name,
        "state": state(sweep),
        "mode": sweep.spec.get("mode"),
        "counts": dict(zip(counts["state"].tolist(), counts["trials"].tolist(), strict=True)),
        "training": _training(view),
        "choice": _choice(view),
        "refined": winners_curse(view),
        "best": _best(view, rows[0]) if rows and len(sweep.objectives) == 1 else None,
        "pareto": view.pareto,
        "leaderboard": rows,
    }


def _training(view: View) -> dict[str, Any]:
    found, sentence = view.still_improving, too_short(view)
    largest = float(found.table["fall_nats"].max()) if len(found.table) else None
    return {
        "still_improving": len(found.table),
        "runs": found.runs,
        "largest_fall_nats": _plain(largest),
        "command": longer(view) if sentence else None,
        "sentence": sentence,
    }


def _best(view: View, first: dict[str, Any]) -> dict[str, Any]:
    point = {name: first[name] for name in view.parameters}
    found = choice(view)
    is_sure = found.is_sure and view.still_improving.is_settled
    known = {"is_sure": is_sure, "tied_with": list(found.tied)}
    return {"trial": first["trial"], "params": point, "value": first["value"]} | known


def _choice(view: View) -> dict[str, Any]:
    """The choice, its sentence, and what would make it surer."""
    found = choice(view)
    words = {"sentence": view.words(verdict(view)), "steps": [asdict(step) for step in steps(view)]}
    plain = _plain(asdict(found) | words) | {"candidates": _records(found.candidates)}
    return {str(name): value for name, value in plain.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict(orient="records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity, nor tuples."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
