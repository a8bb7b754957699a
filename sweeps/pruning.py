"""Pruning: the epochs at which the trials of a batch are compared, and which of them go on."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from vae.schedules import BetaSchedule

PRUNERS = {"explore": ("none",), "optimize": ("halving", "median", "none")}
"""The pruners of each mode, its default first: a pruned study is a biased picture of the space."""
KEPT = 3
"""Successive halving keeps one trial in so many (Jamieson & Talwalkar 2016, arXiv 1502.07943; Hyperband's eta)."""
RUNGS = 2


def rungs(pruner: str, epochs: int, beta_schedule: str) -> tuple[int, ...]:
    """Return the epochs, rising, after which trials are compared: a ninth and a third of what follows the warm-up.

    Before beta has reached its value the runs of different betas cannot be told apart.
    """
    if pruner == "none":
        return ()
    warm_up = BetaSchedule.parse(beta_schedule).warm_up * epochs
    places = {math.ceil(warm_up + (epochs - warm_up) / KEPT**k) for k in range(1, RUNGS + 1)}
    return tuple(sorted(place for place in places if place < epochs))


def losers(pruner: str, values: Mapping[int, float], *, ascending: bool) -> list[int]:
    """Return the trials that end at a rung: all but the best third (halving), or those below the median.

    `values` are the trials' objective at the rung, NaN the worst; of equal ones the first go on.
    """
    sign = 1.0 if ascending else -1.0
    costs = {trial: math.inf if math.isnan(value) else sign * value for trial, value in values.items()}
    if pruner == "median":
        middle = np.median(list(costs.values())) if costs else math.nan
        return sorted(trial for trial, cost in costs.items() if cost > middle)
    order = sorted(costs, key=lambda trial: (costs[trial], trial))
    return sorted(order[max(1, len(order) // KEPT) :])


def share_trained(pruner: str, trials: int, epochs: int, places: Sequence[int]) -> float:
    """Return the share of the epochs of so many trials that is trained where trials end at the rungs `places`."""
    trained, before, alive = 0, 0, trials
    for place in (*places, epochs):
        trained += alive * (place - before)
        alive -= len(losers(pruner, {trial: float(trial) for trial in range(alive)}, ascending=True))
        before = place
    return trained / max(1, trials * epochs)
