"""Trials in order, best first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.frames.sweep import Sweep, measured_columns, trial_columns
from analysis.plane.frontier import dominated
from analysis.statistics.intervals import trial_means
from vae.columns import PARAMETERS, Objective, value_columns


def board(sweep: Sweep) -> pd.DataFrame:
    """Return the leaderboard of a sweep."""
    return leaderboard(sweep.trials, sweep.runs, sweep.objectives, sweep.scores)


def leaderboard(
    trials: pd.DataFrame, runs: pd.DataFrame, objectives: Sequence[Objective], scores: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row a COMPLETE trial, best first, with means and half-widths over its n seeds, `scores` included.

    One objective orders by its value; several put the trials that no other dominates first (`dominated` says
    which), then order by the first objective. Equal trials stand in the order they were asked.
    """
    complete = trials.loc[trials["state"] == "COMPLETE", [*trial_columns(objectives), "seconds"]]
    means = trial_means(runs, [*measured_columns(objectives), *scores]).drop(columns="trial")
    # By parameters and not by trial: a point that was asked twice was trained once.
    board = complete.merge(means.drop_duplicates(list(PARAMETERS)), on=list(PARAMETERS), how="left")
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
