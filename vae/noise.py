"""What an objective's noise lets one tell: its spread over a trial's seeds, and, of a score, over permuted codes."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

LEVEL = 0.05
"""Chance that any two trials are told apart where nothing sets them apart."""
FLOOR_LEVEL = 0.01
"""The same of a trial and its floor, were scores of permuted codes normal; they are skewed: one in twenty is left."""


class Spread(NamedTuple):
    """A standard deviation, and the numbers that tell it."""

    deviation: float
    freedom: int


NOTHING_KNOWN = Spread(0.0, 0)


def spread(groups: Collection[Sequence[float]]) -> Spread:
    """Return the deviation within groups of finite numbers, pooled; over all where each has one number."""
    finite = [np.asarray(group, dtype=float) for group in groups if np.isfinite(group).all()]
    if finite and all(len(group) < 2 for group in finite):
        finite = [np.concatenate(finite)]
    freedom = sum(max(len(group) - 1, 0) for group in finite)
    if not freedom:
        return NOTHING_KNOWN
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in finite)
    return Spread(math.sqrt(squares / freedom), freedom)


def margin(noise: Spread, numbers: tuple[int, int], comparisons: int, level: float = LEVEL) -> float:
    """Return by how much a mean exceeds another, of so many numbers each, with chance `level` in any comparison.

    Student's t with Bonferroni's correction; 0 where no noise is known.
    """
    from scipy.special import stdtrit

    if not noise.freedom:
        return 0.0
    quantile = float(stdtrit(noise.freedom, 1 - level / max(comparisons, 1)))
    return quantile * noise.deviation * math.sqrt(sum(1 / count for count in numbers))


def is_any_above(
    values: Mapping[int, Sequence[float]], floors: Mapping[int, Sequence[float]], *, ascending: bool
) -> bool:
    """Whether the mean of any trial is better than that of its floors by more than their noise."""
    sign = -1.0 if ascending else 1.0
    noise = spread(floors.values())
    needed = {
        seeds: margin(noise, (seeds, seeds), len(values), FLOOR_LEVEL) for seeds in set(map(len, values.values()))
    }
    return any(sign * (np.mean(own) - np.mean(floors[trial])) > needed[len(own)] for trial, own in values.items())
