"""Hyperparameters as coordinates from 0 to 1, in which equal steps are about equally large."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.statistics.names import is_named, levels
from vae.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.arrays import Float64

WIDE = 4.0
"""Sizes, rates and weights act by their ratio: over a range this many times its start, a coordinate is logarithmic."""
GRID = 21
"""Values at which an effect is computed, where the trials have more than FEW."""
FEW = 8


@dataclass(frozen=True)
class Axis:
    """One hyperparameter: a coordinate of a number, or one a name, which is 1 where it is chosen and else 0."""

    of_trials: pd.Series
    """Its values."""

    @cached_property
    def is_log(self) -> bool:
        """Whether the coordinate is the number's logarithm."""
        positive = self.of_trials[self.of_trials > 0]
        return bool((self.of_trials >= 0).all() and len(positive) and positive.max() >= WIDE * positive.min())

    def place(self, values: pd.Series) -> Float64:
        """Return the coordinates of some values, (value, coordinate)."""
        if is_named(self.of_trials):
            return np.array([[float(name == level) for level in levels(self.of_trials)] for name in values])
        low, high = self._ends
        placed: Float64 = (self._scaled(values.to_numpy(float)) - low) / ((high - low) or 1.0)
        return placed[:, None]

    def grid(self) -> list[Any]:
        """Return the values at which an effect is computed: the trials' own where they are few, else evenly spaced."""
        if is_named(self.of_trials):
            return list(levels(self.of_trials))
        own = sorted(set(self.of_trials))
        if len(own) <= FEW:
            return own
        if self.is_log:
            steps = np.geomspace(min(value for value in own if value > 0), own[-1], GRID)
        else:
            steps = np.linspace(own[0], own[-1], GRID)
        if PARAMETERS[str(self.of_trials.name)].kind == "integer":
            return sorted({int(step) for step in np.rint(steps)})
        return [float(step) for step in steps]

    def _scaled(self, numbers: Float64) -> Float64:
        """A 0 on a logarithmic axis stands as far below the smallest other value as that is from twice itself."""
        if not self.is_log:
            return numbers
        scaled: Float64 = np.log(np.maximum(numbers, self._least))
        return scaled

    @cached_property
    def _least(self) -> float:
        return float(self.of_trials[self.of_trials > 0].min()) / 2

    @cached_property
    def _ends(self) -> Float64:
        return self._scaled(np.array([self.of_trials.min(), self.of_trials.max()], float))


@dataclass(frozen=True)
class Cube:
    """The hyperparameters of a surrogate, by name."""

    axes: Mapping[str, Axis]

    @classmethod
    def of(cls, trials: pd.DataFrame, names: Sequence[str]) -> Cube:
        """The cube that holds some trials, a row each."""
        return cls({name: Axis(trials[name]) for name in names})

    def place(self, points: pd.DataFrame) -> Float64:
        """Return the coordinates of points, one a row, (point, coordinate)."""
        return np.hstack([axis.place(points[name]) for name, axis in self.axes.items()])

    def moved(self, points: pd.DataFrame, name: str, values: Sequence[Any]) -> pd.DataFrame:
        """Return the points with a hyperparameter at each of some values: len(values) * len(points) rows, by value."""
        rows = pd.concat([points[list(self.axes)]] * len(values), ignore_index=True)
        return rows.assign(**{name: pd.Series(np.repeat(np.array(values, object), len(points))).infer_objects()})
