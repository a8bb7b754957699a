"""The coordinator: ask, stack, train, write, tell, until every trial is told.

It alone writes the storage and the results folder; workers train. A finished run is on disk before its trial is told,
so the folder is the state from which the same command goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import isfinite, nan
from time import monotonic

from sweeps.coordination.checkpoints import Checkpoints
from sweeps.coordination.claim import claim
from sweeps.coordination.ledger import Ledger, TrialResult
from sweeps.coordination.machine import machine_here
from sweeps.coordination.networks import check_networks, own_sources
from sweeps.coordination.plan import cost, plan_stacks
from sweeps.coordination.records import record_of, records_of
from sweeps.coordination.seldom import Seldom
from sweeps.coordination.status import Status, UnderWay
from sweeps.engines.engine import Engine, Interrupted, Stop, TimedOut, count_workers
from sweeps.engines.slices import Slice
from sweeps.engines.worker import Run, Task
from sweeps.spec.spec import Spec
from sweeps.study import ask
from sweeps.study.pruning import losers, share_trained
from sweeps.study.storage import Study, asked_until, check_storage, open_study, point_of
from vae.columns import FLOOR
from vae.convergence import nominal_epochs
from vae.data import Data, check_likelihood, load_prepared
from vae.device import check_precision, resolve_device
from vae.errors import ConfigError
from vae.files.records import RunRecord
from vae.files.results import Folder
from vae.files.rounds import Round
from vae.stack.machine import Machine
from vae.stopping import trials_since_best
from vae.trained import TrainedRun
from vae.zero_rate import zero_rate_of_training_nats

SECONDS_BETWEEN_REPORTS = 10.0
"""Of learning curves to the study, a write each."""

Scorer = Callable[..., dict[str, float]]
"""Scores a run's codes: (names, objectives among them, then the arguments of `vae.training.Score`)."""


def run_sweep(
    spec: Spec,
    on_status: Callable[[Status], None] = lambda status: None,
    engine: Engine | None = None,
    scorer: Scorer | None = None,
    stop: Stop | None = None,
    note: Callable[[str], None] = lambda line: None,
    work: "Work | None" = None,
) -> Status:
    """Begin a sweep or go on with it, until every trial is told, the time is up or `stop` is asked.

    `work` is what is done instead of that, once folder and study are open. `scorer` is a function of a module, so that
    workers can import it; without one, no scores are computed. `note` is told what was guessed of the data, what is
    damaged and that the machine is measured. Raises a VaekitError where a rule is broken; nothing is written then.
    """
    engine = engine or make_engine(spec)
    stop = stop or Stop()
    if spec.timeout_seconds is not None:
        stop.deadline = monotonic() + spec.timeout_seconds
    # before workers start, which would be in its way
    machine = machine_here(spec.precision, spec.device, count_workers(spec.jobs), note)
    try:
        engine.start()
        data_folder, data = load_prepared(spec.data_config)
        for line in data.notes:
            note(f"{data.name}: {line}")
        spec = spec.on(data)
        check_likelihood(data, spec.likelihood)
        check_networks(spec, data.sample_shape)
        names = spec.score_names(len(data.factor_names), min(len(data.validation), len(data.test)))
        score = partial(scorer, names, spec.score_objectives) if scorer and names else None
        device = resolve_device(spec.device)
        check_precision(spec.precision, device)
        zero_rate = zero_rate_of_training_nats(data, spec.likelihood, spec.sigma)
        sources = own_sources(spec, data, device)
        task = Task(data_folder, device, score, zero_rate_nats=zero_rate, sources=sources)
        check_storage(spec.storage)
        with claim(spec, data, engine.workers, sources, machine) as folder, open_study(spec, folder) as study:
            coordinator = Coordinator(spec, folder, study, data, task, engine, machine, on_status, note)
            try:
                (work or Coordinator.run)(coordinator, stop)
            except TimedOut:
                return coordinator.status(timed_out=True)
            except Interrupted:
                return coordinator.status(interrupted=True)
            finally:
                coordinator.write_trials(running=())
                coordinator.write_running()
            return coordinator.status()
    finally:
        engine.stop()


def make_engine(spec: Spec) -> Engine:
    """Return the engine that the spec names; ConfigError where its extra is not installed."""
    workers = count_workers(spec.jobs)
    if spec.engine == "local":
        from sweeps.engines.local import LocalEngine

        return LocalEngine(workers)
    try:
        from sweeps.engines.cluster import DaskEngine
    except ImportError as error:
        raise ConfigError(
            f"engine dask needs {error.name!r}, which is not installed: pip install 'vaekit[dask]'"
        ) from None
    return DaskEngine(workers, spec.scheduler)


