"""The coordinator: ask, stack, train, write, tell, until every trial is told.

It alone writes the storage and the results folder; workers train. A finished run is on disk before its trial is told,
so the folder is the state from which the same command goes on.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from time import monotonic

import numpy as np
from optuna.trial import TrialState

from sweeps import ask
from sweeps.engine import Engine, LocalEngine, TimedOut, count_workers
from sweeps.folder import claim
from sweeps.ledger import Ledger
from sweeps.plan import Run, cost, plan_stacks
from sweeps.spec import Spec
from sweeps.storage import add_trials, asked_until, open_study, point_of
from sweeps.worker import Task
from vae.columns import DIMS, HISTORY, PARAMETERS, TOTALS
from vae.data import Data, check_likelihood, open_data, prepare, source_name
from vae.device import resolve_device
from vae.results import Folder, RunRecord
from vae.trained import TrainedRun


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a sweep is."""

    path: Path
    """Its folder."""
    trials: int
    """Trials asked so far."""
    goal: int
    """Trials that the spec wants."""
    complete: int
    failed: int
    best: float
    """Best value of the first objective so far; NaN before the first."""
    share: float
    """Share of this call's work that is done, in [0, 1]; what is not asked yet is taken to cost as much as the rest."""
    first_error: str = ""
    timed_out: bool = False

    @property
    def told(self) -> int:
        """Trials that are told."""
        return self.complete + self.failed


Scorer = Callable[..., dict[str, float]]
"""Scores a run's codes: (names, objectives among them, then the arguments of `vae.training.Score`)."""


def run_sweep(
    spec: Spec,
    on_status: Callable[[Status], None] = lambda status: None,
    engine: Engine | None = None,
    scorer: Scorer | None = None,
) -> Status:
    """Begin a sweep or go on with it, until every trial is told or the time is up.

    `scorer` is a function of a module, so that workers can import it; without one, no scores are computed. Raises a
    VaekitError where a rule is broken; nothing is written then.
    """
    engine = engine or LocalEngine(count_workers(spec.jobs))
    deadline = None if spec.timeout_seconds is None else monotonic() + spec.timeout_seconds
    try:
        engine.start()
        data_folder = prepare(spec.data_config)
        data = open_data(data_folder, source_name(spec.data))
        check_likelihood(data, spec.likelihood)
        names = spec.score_names(len(data.factor_names))
        score = partial(scorer, names, spec.score_objectives) if scorer and names else None
        task = Task(data_folder, resolve_device(spec.device), score)
        with claim(spec, data, engine.workers) as folder:
            coordinator = Coordinator(spec, folder, data, task, engine, on_status)
            try:
                coordinator.run(deadline)
            except TimedOut:
                return coordinator.status(timed_out=True)
            finally:
                coordinator.write_trials(running=())
            return coordinator.status()
    finally:
        engine.stop()


