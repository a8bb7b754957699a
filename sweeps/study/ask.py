"""Which point comes next: a pure function of the spec, the trial's number and, to optimize, what was told before.

No point is asked twice. Samplers work on studies in memory; the sweep's storage is given whole trials. So a trial is
asked in one write, and what a killed sweep had asked is what the same command asks again.
"""

import warnings
from collections.abc import Iterator, Sequence
from itertools import count, islice

import numpy as np
import optuna
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from sweeps.spec.spec import Spec
from sweeps.study.space import Key, Point, distributions, key_of, point_at, point_from, shuffled_points

MOST_REPEATS = 64
"""Draws in a row that bring no new point, before the points that are left come in a random order."""
MOST_TRIES = 8
"""Of TPE, for a trial's point to be a new one."""
REST = 2**32
"""In a seed, where the points that are left are put in order: no trial has this number."""

optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is no news


def explore(spec: Spec, asked: Sequence[Point], trials: int) -> list[Point]:
    """Return the next so many points of an exploring sweep, fewer where no more are left."""
    seen = {key_of(spec.axes, point) for point in asked}
    return list(islice((point for point in _sequence(spec) if key_of(spec.axes, point) not in seen), trials))


def _sequence(spec: Spec) -> Iterator[Point]:
    """Yield every point of the space once: as the sampler draws them, then those that it keeps missing."""
    if spec.sampler == "grid":
        yield from (point_at(spec.axes, place) for place in range(spec.size_of_space))
        return
    seen, repeats = set(), 0
    for point in _sobol_points(spec) if spec.sampler == "qmc" else _random_points(spec):
        key = key_of(spec.axes, point)
        repeats = repeats + 1 if key in seen else 0
        if not repeats:
            seen.add(key)
            yield point
        if repeats == MOST_REPEATS or len(seen) == spec.size_of_space:
            break
    yield from (
        point for point in shuffled_points(spec.axes, (spec.seed, REST)) if key_of(spec.axes, point) not in seen
    )


def _random_points(spec: Spec) -> Iterator[Point]:
    study = _study_in_memory(spec)
    for number in count():
        study.sampler = _sampler(spec, number)
        yield _ask(spec, study)


def _sobol_points(spec: Spec) -> Iterator[Point]:
    """Yield the points of Optuna's QMC sampler, which draws the first at random and the others of Sobol's sequence.

    Asking the study for each would look through all trials before it, only to find the same search space.
    """
    study, space = _study_in_memory(spec), distributions(spec.axes)
    study.sampler = _sampler(spec, 0)
    yield _ask(spec, study)
    while True:
        yield point_from(spec.axes, study.sampler.sample_relative(study, study.trials[0], space))


def optimize(spec: Spec, told: Sequence[FrozenTrial], trials: int) -> list[Point]:
    """Return the next so many points after the trials that the storage holds, finished or running."""
    study = _study_in_memory(spec)
    study.add_trials(told)
    seen = {key_of(spec.axes, {**trial.user_attrs, **trial.params}) for trial in told}
    points: list[Point] = []
    for number in range(len(told), len(told) + min(trials, spec.size_of_space - len(seen))):
        points.append(_unseen(spec, study, number, seen))
        seen.add(key_of(spec.axes, points[-1]))
    return points


def _unseen(spec: Spec, study: optuna.Study, number: int, seen: set[Key]) -> Point:
    """Return the point of a trial: TPE's, drawn anew where it is a repeat, in the end a random one."""
    for attempt in range(MOST_TRIES):
        study.sampler = _sampler(spec, number, attempt)
        trial = study.ask(distributions(spec.axes))
        point = point_from(spec.axes, trial.params)
        if key_of(spec.axes, point) not in seen:
            return point
        study.tell(trial, state=TrialState.FAIL)  # TPE does not learn from it
    left = shuffled_points(spec.axes, (spec.seed, REST, number))
    return next(point for point in left if key_of(spec.axes, point) not in seen)


def _ask(spec: Spec, study: optuna.Study) -> Point:
    return point_from(spec.axes, study.ask(distributions(spec.axes)).params)


def _study_in_memory(spec: Spec) -> optuna.Study:
    return optuna.create_study(directions=[objective.direction for objective in spec.objectives])


def _sampler(spec: Spec, number: int, attempt: int = 0) -> BaseSampler:
    """Return the sampler of one trial: QMC counts by itself, the others are seeded anew for every number."""
    if spec.sampler == "qmc":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return QMCSampler(seed=spec.seed, scramble=True, warn_independent_sampling=False)
    entropy = (spec.seed, number, attempt) if attempt else (spec.seed, number)
    seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    return RandomSampler(seed=seed) if spec.sampler == "random" else TPESampler(seed=seed)
