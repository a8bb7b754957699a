"""For each hyperparameter: where trials are as good as can be told, and whether it gets better beyond the range."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.choice.axes import Searched
from analysis.statistics.intervals import LEVEL
from analysis.statistics.names import is_named

OUTER = 1 / 3
"""Of a range: what is called its end."""
FEW = 3
"""Trials that lie at one end by chance at most one time in twenty."""
SPARE = 3
"""Trials that a fit needs beyond its coefficients."""
BETTER = 2 / 3
"""Of the trials, that are fitted: poor ones lie on other slopes."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """The values of one hyperparameter among the trials that are not worse than the best."""

    parameter: str
    low: float | None
    high: float | None
    """Of numbers."""
    names: tuple[str, ...] = ()
    """Of a hyperparameter of names."""
    is_whole: bool
    """Whether they are as far apart as those of all trials: then nothing is told of this hyperparameter."""


def regions_of(board: pd.DataFrame, not_worse: Sequence[int], parameters: Sequence[str]) -> tuple[Region, ...]:
    """Return the region of each hyperparameter that varies."""
    kept = board[board["trial"].isin(not_worse)]
    found = []
    for name in parameters:
        if is_named(board[name]):
            names = tuple(sorted(set(kept[name].astype(str))))
            whole = len(names) == board[name].nunique()
            found.append(Region(parameter=name, low=None, high=None, names=names, is_whole=whole))
            continue
        low, high = float(kept[name].min()), float(kept[name].max())
        whole = bool(low == board[name].min() and high == board[name].max())
        found.append(Region(parameter=name, low=low, high=high, is_whole=whole))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """An end of a range, beyond which the objective seems to get better."""

    searched: Searched
    is_high: bool

    @property
    def value(self) -> float:
        """The last value of the range."""
        return self.searched.high if self.is_high else self.searched.low


def edges(values: pd.Series, axes: Sequence[Searched], board: pd.DataFrame, not_worse: Sequence[int]) -> list[Edge]:
    """Return the ends at which the optimum lies, a hyperparameter at most one; `values` are larger where better.

    The best trial, the first of `not_worse`, lies in the outer third of the range, none that is not worse lies in the
    opposite one, and there is evidence: a response surface of second degree (Box and Wilson 1951, without products) of
    the better trials still rises at that end (one-sided 95 %); or all trials that are not worse lie in that third, none
    lies further out, and that is no chance: they are at least FEW, or no other hyperparameter varies.
    """
    if not axes:
        return []
    places = np.column_stack([axis.places(board[axis.name]) for axis in axes])
    if not (np.isfinite(places).all() and np.isfinite(values).all()):
        return []
    kept, best = (board["trial"].isin(trials).to_numpy() for trials in (not_worse, not_worse[:1]))
    rising = _rising(places, values.to_numpy(dtype=float))
    found = []
    for axis, own, slopes in zip(axes, places.T, rising, strict=True):
        for is_high, rises in zip((False, True), slopes, strict=True):
            outward = own if is_high else 1 - own
            region = outward[kept]
            all_there = region.min() >= 1 - OUTER and region.max() == outward.max()
            no_chance = all_there and (len(region) >= FEW or len(axes) == 1)
            if outward[best].min() >= 1 - OUTER and region.min() > OUTER and (rises or no_chance):
                found.append(Edge(searched=axis, is_high=is_high))
    return found


def _rising(places: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> list[tuple[bool, bool]]:
    """Whether the fitted surface rises outward at the low and the high end of each axis."""
    count = places.shape[1]
    better = np.argsort(-values, kind="stable")[: max(round(BETTER * len(values)), 2 * count + 1 + SPARE)]
    squares = [place**2 for place in places[better].T]
    design = np.column_stack([np.ones(len(better)), *chain.from_iterable(zip(places[better].T, squares, strict=True))])
    spare = len(better) - np.linalg.matrix_rank(design)
    if spare < SPARE or not count:
        return [(False, False)] * count
    fitted, *_ = np.linalg.lstsq(design, values[better], rcond=None)
    variance = float(np.square(values[better] - design @ fitted).sum()) / spare
    covariance = variance * np.linalg.pinv(design.T @ design, hermitian=True)
    quantile = stats.t.ppf(LEVEL, spare)
    told = []
    for axis in range(count):
        ends = []
        for end, sign in ((0.0, -1.0), (1.0, 1.0)):
            slope = np.zeros(design.shape[1])
            slope[[1 + 2 * axis, 2 + 2 * axis]] = sign, sign * 2 * end
            ends.append(bool(slope @ fitted > quantile * np.sqrt(slope @ covariance @ slope)))
        told.append((ends[0], ends[1]))
    return told
