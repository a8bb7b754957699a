"""The effect of every hyperparameter: plain means of a grid, else what a surrogate of the trials says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.effects.effect import FEW, effect
from analysis.presentation.words import percent
from analysis.surrogate.surrogate import FEWEST, Surrogate, best_points
from vae.columns import Objective

CURVES = ("quantity", "value", "mean", "low", "high", "best", "best_low", "best_high")
TRUST = ("quantity", "trials", "error", "noise", "spread", "explained", "is_shown")


@dataclass(frozen=True, eq=False)
class Effects:
    """What hyperparameters do to some quantities of finished VAE runs."""

    runs: pd.DataFrame
    """Those with the seeds that every trial has."""
    names: Sequence[str]
    """The hyperparameters that vary."""
    objective: Objective
    """By which the others are at their best in a profile."""
    surrogates: Mapping[str, Surrogate | None]
    """By quantity; None where nothing can be fitted."""
    is_grid: bool
    """Whether every combination of few values is there, and plain means over the others are the effect."""
    _best_points: dict[tuple[Any, ...], pd.DataFrame] = field(default_factory=dict)
    """By hyperparameter and values: quantities of the same trials share them."""

    def of(self, name: str) -> pd.DataFrame:
        """Return the effect of a hyperparameter on each quantity that it can be told of, in long form.

        `mean`, low and high (95 %) are of the average over the trials' other hyperparameters. Of a surrogate, the same
        of `best` are where the others are as is best for the objective at that value. Of a grid, see `effect`.
        """
        if self.is_grid:
            return effect(self.runs, name, tuple(self.surrogates))
        parts = [self._curve(quantity, found, name) for quantity, found in self.shown.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CURVES))

    def table(self) -> pd.DataFrame:
        """Return the effects of all hyperparameters, as `of`, after a column `parameter`."""
        parts = [self.of(name).assign(parameter=name) for name in self.names]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["parameter", *CURVES])
        return table[["parameter", *(name for name in table if name != "parameter")]]

    @property
    def shown(self) -> dict[str, Surrogate]:
        """The surrogates that foretell enough."""
        return {name: found for name, found in self.surrogates.items() if found is not None and found.is_good}

    @property
    def of_objective(self) -> Surrogate | None:
        """The surrogate of the objective, where it foretells enough."""
        return self.shown.get(self.objective.column)

    @cached_property
    def trust(self) -> pd.DataFrame:
        """One row a quantity that a surrogate was fitted to: TRUST.

        Over its trials, in the quantity's unit: the root mean square error of what is foretold of a trial left out, the
        deviation that seeds give a trial's mean, the deviation of the trials; and the share of their variance that is
        foretold.
        """
        rows = [
            (name, len(found.trials), found.error, found.noise, found.spread, found.explained, found.is_good)
            for name, found in self.surrogates.items()
            if found is not None
        ]
        return pd.DataFrame(rows, columns=list(TRUST))

    def why_not(self, quantity: str) -> str:
        """Say why a surrogate's effect on a quantity is not drawn; empty where it is."""
        if quantity in self.shown:
            return ""
        found = self.surrogates[quantity]
        if found is None:
            trials = self.runs["trial"].nunique()
            return f"fewer than {FEWEST} trials" if trials < FEWEST else "the same in all trials"
        return f"only {percent(max(found.explained, 0.0))} of the variance is foretold"

    @property
    def why_objective(self) -> str:
        """Say why the effect on the objective is not drawn."""
        return self.why_not(self.objective.column)

    def _curve(self, quantity: str, found: Surrogate, name: str) -> pd.DataFrame:
        values = found.cube.axes[name].grid()
        means = found.partial_dependence(name, values).assign(quantity=quantity, value=values)
        if self.of_objective is None:
            return means.reindex(columns=list(CURVES))
        points = self._at_best(self.of_objective, name, values)
        best = found.predict(points).rename(columns={"mean": "best", "low": "best_low", "high": "best_high"})
        return pd.concat([means, best], axis=1)[list(CURVES)]

    def _at_best(self, known: Surrogate, name: str, values: Sequence[Any]) -> pd.DataFrame:
        key = (name, *values)
        if key not in self._best_points:
            self._best_points[key] = best_points(known, name, values, is_less_better=self.objective.ascending)
        return self._best_points[key]


def is_full_grid(runs: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether the trials are all combinations of at most FEW values of each hyperparameter."""
    points = runs[list(names)].drop_duplicates()
    counts = points.nunique()
    return bool(len(points) and (counts <= FEW).all() and len(points) == counts.prod())
