"""The ledger of a sweep: which runs each trial needs, which are finished, and what a trial is worth."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import pyarrow as pa

from sweeps.coordination.plan import runs_of_trial
from sweeps.coordination.roster import Roster
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from sweeps.study.space import Key, Point, key_of
from vae.columns import AT_SELECTION, value_columns
from vae.files.records import RunRecord, parameter_columns
from vae.files.rounds import Round


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

    def __init__(self, spec: Spec, records: Iterable[dict[str, object]], rounds: Sequence[Round] = ()) -> None:
        self.spec = spec
        self.rounds = list(rounds)
        """Of refinement, which gave trials more seeds than they were asked with."""
        self._roster = Roster(spec, rounds)
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

    def add_round(self, made: Round) -> None:
        """Give trials more seeds."""
        self.rounds.append(made)
        self._roster = Roster(self.spec, self.rounds)

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
        """Return the runs that a trial was asked with: its own, or those of the first trial at its point."""
        if trial not in self._runs:
            first = self._home(trial)
            self._runs[trial] = runs_of_trial(self.spec, first, self._points[trial], self._roster.own(first))
            for run in self._runs[trial]:
                self._readers[run.run].append(trial)
        return self._runs[trial]

    def more_runs(self, trial: int) -> list[Run]:
        """Return the runs that rounds of refinement gave a trial."""
        first = self._home(trial)
        blocks = self._roster.more(first)
        return [run for block in blocks for run in runs_of_trial(self.spec, first, self._points[trial], block)]

    def seeds(self, trial: int) -> int:
        """Return how many seeds a trial has, trained or not."""
        return self._roster.seeds(self._home(trial))

    def _home(self, trial: int) -> int:
        """Return the first trial at a trial's point, whose runs it reads."""
        return self._first[key_of(self.spec.axes, self._points[trial])]

    def readers(self, runs: Iterable[Run]) -> set[int]:
        """Return the trials, of those whose runs were asked for, that read any of these."""
        return {trial for run in runs for trial in self._readers[run.run]}

    def missing_runs(self, trials: Iterable[int]) -> list[Run]:
        """Return the runs of these trials that are not finished, each once."""
        wanted = {run.run: run for trial in trials for run in self.runs(trial)}
        return [run for number, run in sorted(wanted.items()) if number not in self._records]

    def missing_more(self) -> list[Run]:
        """Return the runs that rounds of refinement gave and that are not finished."""
        return [run for run in self._all_more() if run.run not in self._records]

    def failed_more(self) -> list[Run]:
        """Return the runs that rounds of refinement gave and that failed."""
        return [run for run in self._all_more() if run.run in self._records and self._records[run.run]["error"]]

    def _all_more(self) -> list[Run]:
        refined = sorted({trial for made in self.rounds for trial in made.trials if trial < len(self)})
        return [run for trial in refined for run in self.more_runs(trial)]

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
        values = self._means(measured)
        for objective, value in zip(self.spec.objectives, values, strict=True):
            if not isfinite(value):
                reason = f"{objective.column} must be finite, got {value}"
                return TrialResult("FAIL", [nan] * len(values), seconds, reason)
        return TrialResult("PRUNED" if pruned else "COMPLETE", values, seconds, "")

    def _means(self, measured: Sequence[Mapping[str, object]]) -> list[float]:
        """Return the mean of each objective over runs."""
        columns = [objective.column for objective in self.spec.objectives]
        return [sum(float(str(r.get(column, nan))) for r in measured) / len(measured) for column in columns]

    def by_seed(self, trial: int) -> dict[int, float]:
        """Return the first objective of a COMPLETE trial's VAEs by seed, of those that finished."""
        column = self.spec.objectives[0].column
        measured = {
            run.config.seed: float(str(self._records[run.run].get(column, nan)))
            for run in (*self.runs(trial), *self.more_runs(trial))
            if run.run in self._records and run.config.model == "vae" and not self._records[run.run]["error"]
        }
        return {seed: value for seed, value in measured.items() if isfinite(value)}

    def complete(self, told: Collection[int]) -> list[int]:
        """Return the told trials that are COMPLETE and have runs of their own, in their order."""
        results = {trial: result for trial in sorted(told) if (result := self.result(trial))}
        return [t for t, result in results.items() if result.state == "COMPLETE" and self._home(t) == t]

    def kept_runs(self, best: Collection[int], told: Collection[int]) -> set[int]:
        """Return the runs that belong to the best trials of the study, or to the best with the seeds it has by now.

        Of the latter only those of more seeds: when it was told it was not the best. While any are missing, all count.
        """
        complete = self.complete(told)
        sign = 1.0 if self.spec.objectives[0].ascending else -1.0
        first = sorted(complete, key=lambda trial: sign * self._value(trial))[:1]
        again = complete if self.missing_more() else [*best, *first]
        own = {run.run for trial in best for run in self.runs(trial)}
        return own | {run.run for trial in again for run in self.more_runs(trial)}

    def _value(self, trial: int) -> float:
        result = self.refined(trial)
        return result.values[0] if result else nan

    def refined(self, trial: int) -> TrialResult | None:
        """Return what a trial came to with the seeds that rounds of refinement gave it and that are finished so far.

        A COMPLETE trial stays that whatever comes of them: the error says which failed, and the others count.
        """
        result = self.result(trial)
        more = [(run, self._records[run.run]) for run in self.more_runs(trial) if run.run in self._records]
        if result is None or result.state != "COMPLETE" or not more:
            return result
        errors = [f"{_place(run)}: {r['error']}" for run, r in more if r["error"]]
        values = list(self.by_seed(trial).values())
        seconds = result.seconds + sum(float(str(r["seconds"])) for _, r in more) * (self._home(trial) == trial)
        return TrialResult("COMPLETE", [sum(values) / len(values)], seconds, "".join(errors[:1]))

    def table(self, told: Collection[int], running: Collection[int]) -> pa.Table:
        """Return the trials table: told trials with their result, the others RUNNING or WAITING.

        Once trials were refined, what each was told with stands beside its value over all its seeds.
        """
        nothing = [nan] * len(self.spec.objectives)
        unfinished = {state: TrialResult(state, nothing, nan, "") for state in ("RUNNING", "WAITING")}
        results = [
            (self.refined(trial) if trial in told else None) or unfinished["RUNNING" if trial in running else "WAITING"]
            for trial in range(len(self))
        ]
        columns: dict[str, pa.Array] = {
            "trial": pa.array(range(len(self)), pa.int64()),
            "state": pa.array([r.state for r in results], pa.string()),
        }
        columns |= parameter_columns([axis.name for axis in self.spec.axes], self._points)
        for k, name in enumerate(value_columns(self.spec.objectives)):
            columns[name] = pa.array([r.values[k] for r in results], pa.float64())
        if self.rounds:
            known = [self.result(trial) if trial in told else None for trial in range(len(self))]
            columns[AT_SELECTION] = pa.array([r.values[0] if r else nan for r in known], pa.float64())
        columns["seconds"] = pa.array([r.seconds for r in results], pa.float64())
        columns["error"] = pa.array([r.error for r in results], pa.string())
        return pa.table(columns)


def _place(run: Run) -> str:
    seed = f"seed {run.config.seed}"
    return seed if run.config.model == "vae" else f"{run.config.model}, {seed}"
