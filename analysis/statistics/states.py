"""How far a study came."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.statistics.selection import parameters_of
from vae.columns import STATES

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
    """Whether every trial that the spec asks for has ended, well or not."""
    ended = int((~trials["state"].isin(OPEN)).sum())
    return ended == len(trials) and ended >= int(spec["trials"])
