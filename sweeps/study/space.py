"""The search space as points: how many there are, which they are, and their names in Optuna's words."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from sweeps.spec.axes import Axis, grids_of, size_of
from vae.parameters import Value

Point = Mapping[str, Value]
"""A trial's parameters by name."""
Key = tuple[Value, ...]
BYTES = 64
"""Of a random number that picks among the points of any space."""


def distributions(axes: Sequence[Axis]) -> dict[str, BaseDistribution]:
    """Return the search space as Optuna knows it; an axis of one value is no part of it."""
    return {axis.name: _distribution(axis) for axis in axes if not axis.is_fixed}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.choices:
        return CategoricalDistribution(axis.choices)
    if axis.is_integer:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def point_from(axes: Sequence[Axis], params: Point) -> Point:
    """Return the point of what was searched, with the axes of one value."""
    return {axis.name: axis.choices[0] if axis.is_fixed else params[axis.name] for axis in axes}


def key_of(axes: Sequence[Axis], point: Point) -> Key:
    """Return what two equal points share, whatever the order of their parameters."""
    return tuple(point[axis.name] for axis in axes)


def point_at(axes: Sequence[Axis], place: int) -> Point:
    """Return the point at a place in the grid of all points; the last axis runs fastest."""
    values, grids = {}, grids_of(axes)
    while place >= size_of(grids[0]):
        place -= size_of(grids.pop(0))
    for axis in reversed(grids[0]):
        place, rest = divmod(place, axis.size)
        values[axis.name] = axis.at(rest)
    return {axis.name: values[axis.name] for axis in axes}


def shuffled_points(axes: Sequence[Axis], seed: Sequence[int]) -> Iterator[Point]:
    """Yield every point once in a random order (Fisher and Yates's, which keeps only what it has moved)."""
    rng = np.random.default_rng(seed)
    moved: dict[int, int] = {}
    for left in range(size_of(axes), 0, -1):
        place = int.from_bytes(rng.bytes(BYTES), "little") % left
        yield point_at(axes, moved.get(place, place))
        moved[place] = moved.pop(left - 1, left - 1)
