"""Pruning: which of the trials that are compared at a rung go on."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from sweeps.spec.rungs import ETA
from vae.noise import NOTHING_KNOWN, is_any_above, margin, spread


def losers(
    pruner: str,
    values: Mapping[int, Sequence[float]],
    earlier: Sequence[float] = (),
    *,
    ascending: bool,
    floors: Mapping[int, Sequence[float]] | None = None,
) -> list[int]:
    """Return the trials that end at a rung: those that are beaten, and by more than the objective's noise.

    `values` are the objective at the rung of each trial of the batch, one a seed, NaN the worst. halving beats all but
    the best one in `ETA`; of equal ones the first go on. median beats those that are worse than the median of them and
    of the `earlier` trials of the study that came as far (Golovin et al. 2017, Google Vizier, section 3.2.2). The noise
    is the spread over seeds; of one seed it is not known, and all that are beaten end. `floors` are those of a score,
    one a seed: where no trial is above its own nobody ends, and their spread is the noise of one seed.
    """
    sign = 1.0 if ascending else -1.0
    means = {trial: sign * sum(of_seeds) / len(of_seeds) for trial, of_seeds in values.items()}
    costs = {trial: math.inf if math.isnan(mean) else mean for trial, mean in means.items()}
    if floors is not None and costs and not is_any_above(values, floors, ascending=ascending):
        return []
    beaten = _beaten(pruner, costs, [sign * value for value in earlier if not math.isnan(value)])
    best = min((cost for trial, cost in costs.items() if trial not in beaten), default=math.inf)
    seeds = max(map(len, values.values()), default=1)
    noise = spread(values.values()) if seeds > 1 else spread(floors.values()) if floors else NOTHING_KNOWN
    needed = margin(noise, (seeds, seeds), len(values) * (len(values) - 1))
    return sorted(trial for trial in beaten if math.isinf(costs[trial]) or costs[trial] - best > needed)


def _beaten(pruner: str, costs: Mapping[int, float], earlier: Sequence[float]) -> set[int]:
    if pruner == "median":
        middle = median([*costs.values(), *earlier]) if costs else math.inf
        return {trial for trial, cost in costs.items() if cost > middle}
    order = sorted(costs, key=lambda trial: (costs[trial], trial))
    return set(order[max(1, math.floor(len(order) / ETA)) :])


def share_trained(pruner: str, trials: int, epochs: int, places: Sequence[int]) -> float:
    """Return the share of the epochs of so many trials that is trained where the beaten end at the rungs `places`."""
    trained, before, alive = 0, 0, trials
    for place in (*places, epochs):
        trained += alive * (place - before)
        alive -= len(losers(pruner, {trial: [float(trial)] for trial in range(alive)}, ascending=True))
        before = place
    return trained / max(1, trials * epochs)
