"""Trials in order, best first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.statistics.dominance import dominated
from analysis.statistics.intervals import trial_means
from analysis.statistics.selection import parameters_of
from vae.columns import AT_SELECTION, BETA_NORMALISED, TOTALS, Objective, value_columns


def leaderboard(
    trials: pd.DataFrame, runs: pd.DataFrame, objectives: Sequence[Objective], scores: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row a COMPLETE trial, best first, with means and half-widths over its n seeds, `scores` included.

    Where trials were refined, the value at their selection stands beside their value. One objective orders by its
    value; several put the trials that no other dominates first (`dominated` says which), then order by the first
    objective. Equal trials stand in the order they were asked.
    """
    parameters, values = parameters_of(trials), value_columns(tuple(objectives))
    values = (*values, AT_SELECTION) if AT_SELECTION in trials else values
    normalised = [name for name in (BETA_NORMALISED,) if name in trials]
    complete = trials.loc[trials["state"] == "COMPLETE", ["trial", *parameters, *normalised, *values, "seconds"]]
    measured = dict.fromkeys([*TOTALS, *(objective.column for objective in objectives), *scores])
    means = trial_means(runs, list(measured)).drop(columns="trial")
    # By parameters and not by trial: a point that was asked twice was trained once.
    board = complete.merge(means.drop_duplicates(parameters), on=parameters, how="left")
    board["n"] = board["n"].fillna(0).astype("int64")
    costs = _costs(board, objectives)
    if len(objectives) > 1:
        board["dominated"] = dominated(costs)
        order = np.lexsort((board["trial"], costs[:, 0], board["dominated"]))
    else:
        order = np.lexsort((board["trial"], costs[:, 0]))
    board = board.iloc[order].reset_index(drop=True)
    return board[[*(name for name in board if name != "seconds"), "seconds"]]


def _costs(board: pd.DataFrame, objectives: Sequence[Objective]) -> np.ndarray:
    """Return the values turned so that smaller is better, (trial, objective)."""
    signs = [1.0 if objective.ascending else -1.0 for objective in objectives]
    return board[list(value_columns(tuple(objectives)))].to_numpy(dtype=float) * signs
