"""How far a study came."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.statistics.selection import parameters_of
from vae.columns import AT_SELECTION, STATES, parse_objectives, value_columns
from vae.stopping import trials_since_best

OPEN = ("RUNNING", "WAITING")


def states(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the number of trials in each state, every state named."""
    counts = trials["state"].value_counts().reindex(STATES, fill_value=0)
    return pd.DataFrame({"state": list(STATES), "trials": counts.to_numpy()})


def failures(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the failed trials with their parameters and the reason."""
    failed = trials.loc[trials["state"] == "FAIL", ["trial", *parameters_of(trials), "error"]]
    return failed.reset_index(drop=True)


def is_complete(trials: pd.DataFrame, spec: Mapping[str, Any]) -> bool:
    """Whether every trial that the spec asks for has ended, well or not, or the study has ended early."""
    if trials["state"].isin(OPEN).any():
        return False
    return len(trials) >= int(spec["trials"]) or ended_early(trials, spec) > 0


def ended_early(trials: pd.DataFrame, spec: Mapping[str, Any]) -> int:
    """Return how many trials no longer improved the best of a study that ended for it; 0 where it did not."""
    patience = spec.get("stop_after")
    if not patience or len(trials) >= int(spec["trials"]) or trials["state"].isin(OPEN).any():
        return 0
    objectives = parse_objectives(spec["objective"])
    column = AT_SELECTION if AT_SELECTION in trials else value_columns(objectives)[0]  # by it the study went on
    values = trials[column].where(trials["state"] == "COMPLETE")
    since = trials_since_best(values, ascending=objectives[0].ascending)
    return since if since >= int(patience) else 0