class Coordinator:
    """One claimed sweep: its study, its ledger, and the loop between them and the workers."""

    def __init__(
        self,
        spec: Spec,
        folder: Folder,
        study: Study,
        data: Data,
        task: Task,
        engine: Engine,
        machine: Machine,
        on_status: Callable[[Status], None],
        note: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self.folder = folder
        self.data = data
        self.task = task
        self.engine = engine
        self.machine = machine
        self.on_status = on_status
        self.study = study
        self.names = [axis.name for axis in spec.axes]
        trials = study.trials()
        self.ledger = Ledger(spec, folder.read_measured(), folder.read_rounds())
        self.ledger.add(point_of(trial) for trial in trials)
        self.told = {trial.number for trial in trials if trial.state.is_finished()}
        self._refining = 0
        self.checkpoints = Checkpoints(folder, note)
        unfinished = [*self.ledger.missing_runs(range(len(self.ledger))), *self.ledger.missing_more()]
        self.checkpoints.read({run.run for run in unfinished})
        self.under_way = UnderWay(spec, data.sample_shape, len(data.train))
        self._trials, self._running, self._curves = Seldom(), Seldom(), Seldom(SECONDS_BETWEEN_REPORTS)

    def run(self, stop: Stop) -> None:
        """Ask and train until every trial is told and has the seeds that it was given.

        Raises TimedOut or Interrupted where it stops before.
        """
        while self._ask():
            self._train(stop)
        self.train_more(stop)

    def give_seeds(self, trials: Sequence[int], seeds: int) -> None:
        """Have these trials trained with so many seeds each; it is written before anything is trained."""
        made = Round(len(self.ledger), seeds, tuple(trials))
        self.folder.write_rounds([*self.ledger.rounds, made])
        self.ledger.add_round(made)

    def train_more(self, stop: Stop) -> None:
        """Train the runs of seeds that trials were given and that are missing; TimedOut or Interrupted as in `run`."""
        runs = self.ledger.missing_more()
        if not runs:
            return
        self.under_way.total = self.under_way.done + cost(runs, self.data.sample_shape)
        self._refining = len({run.trial for run in runs})
        self.on_status(self.status())
        self._train_runs(runs, None, (), stop)
        self._refining = 0
        if self.spec.keep_weights == "best":
            self._keep_best_weights()

    def _ask(self) -> bool:
        """Ask the next trials, once all before them are told: all of them to explore, a batch to optimize.

        Returns whether any trial is not told.
        """
        self._ask_more()
        return len(self.told) < len(self.ledger)

    def _ask_more(self) -> None:
        trials = self.study.trials()
        asked = len(trials)
        until = asked_until(trials)
        if until <= asked:
            if len(self.told) < asked or asked >= self.spec.trials:
                return
            until = min(self._next_end(asked), self.spec.trials)
            if until <= asked:
                return
        if self.spec.mode == "explore":
            points = ask.explore(self.spec, self.ledger.points, until - asked)
        else:
            points = ask.optimize(self.spec, trials, until - asked)
        self.study.add(self.spec, points, until)
        self.ledger.add(points)

    def _next_end(self, asked: int) -> int:
        """Return how many trials there are to be next, once all that were asked are told; no more to end the study.

        Where it ends once its best no longer improves, as many are asked to explore as are needed in any case, so the
        end depends on nothing but the order of the trials.
        """
        left = self.spec.stop_after - self._since_best() if self.spec.stop_after else self.spec.trials
        if self.spec.mode == "explore":
            return asked + left
        return (asked // self.spec.batch + 1) * self.spec.batch if left > 0 else asked

    def _since_best(self) -> int:
        """Return how many trials have come since the best one."""
        results = self._results()
        values = [result.values[0] if result.state == "COMPLETE" else nan for result in results]
        return trials_since_best(values, ascending=self.spec.objectives[0].ascending)

    def _results(self) -> list[TrialResult]:
        """Return what the told trials came to, in their order."""
        return [result for trial in sorted(self.told) if (result := self.ledger.result(trial))]

    def _train(self, stop: Stop) -> None:
        """Train what is asked to its end, from rung to rung where there are any."""
        waiting = [trial for trial in range(len(self.ledger)) if trial not in self.told]
        self._tell()
        self.under_way.total = self.under_way.done + self._cost_left(waiting)
        self.write_trials(running=waiting)
        self.on_status(self.status())
        missing = [run.run for run in self.ledger.missing_runs(waiting)]
        decided = max(self.ledger.decided_until(waiting), self.checkpoints.decided_until(missing))
        for rung in self.spec.rungs:
            if rung > decided:  # a killed sweep may have been further: what ended there or went on is on disk
                self._train_until(rung, waiting, stop)
                self._prune(rung, waiting)
        self._train_until(None, waiting, stop)

    def _train_until(self, epoch: int | None, waiting: Sequence[int], stop: Stop) -> None:
        """Train the runs that these trials lack until an epoch or their end, and write what ended or failed."""
        missing = self.ledger.missing_runs(waiting)
        self._train_runs(missing, epoch, waiting, stop)

    def _train_runs(self, runs: Sequence[Run], epoch: int | None, waiting: Sequence[int], stop: Stop) -> None:
        """Train runs until an epoch or their end, and write what ended or failed, while these trials wait for it."""
        so_far, device = self._with_so_far(runs), self.task.device
        stacks = plan_stacks(so_far, self.data.sample_shape, self.engine.workers, device, self.machine)
        task = replace(self.task, until_epoch=epoch)
        for stack, outcome in self.engine.run(stacks, task, stop, self.checkpoints.load):
            if isinstance(outcome, Slice):
                self.under_way.hear(stack, outcome.so_far, epoch)
                if outcome.is_kept:
                    self._keep(stack, outcome.so_far)
            else:
                self._take(stack, outcome, epoch)
            self._refresh(waiting, has_ended=not isinstance(outcome, Slice))
            self.on_status(self.status())
        self.under_way.rest()

    def _with_so_far(self, runs: Iterable[Run]) -> list[Run]:
        return [replace(run, so_far=self.checkpoints.so_far.get(run.run)) for run in runs]

    def _take(self, stack: Sequence[Run], outcome: list[TrainedRun] | Exception, epoch: int | None) -> None:
        """Keep what pauses at a rung, write what has ended or failed, and tell."""
        trained = [] if isinstance(outcome, Exception) else outcome
        self.under_way.end(stack, trained, epoch)
        paused = [run for run, result in zip(stack, trained, strict=False) if result.state]
        if paused:
            self._keep(paused, [result for result in trained if result.state])
        going_on = {run.run for run in paused}
        self._write([record for record in records_of(stack, outcome, self.names) if record.run not in going_on])
        self._tell(self.ledger.readers(stack))

    def _keep(self, stack: Sequence[Run], trained: Sequence[TrainedRun]) -> None:
        self.checkpoints.save({run.run: so_far for run, so_far in zip(stack, trained, strict=True)})

    def _write(self, records: Sequence[RunRecord], *, weights: bool = True) -> None:
        if records:
            self.folder.write_stack(records, weights=weights and self.spec.keep_weights != "none")
            self.ledger.record(records)
            self.checkpoints.forget([record.run for record in records])

    def _prune(self, rung: int, waiting: Sequence[int]) -> None:
        """Compare the trials at a rung, and write in one file the runs of those that end here.

        The file is the decision: a sweep killed before it compares again, one killed after it goes on from there.
        """
        runs = {run.run: run for run in self.ledger.missing_runs(waiting)}
        alive = {run.trial for run in runs.values()}
        column = self.spec.objectives[0].column
        values = {trial: found for trial in sorted(alive) if (found := self._at_rung(trial, column))}
        is_score = self.spec.objectives[0].is_score
        floors = {trial: self._at_rung(trial, FLOOR + column) for trial in values} if is_score else None
        told = [trial for trial in self.study.trials() if trial.number in self.told]
        earlier = [trial.intermediate_values[rung] for trial in told if rung in trial.intermediate_values]
        self._report(rung, {trial: sum(of_seeds) / len(of_seeds) for trial, of_seeds in values.items()}, waiting)
        ascending = self.spec.objectives[0].ascending
        worst = losers(self.spec.pruner, values, earlier, ascending=ascending, floors=floors)
        ended = {*worst, *alive - values.keys()}
        self._write(
            [
                record_of(run, self.checkpoints.so_far[run.run], "PRUNED", self.names)
                for run in runs.values()
                if run.trial in ended
            ],
            weights=False,
        )

    def _at_rung(self, trial: int, column: str) -> list[float]:
        """Return a column of a trial's VAEs by seed; empty where one of its runs failed."""
        runs = self.ledger.runs(trial)
        if any(run.run not in self.checkpoints.so_far for run in runs):
            return []
        measured = [self.checkpoints.so_far[run.run] for run in runs if run.config.model == "vae"]
        columns = [run.totals | run.scores for run in measured]
        return [of_run.get(column, nan) for of_run in columns]

    def _report(self, rung: int, values: Mapping[int, float], waiting: Sequence[int]) -> None:
        """Report intermediate values to the study, to each trial once."""
        trials = self.study.trials()
        for trial in waiting:
            value = values.get(self.ledger.runs(trial)[0].trial)
            if value is not None and rung not in trials[trial].intermediate_values:
                self.study.report(trial, rung, value)

    def _cost_left(self, waiting: Sequence[int]) -> float:
        """Cost of what these trials lack and of what is not asked yet, which is taken to cost as much as they."""
        unasked = (self.spec.trials - len(self.ledger)) / max(1, len(waiting))
        batch = min(self.spec.batch, len(waiting))
        share = share_trained(self.spec.pruner, batch, nominal_epochs(self.spec.epochs), self.spec.rungs)
        missing = self._with_so_far(self.ledger.missing_runs(waiting))
        return cost(missing, self.data.sample_shape) * share * (1 + max(0.0, unasked))

    def _tell(self, changed: Iterable[int] | None = None) -> None:
        """Tell every trial whose runs are finished, those of one moment in trial order; to optimize a whole batch.

        To explore, `changed` are the only trials that may be finished since they were last told.
        """
        together = self.spec.mode == "optimize"
        among = range(len(self.ledger)) if changed is None or together else sorted(changed)
        untold = [trial for trial in among if trial not in self.told]
        results = {trial: result for trial in untold if (result := self.ledger.result(trial))}
        if together and len(results) < len(untold):
            return
        for trial, result in results.items():
            self.study.tell(trial, result.state, result.values)
            self.told.add(trial)
        if results and self.spec.keep_weights == "best":
            self._keep_best_weights()

    def _keep_best_weights(self) -> None:
        untold = set(range(len(self.ledger))) - self.told
        kept = self.ledger.kept_runs(self.study.best(), self.told)
        self.folder.keep_weights(kept | {run.run for trial in untold for run in self.ledger.runs(trial)})

    def _refresh(self, waiting: Sequence[int], *, has_ended: bool) -> None:
        """Write again what others read meanwhile, unless that would take more than a share of the time: tables grow."""
        if has_ended:
            self._trials.do(lambda: self.write_trials(waiting))
        self._running.do(self.write_running)
        self._curves.do(self._report_curves)

    def _report_curves(self) -> None:
        """Report how trials in training are to the study, for those who watch it; nothing is decided by that.

        The epochs of rungs are left out: what stands there is compared, and reported when it is.
        """
        if len(self.spec.objectives) > 1:
            return
        for trial, (epoch, value) in self.under_way.values().items():
            if trial not in self.told and epoch not in self.spec.rungs and isfinite(value):
                self.study.report(trial, epoch, value)

    def write_running(self) -> None:
        """Write the runs in training as they stand."""
        stacks = self.under_way.stacks
        pairs = [pair for runs, so_far in stacks for pair in zip(runs, so_far, strict=True)]
        self.folder.write_running([record_of(run, trained, "RUNNING", self.names) for run, trained in pairs])

    def write_trials(self, running: Sequence[int]) -> None:
        """Write the trials table as it stands."""
        self.folder.write_trials(self.ledger.table(self.told, running))

    def status(self, *, timed_out: bool = False, interrupted: bool = False) -> Status:
        """Return how far the sweep is."""
        results = self._results()
        values = [result.values[0] for result in results if result.state == "COMPLETE"]
        best = min if self.spec.objectives[0].ascending else max
        pruned = sum(result.state == "PRUNED" for result in results)
        errors = [result.error for result in results if result.state == "FAIL"]
        return Status(
            path=self.folder.path,
            trials=len(self.ledger),
            goal=max(self.spec.trials, len(self.ledger)),
            complete=len(values),
            pruned=pruned,
            failed=len(errors),
            best=best(values, default=nan),
            share=self.under_way.share,
            running=len(self.under_way.trials()),
            best_running=best((value for _, value in self.under_way.values().values()), default=nan),
            seconds_left=self.under_way.seconds_left(self.engine.workers),
            in_flight=self.under_way.words(),
            refining=self._refining,
            since_best=self._since_best(),
            first_error=errors[0] if errors else "",
            timed_out=timed_out,
            interrupted=interrupted,
        )


Work = Callable[[Coordinator, Stop], None]
"""Something that is done with a sweep, until it is done, the time is up or a stop is asked."""
