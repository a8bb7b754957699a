"""The choice among the trials of a sweep."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis.choice.choose import Choice, choose
from analysis.choice.noise import LARGEST
from analysis.choice.pareto import knee
from analysis.frames.sweep import Sweep
from analysis.presentation.view import View
from analysis.scores.floors import objective_tells_nothing
from analysis.statistics.intervals import SUFFIX
from vae.columns import NATS, Objective, parse_objectives
from vae.errors import ConfigError, ResultsError, VaekitError


def choice(view: View, by: str | None = None) -> Choice:
    """Return the choice among the COMPLETE trials of a sweep, by its objective on the validation split.

    `by` names another measure, `mig` or `rate_nats:min` for instance: then it is by that on the test images. Raises
    ConfigError for an unknown name, ResultsError where the runs have no such score.
    """
    if by is None:
        return view.once(_choice)
    measures = parse_objectives(by)
    if len(measures) > 1:
        raise ConfigError(f"a choice must be by one measure, got {by!r}")
    return _choice_by(view, measures[0])


def _choice(view: View) -> Choice:
    board, objectives = view.board, view.sweep.objectives
    first = objectives[0]
    if len(objectives) > 1 and len(board):
        chosen, front = knee(board, objectives), tuple(view.pareto)
        return Choice(verdict="several", objective=first.column, recommended=chosen, pareto=front, candidates=board)
    found = _among(view, board, first.column, is_less_better=first.ascending)
    return replace(found, verdict="undecided", edges=()) if objective_tells_nothing(view.sweep) else found


def _choice_by(view: View, objective: Objective) -> Choice:
    column = objective.measured
    if column not in view.board:
        raise ResultsError(f"{str(view.sweep.path)!r} has no {column}: it has {', '.join([*NATS, *view.sweep.scores])}")
    ranked = view.board.sort_values(column, ascending=objective.ascending, kind="stable")
    return _among(view, ranked.assign(value=ranked[column]), column, is_less_better=objective.ascending)


def _among(view: View, board: pd.DataFrame, column: str, *, is_less_better: bool) -> Choice:
    """The choice among the trials of a board, best first, by one column of the runs."""
    runs = view.vae_runs[["trial", "seed"]].assign(value=view.vae_runs[column])
    runs = runs[runs["value"].abs() < LARGEST]
    compared = board[board["trial"].isin(runs["trial"])]
    if compared.empty:
        return Choice(verdict="none", objective=column, candidates=compared)
    width, best = column + SUFFIX, int(compared["trial"].iloc[0])
    points = compared[["trial", *view.parameters, "value", width]].rename(columns={width: "value" + SUFFIX})
    first_runs = view.vae_runs.drop_duplicates("trial").set_index("trial")["run"]
    points = points.assign(weights=_weights(view.sweep, first_runs[points["trial"]].tolist()))
    return choose(points, runs, best, view.sweep.spec, objective=column, is_less_better=is_less_better)


def _weights(sweep: Sweep, runs: Sequence[int]) -> list[float]:
    """How many numbers each run's network trains; NaN where that cannot be known."""
    try:
        counts = [sweep.weight_count(run) for run in runs]
    except VaekitError:  # the data, which know the shape, cannot be read
        return [math.nan] * len(runs)
    return [math.nan if count is None else float(count) for count in counts]
