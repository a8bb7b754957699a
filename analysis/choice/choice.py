"""The choice among the trials of a sweep."""

import math
from collections.abc import Sequence

import pandas as pd

from analysis.choice.choose import Choice, choose
from analysis.choice.pareto import knee
from analysis.frames.sweep import Sweep
from analysis.presentation.view import View
from analysis.statistics.intervals import SUFFIX
from vae.errors import VaekitError


def choice(view: View) -> Choice:
    """Return the choice among the COMPLETE trials of a sweep, by its objective on the validation split."""
    return view.once(_choice)


def _choice(view: View) -> Choice:
    board, objectives = view.board, view.sweep.objectives
    column = objectives[0].column
    if board.empty:
        return Choice(verdict="none", objective=column, candidates=board)
    if len(objectives) > 1:
        chosen = knee(board, objectives)
        return Choice(
            verdict="several", objective=column, recommended=chosen, pareto=tuple(view.pareto), candidates=board
        )
    runs = view.vae_runs[["trial", "seed"]].assign(value=view.vae_runs[column]).dropna()
    compared = board[board["trial"].isin(runs["trial"])]
    if compared.empty:
        return Choice(verdict="none", objective=column, candidates=compared)
    best = int(compared["trial"].iloc[0])
    ascending = objectives[0].ascending
    return choose(_points(view, compared), runs, best, view.sweep.spec, objective=column, is_less_better=ascending)


def _points(view: View, compared: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of the trials that are compared, a row each."""
    width = view.sweep.objectives[0].column + SUFFIX
    points = compared[["trial", *view.parameters, "value", width]].rename(columns={width: "value" + SUFFIX})
    first_runs = view.vae_runs.drop_duplicates("trial").set_index("trial")["run"]
    return points.assign(weights=_weights(view.sweep, first_runs[points["trial"]].tolist()))


def _weights(sweep: Sweep, runs: Sequence[int]) -> list[float]:
    """How many numbers each run's network trains; NaN where that cannot be known."""
    try:
        counts = [sweep.weight_count(run) for run in runs]
    except VaekitError:  # the data, which know the shape, cannot be read
        return [math.nan] * len(runs)
    return [math.nan if count is None else float(count) for count in counts]
