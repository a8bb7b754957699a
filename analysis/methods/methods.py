"""What a sweep has for a comparison of losses and weights, and why it may have too little."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from analysis.methods.weighted import losses_of, weighted

if TYPE_CHECKING:
    import pandas as pd

    from analysis.presentation.view import View

MOST = 4
"""Scores that figures and sentences show."""
WITHOUT_SCORES = ("elbo_nats", "active_units")
NO_GRID = "it compares settings that somebody chose (--sampler grid), and these were drawn"
NO_SEEDS = "the sweep has one seed, so nothing tells what another would change (--seeds N)"


@dataclass(frozen=True)
class Methods:
    """A sweep's losses and weights, as the sections read them."""

    view: View

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The weighted runs, with the seeds that every trial was asked with."""
        return weighted(self.view.sweep.spec, self.view.own_runs)

    @cached_property
    def quantities(self) -> list[str]:
        """What losses are compared by: the scores, or what is best known where there are none."""
        return self.view.sweep.scores or list(WITHOUT_SCORES)

    @property
    def shown(self) -> list[str]:
        """Those that figures and sentences show; the tables have all."""
        return self.quantities[:MOST]

    @cached_property
    def losses(self) -> list[str]:
        """In the order of vae's table."""
        return losses_of(self.runs)

    @property
    def is_grid(self) -> bool:
        """Whether somebody chose the settings, so that losses meet the same of them."""
        return self.view.sweep.spec.get("sampler") == "grid"

    @property
    def applies(self) -> bool:
        """Whether there is anything to compare: several losses, or several weights that somebody chose."""
        return len(self.losses) > 1 or (self.is_grid and len(set(self.runs["weight"])) > 1)

    @property
    def lacking(self) -> str:
        """Why differences and shares cannot be told; empty where they can."""
        if not self.is_grid:
            return NO_GRID
        return NO_SEEDS if len(set(self.runs["seed"])) < 2 else ""
