"""Which point comes next: a pure function of the spec, the trial's number and, to optimize, what was told before.

Samplers work on studies in memory; the sweep's storage is given whole trials. So a trial is asked in one write, and
what a killed sweep had asked is what the same command asks again.
"""

import itertools
import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from sweeps.spec import Spec

Point = dict[str, float]
"""A trial's parameters by name."""

optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is no news


def explore(spec: Spec, trials: int) -> list[Point]:
    """Return the first so many points of an exploring sweep; more trials extend the list."""
    if spec.sampler == "grid":
        choices = itertools.product(*(axis.choices for axis in spec.axes))
        names = [axis.name for axis in spec.axes]
        return [dict(zip(names, point, strict=True)) for point in itertools.islice(choices, trials)]
    study = _study_in_memory(spec)
    study.sampler = _sampler(spec, 0)
    points = []
    for number in range(trials):
        if spec.sampler == "random":
            study.sampler = _sampler(spec, number)
        points.append(_ask(spec, study))
    return points


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
    asked = study.ask(distributions(spec)).params
    return {axis.name: axis.choices[0] if axis.is_fixed else asked[axis.name] for axis in spec.axes}


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
