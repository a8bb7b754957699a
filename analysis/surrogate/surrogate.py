"""A response of a sweep as a function of its hyperparameters, with what it is not sure of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.intervals import LEVEL
from analysis.surrogate.cube import Cube
from analysis.surrogate.process import Process, fit, sampled
from analysis.surrogate.responses import LARGEST, responses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.arrays import Float64

FEWEST = 10
"""Trials below which nothing is fitted."""
OTHERS = 32
"""Trials at most whose other hyperparameters an effect is averaged over."""
LEAST_EXPLAINED = 0.5
"""Share of the variance between trials that must be foretold of trials left out, for an effect to be shown."""
QUANTILE = float(stats.norm.ppf((1 + LEVEL) / 2))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A Gaussian process of one response over the varying hyperparameters of a sweep."""

    trials: pd.DataFrame
    """What it was fitted to: trial, parameters, mean, n, variance."""
    cube: Cube
    process: Process
    centre: float
    spread: float
    """Mean and standard deviation of the response over trials, in its unit."""

    @property
    def noise(self) -> float:
        """The standard deviation that seeds give a trial's mean, over the trials; NaN with one seed."""
        return float(np.sqrt(self.trials["variance"].mean()))

    @property
    def error(self) -> float:
        """The root mean square error of the prediction of a trial that is left out, in the response's unit."""
        residuals = self.process.left_out()[0]
        return float(self.spread * np.sqrt(np.mean(residuals**2)))

    @property
    def explained(self) -> float:
        """The share of the variance between trials that is foretold of trials left out; at most 1, negative if bad.

        The mean of the others, which knows no hyperparameter, has 0.
        """
        count = len(self.trials)
        return 1.0 - (self.error / (self.spread * count / (count - 1))) ** 2

    @property
    def is_good(self) -> bool:
        """Whether it foretells enough for its effects to be shown."""
        return self.explained >= LEAST_EXPLAINED

    @property
    def others(self) -> pd.DataFrame:
        """The trials over whose other hyperparameters effects are averaged and profiles searched."""
        return self.trials.iloc[sampled(len(self.trials), OTHERS)]

    def predict(self, points: pd.DataFrame) -> pd.DataFrame:
        """Return mean, low and high (95 %) of the response at points, a row each, without the noise of seeds."""
        return self._interval(*self.process.predict(self.cube.place(points)))

    def partial_dependence(self, name: str, values: Sequence[Any]) -> pd.DataFrame:
        """Return mean, low and high (95 %) of the response at each value, averaged over the trials' other parameters.

        Friedman 2001, https://doi.org/10.1214/aos/1013203451, section 8.2; the interval is of that average.
        """
        places = self.cube.place(self.cube.moved(self.others, name, values))
        groups = places.reshape(len(values), len(self.others), -1)
        return self._interval(*self.process.predict_average(groups))

    def _interval(self, mean: Float64, deviation: Float64) -> pd.DataFrame:
        centre, half_width = self.centre + self.spread * mean, QUANTILE * self.spread * deviation
        return pd.DataFrame({"mean": centre, "low": centre - half_width, "high": centre + half_width})


def surrogate(runs: pd.DataFrame, column: str, parameters: Sequence[str]) -> Surrogate | None:
    """Return the surrogate of a column of finished VAE runs over parameters that vary.

    None where fewer than FEWEST trials have the column, nothing varies, or the column is the same in all of them.
    """
    trials = responses(runs, column, parameters)
    if len(trials) < FEWEST or not parameters:
        return None
    centre, spread = float(trials["mean"].mean()), float(trials["mean"].std(ddof=0))
    if not spread > max(1e-9 * abs(centre), 1 / LARGEST):
        return None
    cube = Cube.of(trials, parameters)
    noise = trials["variance"].fillna(0.0).to_numpy() / spread**2
    process = fit(cube.place(trials), (trials["mean"].to_numpy() - centre) / spread, noise)
    return Surrogate(trials, cube, process, centre, spread)


def best_points(objective: Surrogate, name: str, values: Sequence[Any], *, is_less_better: bool) -> pd.DataFrame:
    """Return one point a value: of the trials' settings of the others, the one with the best predicted objective."""
    candidates = objective.cube.moved(objective.others, name, values)
    mean = objective.predict(candidates)["mean"].to_numpy().reshape(len(values), -1)
    best = mean.argmin(axis=1) if is_less_better else mean.argmax(axis=1)
    chosen: pd.DataFrame = candidates.iloc[np.arange(len(values)) * mean.shape[1] + best].reset_index(drop=True)
    return chosen
