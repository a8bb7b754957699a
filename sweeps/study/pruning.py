"""Pruning: the epochs at which the trials of a batch are compared, and which of them go on."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median

from vae.schedules import BetaSchedule

PRUNERS = {"explore": ("none",), "optimize": ("halving", "median", "none")}
"""The pruners of each mode, its default first: a pruned study is a biased picture of the space."""
ETA = Fraction(3, 2)
"""One trial in so many goes on, for so many times the epochs (Jamieson & Talwalkar 2016, arXiv 1502.07943).

Many gentle rungs lose less of what learns late than the papers' 2 or 3 do with the same epochs (benchmarks/halving.py).
"""
PLACES = tuple(Fraction(1, 8) * ETA**k for k in range(4))
"""Of the epochs, up to less than half: a batch of 16 trains 31 % of them, and two of it come to the end."""


def rungs(pruner: str, epochs: int, beta_schedule: str) -> tuple[int, ...]:
    """Return the epochs, rising, after which trials are compared: `PLACES` of what follows the warm-up.

    Before beta has reached its value the runs of different betas cannot be told apart.
    """
    if pruner == "none":
        return ()
    warm_up = BetaSchedule.parse(beta_schedule).warm_up * epochs
    reached = {math.ceil(warm_up + (epochs - warm_up) * place) for place in PLACES}
    return tuple(sorted(epoch for epoch in reached if epoch < epochs))


def losers(pruner: str, values: Mapping[int, float], earlier: Sequence[float] = (), *, ascending: bool) -> list[int]:
    """Return the trials that end at a rung.

    halving ends all but the best one in `ETA` of `values`, the objective at the rung of each trial of the batch, NaN
    the worst; of equal ones the first go on. median ends those that are worse than the median of them and of the
    `earlier` trials of the study that came as far (Golovin et al. 2017, Google Vizier, section 3.2.2).
    """
    sign = 1.0 if ascending else -1.0
    costs = {trial: math.inf if math.isnan(value) else sign * value for trial, value in values.items()}
    if pruner == "median":
        known = [*costs.values(), *(sign * value for value in earlier if not math.isnan(value))]
        return sorted(trial for trial, cost in costs.items() if cost > median(known))
    order = sorted(costs, key=lambda trial: (costs[trial], trial))
    return sorted(order[max(1, math.floor(len(order) / ETA)) :])


def share_trained(pruner: str, trials: int, epochs: int, places: Sequence[int]) -> float:
    """Return the share of the epochs of so many trials that is trained where trials end at the rungs `places`."""
    trained, before, alive = 0, 0, trials
    for place in (*places, epochs):
        trained += alive * (place - before)
        alive -= len(losers(pruner, {trial: float(trial) for trial in range(alive)}, ascending=True))
        before = place
    return trained / max(1, trials * epochs)
