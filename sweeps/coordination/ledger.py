"""The ledger of a sweep: which runs each trial needs, which are finished, and what a trial is worth."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import pyarrow as pa

from sweeps.coordination.plan import runs_of_trial
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from sweeps.study.space import Key, Point, key_of
from vae.columns import value_columns
from vae.files.records import RunRecord, parameter_columns


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to once all its runs are finished: means over the seeds of its VAE.

    An autoencoder twin has no rate and no say in what a trial is worth.
    """

    state: str
    """COMPLETE, FAIL where any of its runs failed, PRUNED where it was stopped at a rung."""
    values: list[float]
    """One an objective, of a pruned trial at its rung; NaN where it failed."""
    seconds: float
    error: str


class Ledger:
    """Trials in their order and the records of their finished runs.

    The first version of vaekit could ask a point twice: the later trial reads the earlier one's runs.
    """

    def __init__(self, spec: Spec, records: Iterable[dict[str, object]]) -> None:
        self.spec = spec
        self._points: list[Point] = []
        self._first: dict[Key, int] = {}
        self._records = {int(str(record["run"])): record for record in records}
        self._runs: dict[int, list[Run]] = {}
        self._readers: dict[int, list[int]] = defaultdict(list)
        self._results: dict[int, TrialResult] = {}

    def __len__(self) -> int:
        return len(self._points)

    def add(self, points: Iterable[Point]) -> None:
        """Append trials."""
        for point in points:
            self._first.setdefault(key_of(self.spec.axes, point), len(self._points))
            self._points.append(point)

    def record(self, records: Iterable[RunRecord]) -> None:
        """Take in the records of finished runs."""
        for r in records:
            place = {"state": r.state, "error": r.error, "seconds": r.seconds, "epochs": len(r.history["seconds"])}
            self._records[r.run] = {**place, **r.totals, **r.scores}

    @property
    def points(self) -> Sequence[Point]:
        """The trials' parameters, in their order."""
        return self._points

    def runs(self, trial: int) -> list[Run]:
        """Return the runs that a trial reads: its own, or those of the first trial at its point."""
        if trial not in self._runs:
            point = self._points[trial]
            self._runs[trial] = runs_of_trial(self.spec, self._first[key_of(self.spec.axes, point)], point)
            for run in self._runs[trial]:
                self._readers[run.run].append(trial)
        return self._runs[trial]

    def readers(self, runs: Iterable[Run]) -> set[int]:
        """Return the trials, of those whose runs were asked for, that read any of these."""
        return {trial for run in runs for trial in self._readers[run.run]}

    def missing_runs(self, trials: Iterable[int]) -> list[Run]:
        """Return the runs of these trials that are not finished, each once."""
        wanted = {run.run: run for trial in trials for run in self.runs(trial)}
        return [run for number, run in sorted(wanted.items()) if number not in self._records]

    def failed_runs(self, trial: int) -> list[int]:
        """Return the finished runs that made a trial fail: those that failed, or all where only a mean did."""
        there = [run.run for run in self.runs(trial) if run.run in self._records]
        failed = [run for run in there if self._records[run]["error"]]
        return failed or (there if self.result(trial) else [])

    def decided_until(self, trials: Iterable[int]) -> int:
        """Return the epoch up to which rungs of these trials are decided: runs were pruned there, or came beyond."""
        there = [run.run for trial in trials for run in self.runs(trial) if run.run in self._records]
        epochs = [int(str(self._records[run]["epochs"])) - (self._records[run]["state"] != "PRUNED") for run in there]
        return max(epochs, default=0)

    def result(self, trial: int) -> TrialResult | None:
        """Return what a trial came to, None while any of its runs is missing."""
        if trial not in self._results:
            runs = self.runs(trial)
            if any(run.run not in self._records for run in runs):
                return None
            self._results[trial] = self._result(trial, runs)  # asked for after every stack: kept, it costs nothing
        return self._results[trial]

    def _result(self, trial: int, runs: Sequence[Run]) -> TrialResult:
        records = [self._records[run.run] for run in runs]
        seconds = sum(float(str(r["seconds"])) for r in records) if runs[0].trial == trial else 0.0
        errors = [f"{_place(run)}: {r['error']}" for run, r in zip(runs, records, strict=True) if r["error"]]
        if errors:
            return TrialResult("FAIL", [nan] * len(self.spec.objectives), seconds, errors[0])
        pruned = any(r["state"] == "PRUNED" for r in records)
        measured = [r for run, r in zip(runs, records, strict=True) if run.config.model == "vae"]
        values = [
            sum(float(str(r.get(objective.column, nan))) for r in measured) / len(measured)
            for objective in self.spec.objectives
        ]
        for objective, value in zip(self.spec.objectives, values, strict=True):
            if not isfinite(value):
                reason = f"{objective.column} must be finite, got {value}"
                return TrialResult("FAIL", [nan] * len(values), seconds, reason)
        return TrialResult("PRUNED" if pruned else "COMPLETE", values, seconds, "")

    def table(self, told: Collection[int], running: Collection[int]) -> pa.Table:
        """Return the trials table: told trials with their result, the others RUNNING or WAITING."""
        nothing = [nan] * len(self.spec.objectives)
        unfinished = {state: TrialResult(state, nothing, nan, "") for state in ("RUNNING", "WAITING")}
        results = [
            (self.result(trial) if trial in told else None) or unfinished["RUNNING" if trial in running else "WAITING"]
            for trial in range(len(self))
        ]
        columns: dict[str, pa.Array] = {
            "trial": pa.array(range(len(self)), pa.int64()),
            "state": pa.array([r.state for r in results], pa.string()),
        }
        columns |= parameter_columns([axis.name for axis in self.spec.axes], self._points)
        for k, name in enumerate(value_columns(self.spec.objectives)):
            columns[name] = pa.array([r.values[k] for r in results], pa.float64())
        columns["seconds"] = pa.array([r.seconds for r in results], pa.float64())
        columns["error"] = pa.array([r.error for r in results], pa.string())
        return pa.table(columns)


def _place(run: Run) -> str:
    seed = f"seed {run.config.seed}"
    return seed if run.config.model == "vae" else f"{run.config.model}, {seed}"
