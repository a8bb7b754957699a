"""Pruning: which of the trials that are compared at a rung go on."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from sweeps.spec.rungs import ETA


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
