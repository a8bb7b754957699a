"""A sweep in one JSON-serialisable dict: what `vaekit show --json` prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.statistics.states import is_complete, states
from vae.columns import value_columns

if TYPE_CHECKING:
    import pandas as pd

    from analysis.presentation.view import View


def summary(view: View) -> dict[str, Any]:
    """Return name, state, mode, counts, best and leaderboard of a sweep; what is not known is None.

    `state` is complete where every trial of the spec has ended, else incomplete: still running or stopped,
    which a folder cannot tell. `counts` names every state. `best` is the leaderboard's first row and has
    `value`, or in a Pareto study `values` by objective.
    """
    sweep = view.sweep
    counts, rows = states(sweep.trials), _records(view.board)
    return {
        "name": sweep.name,
        "state": "complete" if is_complete(sweep.trials, sweep.spec) else "incomplete",
        "mode": sweep.spec.get("mode"),
        "counts": dict(zip(counts["state"].tolist(), counts["trials"].tolist(), strict=True)),
        "best": _best(view, rows[0]) if rows else None,
        "leaderboard": rows,
    }


def _best(view: View, first: dict[str, Any]) -> dict[str, Any]:
    objectives = view.sweep.objectives
    named = {o.name: first[column] for o, column in zip(objectives, value_columns(objectives), strict=True)}
    value = {"values": named} if len(named) > 1 else {"value": first["value"]}
    return {"trial": first["trial"], "params": {name: first[name] for name in view.parameters}} | value


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict(orient="records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
