"""Floors of scores: what a trial's score would be if its codes told nothing of the factors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.metrics import ScoreWarning
from analysis.scores.after_sweep import score_sweep
from analysis.statistics.selection import finished
from vae.columns import FLOOR, SAMPLED, SCORES
from vae.errors import ResultsError
from vae.noise import FLOOR_LEVEL, Spread, is_any_above, margin

if TYPE_CHECKING:
    import pandas as pd

    from analysis.frames.sweep import Sweep

LOOKED_AT = 3
"""Trials, best first, whose floors are computed before a score is said to tell nothing."""


class Floor(NamedTuple):
    """A score on permuted codes: mean, deviation within a run, and of how many permutations of how many runs."""

    mean: float
    deviation: float
    permutations: int
    runs: int = 1

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Floor:
        """Return the floor of a trial from those of its runs, which differ as the codes' shapes do."""
        freedom = rows["permutations"] - 1
        variance = (rows["floor_deviation"].fillna(0.0) ** 2 * freedom).sum() / max(freedom.sum(), 1)
        return cls(float(rows["floor"].mean()), float(variance) ** 0.5, int(rows["permutations"].sum()), len(rows))

    def reach(self, name: str, seeds: int, trials: int) -> float:
        """Return what the mean of so many seeds reaches by chance in any of so many trials."""
        noise = Spread(self.deviation, self.permutations - self.runs)
        way = -1.0 if is_less(name) else 1.0
        return self.mean + way * margin(noise, (seeds, self.permutations), trials, FLOOR_LEVEL)


class Standing(NamedTuple):
    """A trial that is above its floor: its row, the floor's mean, and what chance reaches."""

    row: pd.Series
    floor: float
    floor_high: float


def is_less(name: str) -> bool:
    """Whether a smaller score is better."""
    return SCORES[name.removesuffix(SAMPLED)] == "minimize"


def is_above(name: str, value: float, floor_high: float) -> bool:
    """Whether a value is better than what chance reaches; False where either is not known."""
    return value < floor_high if is_less(name) else value > floor_high


def floor_of_trial(sweep: Sweep, trial: int, name: str) -> Floor:
    """Return the floor of a trial's score, over its runs; ResultsError where weights were not kept."""
    runs = finished(sweep.runs)
    of_trial = runs.loc[runs["trial"] == trial, "run"].tolist()
    if not of_trial:
        raise ResultsError(f"a floor needs a finished run, got none of trial {trial}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # what is said of a run's codes is said with its own scores
        return Floor.of(score_sweep(sweep, name, runs=of_trial))


def best_above_floor(means: pd.DataFrame, name: str, floor_of: Callable[[int, str], Floor]) -> Standing | None:
    """Return the trial that is best by a score and above its floor; None where the best `LOOKED_AT` are not.

    `means` has a row a trial with `trial`, the score and its n seeds. Raises what `floor_of` (trial, name) raises.
    """
    known = means.dropna(subset=[name]).sort_values(name, ascending=is_less(name), kind="stable")
    for _, row in known.head(LOOKED_AT).iterrows():
        floor = floor_of(int(row["trial"]), name)
        high = floor.reach(name, int(row["n"]), len(known))
        if is_above(name, float(row[name]), high):
            return Standing(row, floor.mean, high)
    return None


def objective_tells_nothing(sweep: Sweep) -> str:
    """Say that no trial's objective is above its floor, where it is a score and that is so; else empty."""
    first = sweep.objectives[0]
    column = FLOOR + first.column
    if not first.is_score or column not in sweep.runs:
        return ""
    runs = finished(sweep.runs).dropna(subset=[first.column, column])
    by_trial = runs.groupby("trial")
    values, floors = ({int(str(t)): g[c].tolist() for t, g in by_trial} for c in (first.column, column))
    if not values or is_any_above(values, floors, ascending=first.ascending):
        return ""
    mean = float(np.mean(runs[column]))
    return f"The study cannot tell by {first.name}: no trial rises above its floor, {mean:.2g} for permuted codes."
