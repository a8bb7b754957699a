"""A sweep that is being trained, or was when it was stopped."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from analysis.presentation.words import counted, listed
from analysis.statistics.states import is_complete
from vae.files.records import EPOCHS

if TYPE_CHECKING:
    from analysis.frames.sweep import Sweep

SECONDS_FRESH = 120.0
"""A sweep that trains says so every few seconds; a long evaluation may come between."""
MOST_TRIALS = 6


def is_running(sweep: Sweep) -> bool:
    """Whether a sweep has written a moment ago how its runs in training are, and was not stopped since."""
    return sweep.running is not None and time.time() - _written(sweep) < SECONDS_FRESH and not _is_stopped(sweep)


def _is_stopped(sweep: Sweep) -> bool:
    """Whether trials in training wait again, as a sweep that stops leaves them; one that is killed does not."""
    if sweep.running is None:
        return False
    in_training = sweep.trials["trial"].isin(sweep.running["trial"].to_pylist())
    return bool((sweep.trials.loc[in_training, "state"] == "WAITING").any())


def state(sweep: Sweep) -> str:
    """Return how far a sweep is: complete where every trial of its spec has ended, running, or incomplete."""
    if is_complete(sweep.trials, sweep.spec):
        return "complete"
    return "running" if is_running(sweep) else "incomplete"


def running(sweep: Sweep) -> str:
    """Say what is in training, as of when; empty where nothing is."""
    if sweep.running is None:
        return ""
    table = sweep.running
    trials = sorted(pc.unique(table["trial"]).to_pylist())
    names = [str(trial) for trial in trials[:MOST_TRIALS]]
    more = [f"{len(trials) - MOST_TRIALS} more"] if len(trials) > MOST_TRIALS else []
    epochs = pc.min_max(pc.list_value_length(table[EPOCHS])).as_py()
    spread = f"{epochs['min']}" if epochs["min"] == epochs["max"] else f"{epochs['min']} to {epochs['max']}"
    length = "" if sweep.spec["epochs"] == "auto" else f" of {sweep.spec['epochs']}"
    at = datetime.fromtimestamp(_written(sweep)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    begin = "Training goes on" if is_running(sweep) else "Training was interrupted"
    many = "s" if len(trials) > 1 else ""
    return (
        f"{begin}: at {at}, {counted(len(table), 'run')} of trial{many} {listed([*names, *more])} had trained "
        f"{spread}{length} epochs."
    )


def _written(sweep: Sweep) -> float:
    try:
        return sweep.folder.running.stat().st_mtime
    except OSError:  # it has ended since
        return 0.0
