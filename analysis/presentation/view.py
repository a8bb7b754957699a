"""A sweep as its report shows it: what several sections need, computed once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple, cast

import pandas as pd

from analysis.presentation.nouns import Words, of_images, of_tables
from analysis.statistics.carrying import COLUMN, carrying_units
from analysis.statistics.leaderboard import leaderboard
from analysis.statistics.selection import complete_runs, finished, parameters_of, varying
from analysis.statistics.still_improving import StillImproving, still_improving
from analysis.statistics.zero_rate import ZeroRate, zero_rate
from vae.errors import VaekitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.frames.sweep import Sweep

Found = TypeVar("Found")
About = TypeVarTuple("About")


class View:
    """What every builder of sections is handed: a sweep, and what is computed of it when it is first asked for."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._found: dict[tuple[object, ...], object] = {}

    def once(self, find: Callable[[View, *About], Found], *about: *About) -> Found:
        """Return what an analysis finds in this view, about a column for example; it looks once, whoever asks."""
        asked = (find, *about)
        if asked not in self._found:
            self._found[asked] = find(self, *about)
        return cast("Found", self._found[asked])

    @cached_property
    def words(self) -> Words:
        """Puts a text into the words of the data: of images, or of a table's samples and features."""
        sweep = self.sweep
        if not sweep.is_table:
            return of_images
        try:
            names = [*sweep.factor_names, *sweep.feature_names]
        except VaekitError:  # the data can no longer be read
            names = []
        data = sweep.provenance.get("data", {})
        return of_tables([sweep.name, str(sweep.path), str(sweep.spec.get("data")), str(data.get("name")), *names])

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs of COMPLETE trials, of every model."""
        return complete_runs(self.sweep)

    @cached_property
    def is_comparison(self) -> bool:
        """Whether each VAE was trained with its autoencoder twin."""
        return "ae" in str(self.sweep.spec.get("models", "")).split(",") or bool(
            (self.sweep.runs["model"] == "ae").any()
        )

    @cached_property
    def vae_runs(self) -> pd.DataFrame:
        """The finished VAE runs of COMPLETE trials: those with a rate and an ELBO."""
        return finished(self.runs)

    @cached_property
    def own_runs(self) -> pd.DataFrame:
        """Those of `runs` with the seeds that every trial was asked with: what averages over trials may weigh alike."""
        spec, seeds = self.sweep.spec, self.runs["seed"]
        return self.runs[seeds < int(spec.get("seed", 0)) + int(spec["seeds"])]

    @cached_property
    def board(self) -> pd.DataFrame:
        """The leaderboard, scores and carrying units included: one row a COMPLETE trial, best first."""
        sweep = self.sweep
        runs = sweep.runs.merge(carrying_units(sweep.dims), on="run", how="left")
        return leaderboard(sweep.trials, runs, sweep.objectives, [*sweep.scores, COLUMN])

    @cached_property
    def parameters(self) -> list[str]:
        """The hyperparameters that have a column in the sweep's frames."""
        return parameters_of(self.sweep.trials)

    @cached_property
    def varying(self) -> list[str]:
        """Those of them that have more than one value among the COMPLETE trials."""
        return varying(self.board)

    @cached_property
    def best_runs(self) -> list[int]:
        """The finished VAE runs of the first trial, a seed each; empty where no trial is complete."""
        # By parameters and not by trial: a point that was asked twice was trained once.
        best = self.board[self.parameters].head(1)
        return [int(run) for run in self.vae_runs.merge(best, on=self.parameters)["run"]]

    @cached_property
    def still_improving(self) -> StillImproving:
        """The runs of COMPLETE trials that still improved when they ended."""
        return still_improving(self.sweep, self.runs)

    @cached_property
    def pareto(self) -> list[int]:
        """The trials that no other dominates, where there are several objectives."""
        board = self.board
        if "dominated" not in board:
            return []
        return [int(trial) for trial in board.loc[~board["dominated"].astype(bool), "trial"]]

    @cached_property
    def zero_rate(self) -> ZeroRate:
        """The point of the plane at R = 0, of a decoder that is told nothing; unknown where no trial is complete."""
        return ZeroRate(None) if self.vae_runs.empty else zero_rate(self.sweep)
