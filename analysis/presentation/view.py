"""A sweep as its report shows it: what several sections need, computed once."""

from functools import cached_property

import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.statistics.leaderboard import leaderboard
from analysis.statistics.selection import complete_runs, finished, parameters_of, varying
from analysis.statistics.zero_rate import ZeroRate, zero_rate


class View:
    """What every builder of sections is handed: a sweep, and what is computed of it when it is first asked for."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs of COMPLETE trials, of every model."""
        return complete_runs(self.sweep)

    @cached_property
    def vae_runs(self) -> pd.DataFrame:
        """The finished VAE runs of COMPLETE trials: those with a rate and an ELBO."""
        return finished(self.runs)

    @cached_property
    def board(self) -> pd.DataFrame:
        """The leaderboard, scores included: one row a COMPLETE trial, best first."""
        sweep = self.sweep
        return leaderboard(sweep.trials, sweep.runs, sweep.objectives, sweep.scores)

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
        """The finished VAE runs of the best trial, a seed each; empty where no trial is complete."""
        # By parameters and not by trial: a point that was asked twice was trained once.
        best = self.board[self.parameters].head(1)
        return [int(run) for run in self.vae_runs.merge(best, on=self.parameters)["run"]]

    @cached_property
    def zero_rate(self) -> ZeroRate:
        """The point of the plane at R = 0, of a decoder that is told nothing; unknown where no trial is complete."""
        return ZeroRate(None) if self.vae_runs.empty else zero_rate(self.sweep)
