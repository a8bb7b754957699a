"""A sweep as a notebook has it."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.frames.sweep import Sweep as Frames
from analysis.notebook.html import strip, table
from analysis.notebook.plots import Plots
from analysis.notebook.run import Run
from analysis.presentation.words import counted
from analysis.statistics.states import states
from vae.errors import ResultsError, VaekitError
from vae.files.results import find_folder

if TYPE_CHECKING:
    from analysis.choice.choose import Choice
    from analysis.presentation.view import View
    from analysis.surrogate.surrogate import Surrogate

ROWS = 5
"""Of the leaderboard."""


class Sweep(Frames):
    """What a sweep measured, read when it is first asked for and kept, and its report's figures in `plot`."""

    @cached_property
    def view(self) -> View:
        """What the report's builders are handed: the sweep, and what is computed of it once."""
        from analysis.presentation.view import View

        return View(self)

    @cached_property
    def plot(self) -> Plots:
        """The report's figures, a method each."""
        return Plots(self.view)

    def choice(self, by: str | None = None) -> Choice:
        """Return which trial to take and which others may be as good: by the objective, or by another measure.

        Of that, a score or `rate_nats:min` for instance, it is the values on the test images that decide.
        """
        from analysis.choice.choice import choice

        return choice(self.view, by)

    def effects(self) -> pd.DataFrame:
        """Return what each hyperparameter that varies does to objectives, rate, distortion, active units and scores.

        One row a parameter, quantity and value: mean, low and high (95 %) over the trials' other hyperparameters, and
        `best`, best_low and best_high where these are as is best for the objective. Of a grid, plain means. A quantity
        of which too little can be foretold has no rows.
        """
        from analysis.effects.section import effects_of, quantities

        found = effects_of(self.view, [*quantities(self.view), *self.scores])
        return found.table()

    def surrogate(self, column: str) -> Surrogate:
        """Return the function of the hyperparameters that a column of `runs` is taken for: what any point would reach.

        ResultsError where it cannot be fitted: too few trials, or a column that is the same in all.
        """
        from analysis.surrogate.surrogate import FEWEST, surrogate

        known = column in self.runs and pd.api.types.is_numeric_dtype(self.runs[column])
        found = surrogate(self.view.vae_runs, column, self.view.varying) if known else None
        if found is None:
            rule = f"a column of numbers that differ in {FEWEST} complete trials, and a hyperparameter that varies"
            raise ResultsError(f"a surrogate needs {rule}, got {column!r} of {str(self.path)!r}")
        return found

    def methods(self) -> dict[str, pd.DataFrame]:
        """Return the comparisons of losses and their weights against the seed, a frame each by its name in the report.

        `scores_by_loss`, `plane_by_loss`, `equal_rate`, `shares_of_variance`, `differences_of_losses`,
        `differences_of_weights` and `udr`; those that do not apply are not there, and none is where the sweep has one
        loss and did not choose its betas (`sampler="grid"`).
        """
        from analysis.methods.section import method_sections

        return {section.slug: section.table for section in method_sections(self.view) if not section.left_out}

    def intrinsic_dimension(self) -> pd.DataFrame:
        """Return the intrinsic dimension of the train data by two estimators, a row each, with 95 % intervals."""
        from analysis.intrinsic_dimension.of_data import of_sweep

        return of_sweep(self)

    def report(self, dest: str | Path | None = None) -> Path:
        """Write the report and return its page's path; it lies in `dest`, else in report/ of the sweep."""
        from analysis.report.write import write_report

        return write_report(self, None if dest is None else Path(dest))

    def run(self, number: int) -> Run:
        """Return one run to look into: its posterior, decoder and pictures; ResultsError where there is none."""
        return Run(self, super().run(number).number)

    def __repr__(self) -> str:
        try:
            return f"<Sweep {str(self.path)!r}: {self._counts()}>"
        except VaekitError:  # a folder that can no longer be read has its own errors, when it is asked for something
            return super().__repr__()

    def _counts(self) -> str:
        counts = states(self.trials).set_index("state")["trials"]
        asked = max(int(self.spec["trials"]), len(self.trials))
        return f"{counts['COMPLETE']} of {counted(asked, 'trial')} complete, {counted(len(self.runs), 'run')}"

    def _repr_html_(self) -> str:
        from analysis.choice.verdict import verdict
        from analysis.trials.section import leaderboard_sections

        view, (board, *_) = self.view, leaderboard_sections(self.view)
        parts = [f"<p><b>{escape(self.name)}</b> · {escape(self._counts())}</p>", f"<p>{escape(verdict(view))}</p>"]
        if len(board.preview):
            parts.append(table(board.preview.head(ROWS)))
        if view.best_runs:
            parts.append(strip(self.run(view.best_runs[0])))
        return "".join(parts)


def open_sweep(where: str | Path, out: str | Path = "results", network: str | None = None) -> Sweep:
    """Return the sweep of that NAME (under `out`) or PATH; ResultsError where there is none.

    `network` names the networks of the user's own, MODULE:FUNCTION, that may be imported to read its weights.
    """
    return Sweep(find_folder(where, out), network)
