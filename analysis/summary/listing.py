"""The sweeps under a folder."""

from pathlib import Path
from typing import Any

from analysis.choice.choice import choice
from analysis.frames.sweep import Sweep
from analysis.presentation.view import View
from analysis.statistics.states import states
from analysis.summary.running import state
from vae.errors import VaekitError
from vae.files.results import Folder


def list_sweeps(out: Path) -> list[dict[str, Any]]:
    """Return one row a sweep under `out`, by name: state, mode, data, trials told, failed, best value.

    The best is that of COMPLETE trials, `tied` how many it cannot be told from; of several objectives there is none.
    """
    paths = sorted(path for path in out.glob("*") if Folder(path).exists)
    return [_row_or_reason(Sweep(Folder(path))) for path in paths]


def _row_or_reason(sweep: Sweep) -> dict[str, Any]:
    """One damaged folder does not hide the others."""
    try:
        return _row(sweep)
    except VaekitError as error:
        unknown = dict.fromkeys(("mode", "data", "trials", "complete", "failed", "best", "tied"))
        return {"name": sweep.name, "state": f"unreadable: {error}"} | unknown


def _row(sweep: Sweep) -> dict[str, Any]:
    row: dict[str, Any] = {"name": sweep.name, "state": "incomplete", "mode": sweep.spec["mode"]}
    row |= {"data": sweep.spec["data"], "trials": sweep.spec["trials"], "complete": 0, "failed": 0}
    row |= {"best": None, "tied": None}
    if not sweep.folder.trials.exists():
        return row
    counts = states(sweep.trials).set_index("state")["trials"]
    row |= {"complete": int(counts["COMPLETE"]), "failed": int(counts["FAIL"])}
    row["state"] = state(sweep)
    if row["complete"] and len(sweep.objectives) == 1:
        row |= {"best": float(sweep.best["value"]), "tied": len(choice(View(sweep)).tied)}
    return row
