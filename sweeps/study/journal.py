"""A study from anywhere: what a storage holds is checked before anything is done with it."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.spec.spec import Spec
from sweeps.study.space import distributions
from vae.errors import ResultsError

ASKED_UNTIL = "asked_until"
"""Attribute of a trial: how many trials there are once all that were asked with it are in."""
_DAMAGE = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    RecursionError,
    Warning,
    optuna.exceptions.OptunaError,
)
"""What Optuna raises, or warns of, on a journal that it never wrote."""


@contextmanager
def readable(where: object) -> Iterator[None]:
    """Turn whatever Optuna says of a damaged journal into one ResultsError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except _DAMAGE as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ResultsError(f"the study in '{where}' is damaged: {reason}") from None


def check_study(study: optuna.Study, spec: Spec, most_trials: int, where: object) -> None:
    """Raise ResultsError unless the study is one of this spec: directions, search space, points, values."""
    if [way.name.lower() for way in study.directions] != [objective.direction for objective in spec.objectives]:
        raise ResultsError(f"the study in '{where}' does not fit its spec: its directions are {study.directions}")
    for trial in study.get_trials(deepcopy=False):
        problem = _problem(trial, spec, most_trials)
        if problem:
            raise ResultsError(f"the study in '{where}' does not fit its spec: trial {trial.number} has {problem}")


def _problem(trial: FrozenTrial, spec: Spec, most_trials: int) -> str:
    space, until = distributions(spec.axes), trial.user_attrs.get(ASKED_UNTIL)
    point = {**trial.user_attrs, **trial.params}
    names = {axis.name for axis in spec.axes}
    if trial.state == TrialState.WAITING:
        return "an impossible state"
    if type(until) is not int or not trial.number < until <= most_trials:
        return "an impossible number of trials"
    if point.keys() != {*names, ASKED_UNTIL} or trial.distributions != space or trial.params.keys() != space.keys():
        return "another search space"
    if not all(axis.has(point[axis.name]) for axis in spec.axes):
        return "a point outside the search space"
    if trial.state == TrialState.COMPLETE and not _are_numbers(trial.values or [], len(spec.objectives)):
        return "values that are not finite numbers"
    steps, reported = list(trial.intermediate_values), list(trial.intermediate_values.values())
    if any(type(step) is not int for step in steps) or not all(isinstance(value, int | float) for value in reported):
        return "reports that are not numbers"
    return ""


def _are_numbers(values: Sequence[object], count: int) -> bool:
    return len(values) == count and all(isinstance(x, int | float) and math.isfinite(x) for x in values)
