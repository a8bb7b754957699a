"""Which point comes next: a pure function of the spec, the trial's number and, to optimize, what was told before.

Samplers work on studies in memory; the sweep's storage is given whole trials. So a trial is asked in one write, and
what a killed sweep had asked is what the same command asks again.
"""

import itertools
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from sweeps.spec.spec import Spec

Point = dict[str, float]
"""A trial's parameters by name."""

optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is no news


def explore(spec: Spec, trials: int) -> list[Point]:
    """Return the first so many points of an exploring sweep; more trials extend the list."""
    if spec.sampler == "grid":
        choices = itertools.product(*(axis.choices for axis in spec.axes))
        names = [axis.name for axis in spec.axes]
        return [dict(zip(names, point, strict=True)) for point in itertools.islice(choices, trials)]
    return _sobol_points(spec, trials) if spec.sampler == "qmc" else _random_points(spec, trials)


def _random_points(spec: Spec, trials: int) -> list[Point]:
    study = _study_in_memory(spec)
    points = []
    for number in range(trials):
        study.sampler = _sampler(spec, number)
        points.append(_ask(spec, study))
    return points


def _sobol_points(spec: Spec, trials: int) -> list[Point]:
    """Return the points of Optuna's QMC sampler, which draws the first at random and the others of Sobol's sequence.

    Asking the study for each would look through all trials before it, only to find the same search space.
    """
    study, space = _study_in_memory(spec), distributions(spec)
    study.sampler = _sampler(spec, 0)
    first = _ask(spec, study)
    sampled = (study.sampler.sample_relative(study, study.trials[0], space) for _ in range(trials - 1))
    return [first, *(_point(spec, params) for params in sampled)][:trials]


def optimize(spec: Spec, told: Sequence[FrozenTrial], trials: int) -> list[Point]:
    """Return the next so many points after the trials that the storage holds, finished or running."""
    study = _study_in_memory(spec)
    study.add_trials(told)
    points = []
    for number in range(len(told), len(told) + trials):
        study.sampler = _sampler(spec, number)
        points.append(_ask(spec, study))
    return points


def distributions(spec: Spec) -> dict[str, BaseDistribution]:
    """Return the search space as Optuna knows it; an axis of one value is no part of it."""
    return {axis.name: axis.distribution() for axis in spec.axes if not axis.is_fixed}


def _ask(spec: Spec, study: optuna.Study) -> Point:
    return _point(spec, study.ask(distributions(spec)).params)


def _point(spec: Spec, params: Mapping[str, float]) -> Point:
    return {axis.name: axis.choices[0] if axis.is_fixed else params[axis.name] for axis in spec.axes}


def _study_in_memory(spec: Spec) -> optuna.Study:
    return optuna.create_study(directions=[objective.direction for objective in spec.objectives])


def _sampler(spec: Spec, number: int) -> BaseSampler:
    """Return the sampler of one trial: QMC counts by itself, the others are seeded anew for every number."""
    if spec.sampler == "qmc":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return QMCSampler(seed=spec.seed, scramble=True, warn_independent_sampling=False)
    seed = int(np.random.SeedSequence((spec.seed, number)).generate_state(1)[0])
    return RandomSampler(seed=seed) if spec.sampler == "random" else TPESampler(seed=seed)