class Coordinator:
    """One claimed sweep: its study, its ledger, and the loop between them and the workers."""

    def __init__(
        self,
        spec: Spec,
        folder: Folder,
        data: Data,
        task: Task,
        engine: Engine,
        on_status: Callable[[Status], None],
    ) -> None:
        self.spec = spec
        self.folder = folder
        self.data = data
        self.task = task
        self.engine = engine
        self.on_status = on_status
        self.study = open_study(folder.journal, spec)
        trials = self.study.get_trials(deepcopy=False)
        self.ledger = Ledger(spec, folder.read_measured())
        self.ledger.add(point_of(trial) for trial in trials)
        self.told = {trial.number for trial in trials if trial.state.is_finished()}
        self._share = 0.0
        self._done = 0.0

    def run(self, deadline: float | None) -> None:
        """Ask and train until every trial is told; TimedOut at the deadline."""
        while True:
            self._ask()
            if len(self.told) == len(self.ledger):
                return
            self._train(deadline)

    def _ask(self) -> None:
        """Ask the next trials: all of them to explore; to optimize a batch, once all before it are told."""
        trials = self.study.get_trials(deepcopy=False)
        asked = len(trials)
        until = asked_until(trials)
        if until <= asked:
            if len(self.told) < asked or asked >= self.spec.trials:
                return
            next_batch = (asked // self.spec.batch + 1) * self.spec.batch
            until = self.spec.trials if self.spec.mode == "explore" else min(next_batch, self.spec.trials)
        if self.spec.mode == "explore":
            points = ask.explore(self.spec, until)[asked:]
        else:
            points = ask.optimize(self.spec, trials, until - asked)
        add_trials(self.study, self.spec, points, until)
        self.ledger.add(points)

    def _train(self, deadline: float | None) -> None:
        waiting = [trial for trial in range(len(self.ledger)) if trial not in self.told]
        runs = self.ledger.missing_runs(waiting)
        self._tell()
        stacks = plan_stacks(runs, self.data.n_pixels, self.engine.workers)
        unasked = (self.spec.trials - len(self.ledger)) / max(1, len(waiting))
        whole = self._done + cost(runs, self.data.n_pixels) * (1 + max(0.0, unasked))
        self.write_trials(running=waiting)
        self.on_status(self.status())
        for stack, outcome in self.engine.run(stacks, self.task, deadline):
            records = _records(stack, outcome)
            self.folder.write_stack(records, weights=self.spec.keep_weights != "none")
            self.ledger.record(records)
            self._tell()
            self._done += cost(stack, self.data.n_pixels)
            self._share = self._done / whole
            self.write_trials(running=waiting)
            self.on_status(self.status())

    def _tell(self) -> None:
        """Tell every trial whose runs are finished, those of one moment in trial order; to optimize a whole batch."""
        untold = [trial for trial in range(len(self.ledger)) if trial not in self.told]
        results = {trial: result for trial in untold if (result := self.ledger.result(trial))}
        if self.spec.mode == "optimize" and len(results) < len(untold):
            return
        for trial, result in results.items():
            if result.state == "FAIL":
                self.study.tell(trial, state=TrialState.FAIL)
            else:
                self.study.tell(trial, result.values)
            self.told.add(trial)
        if results and self.spec.keep_weights == "best":
            self._keep_best_weights()

    def _keep_best_weights(self) -> None:
        best = {trial.number for trial in self.study.best_trials}
        untold = set(range(len(self.ledger))) - self.told
        self.folder.keep_weights({run.run for trial in best | untold for run in self.ledger.runs(trial)})

    def write_trials(self, running: Sequence[int]) -> None:
        """Write the trials table as it stands."""
        self.folder.write_trials(self.ledger.table(self.told, running))

    def status(self, *, timed_out: bool = False) -> Status:
        """Return how far the sweep is."""
        results = [result for trial in sorted(self.told) if (result := self.ledger.result(trial))]
        values = [result.values[0] for result in results if result.state == "COMPLETE"]
        best = min if self.spec.objectives[0].ascending else max
        errors = [result.error for result in results if result.state == "FAIL"]
        return Status(
            path=self.folder.path,
            trials=len(self.ledger),
            goal=max(self.spec.trials, len(self.ledger)),
            complete=len(values),
            failed=len(errors),
            best=best(values, default=nan),
            share=self._share,
            first_error=errors[0] if errors else "",
            timed_out=timed_out,
        )


def _records(stack: Sequence[Run], outcome: list[TrainedRun] | Exception) -> list[RunRecord]:
    """Join runs with what they came to; an error of the whole stack fails each of its runs."""
    if isinstance(outcome, Exception):
        reason = f"{type(outcome).__name__}: {outcome}\n{''.join(traceback.format_exception(outcome))}"
        return [_record(run, None, reason) for run in stack]
    return [_record(run, trained, trained.error) for run, trained in zip(stack, outcome, strict=True)]


def _record(run: Run, trained: TrainedRun | None, error: str) -> RunRecord:
    nothing = np.empty(0)
    return RunRecord(
        run=run.run,
        trial=run.trial,
        seed=run.config.seed,
        model=run.config.model,
        state="FAIL" if error else "COMPLETE",
        parameters={name: getattr(run.config, name) for name in PARAMETERS},
        totals=trained.totals if trained else dict.fromkeys(TOTALS, nan),
        history=trained.history if trained else dict.fromkeys(HISTORY, nothing),
        dims=trained.dims if trained else dict.fromkeys(DIMS, nothing),
        scores=trained.scores if trained else {},
        seconds=trained.seconds if trained else nan,
        error=error,
        weights=trained.weights if trained else {},
    )
