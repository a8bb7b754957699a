"""Whether a sweep's folder is sound: every told trial has its files, and they say what was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from sweeps.coordination.ledger import Ledger
from sweeps.engines.worker import Run
from sweeps.maintenance.check_runs import run_problems, tensor_problems
from sweeps.maintenance.hold import at_rest
from sweeps.spec.make import make_spec
from sweeps.spec.spec import Spec
from sweeps.study.journal import check_study, readable
from sweeps.study.storage import STUDY_NAME, open_study, point_of
from vae.errors import DataError, VaekitError
from vae.files import tables, weights
from vae.files.checkpoints import read_checkpoint
from vae.files.results import Folder
from vae.own.source import check_unchanged, unnamed
from vae.parameters import is_own

AGAIN = "delete it, then `vaekit retry --failed` retrains its runs"
BOTH_AGAIN = "delete it and its table, then `vaekit retry --failed` retrains its runs"
OTHER_TABLE = "the table does not match its checksum"
OTHER_WEIGHTS = "the weights do not match their checksum"
COPY = "restore it from a backup, or repeat the sweep under another --name"
DATABASE = "make the database reachable (its password in PGPASSWORD or ~/.pgpass), then check again"
GO_ON = "run the sweep's command again to rewrite it"
RETRY = "`vaekit retry --failed` retrains it"
SPARE = "delete it: nothing needs it"
ANEW = "delete it, then run the sweep's command again: its runs begin anew"


@dataclass(frozen=True)
class Finding:
    """Something that is not as a sweep writes it."""

    file: str
    """Relative to the sweep's folder."""
    problem: str
    """The rule, and what came."""
    remedy: str
    """What to do about it."""


def check_sweep(folder: Folder, network: str | None = None) -> list[Finding]:
    """Return what is not sound in a sweep's folder, nothing where all is; nothing is changed.

    `network` names the networks of the user's own that may be imported to check weights. Raises ResultsError where
    another process works on it.
    """
    with at_rest(folder):
        try:
            spec = make_spec(folder.read_spec())
            provenance = folder.read_provenance()
        except VaekitError as error:
            return [Finding("sweep.toml, provenance.json", str(error), COPY)]
        return list(_Check(folder, spec, provenance, network).findings())


class _Check:
    """One folder, and what was read of it so far."""

    def __init__(self, folder: Folder, spec: Spec, provenance: Mapping[str, Any], network: str | None) -> None:
        self.network = network
        self.folder = folder
        self.spec = spec
        self.provenance = provenance
        self.rows: dict[int, dict[str, Any]] = {}
        self.ledger = Ledger(spec, [])
        self.trials: list[FrozenTrial] = []
        self.best: set[int] = set()

    def findings(self) -> Iterator[Finding]:
        """Yield what is not sound, the dearest to lose first."""
        yield from self._stacks()
        yield from self._study()
        yield from self._runs()
        yield from self._weights()
        yield from self._networks()
        yield from self._checkpoints()
        yield from self._told()
        yield from self._table()
        yield from self._data()
        yield from self._leftovers()

    def _stacks(self) -> Iterator[Finding]:
        for path in self.folder.stack_paths():
            try:
                table = self.folder.read_stack(path)
            except VaekitError as error:
                yield self._finding(path, str(error), AGAIN)
                continue
            if not tables.is_intact(table):
                yield self._finding(path, OTHER_TABLE, AGAIN)
            for row in table.to_pylist():
                if row["run"] in self.rows:
                    yield self._finding(path, f"run {row['run']} is in two stacks", AGAIN)
                self.rows[row["run"]] = row | {"file": path}

    def _study(self) -> Iterator[Finding]:
        journal = self.folder.journal
        if self.spec.storage:
            yield from self._study_in_database()
        elif not journal.exists():
            yield self._finding(journal, "the study is missing", COPY)
            return
        else:
            yield from self._study_in_journal(journal)
        measured = [
            row | {name.removeprefix("score."): value for name, value in row.items()} for row in self.rows.values()
        ]
        try:
            rounds = self.folder.read_rounds()
        except VaekitError as error:
            yield self._finding(self.folder.refinement, str(error), COPY)
            rounds = []
        records = [row | {"epochs": len(row["history.seconds"])} for row in measured]
        self.ledger = Ledger(self.spec, records, rounds)
        self.ledger.add(point_of(trial) for trial in self.trials)

    def _study_in_database(self) -> Iterator[Finding]:
        try:
            with open_study(self.spec, self.folder) as study:
                self.trials, self.best = study.trials(), study.best()
        except VaekitError as error:
            yield self._finding(self.folder.spec, str(error), DATABASE)

    def _study_in_journal(self, journal: Path) -> Iterator[Finding]:
        if not journal.read_bytes().endswith(b"\n"):
            yield self._finding(journal, "the last line of the journal is incomplete", GO_ON)
        try:
            with readable(journal):
                storage = JournalStorage(JournalFileBackend(str(journal)))
                study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
                check_study(study, self.spec, self.folder.read_spec()["trials"], journal)
                self.trials = study.get_trials(deepcopy=False)
                self.best = {trial.number for trial in study.best_trials}
        except VaekitError as error:
            yield self._finding(journal, str(error), COPY)

    def _asked(self) -> dict[int, Run]:
        ledger = self.ledger
        return {run.run: run for trial in range(len(ledger)) for run in (*ledger.runs(trial), *ledger.more_runs(trial))}

    def _numbers_told(self) -> set[int]:
        return {trial.number for trial in self.trials if trial.state.is_finished()}

    def _runs(self) -> Iterator[Finding]:
        asked = self._asked()
        for number, row in sorted(self.rows.items()) if self.trials else []:
            problems = (
                run_problems(row, asked[number], self.spec) if number in asked else ["no trial asked for this run"]
            )
            for problem in problems:
                yield self._finding(row["file"], f"run {number}: {problem}", AGAIN)

    def _weights(self) -> Iterator[Finding]:
        shape = tuple(self.provenance.get("data", {}).get("image_shape", (0,)))
        asked, there = self._asked(), set()
        for path in self.folder.weight_paths():
            try:
                tensors = weights.read_arrays(path)
                intact = weights.is_intact(path)
            except VaekitError as error:
                yield self._finding(path, str(error), BOTH_AGAIN)
                continue
            if not intact:
                yield self._finding(
                    path,
                    OTHER_WEIGHTS,
                    BOTH_AGAIN,
                )
            runs = {weights.run_of(name) for name in tensors}
            there |= runs
            for run in sorted(runs):
                own = {name.partition(".")[2]: t for name, t in tensors.items() if weights.run_of(name) == run}
                row = self.rows.get(run)
                if row is None:
                    yield self._finding(path, f"holds weights of run {run}, which is not finished", SPARE)
                elif run in asked and row["state"] == "COMPLETE":
                    for problem in tensor_problems(own, asked[run].config, shape, self.network):
                        yield self._finding(path, f"run {run}: {problem}", BOTH_AGAIN)
        for run in sorted(self._kept() - there):
            yield self._finding(self.rows[run]["file"], f"the weights of run {run} are missing", AGAIN)

    def _networks(self) -> Iterator[Finding]:
        """The user's own networks that were named; of the others nothing is imported."""
        for network in map(str, self.spec.parameters["network"].choices):
            if is_own(network) and not unnamed(network, self.network):
                try:
                    check_unchanged(network, self.provenance.get("networks", {}).get(network))
                except VaekitError as error:
                    yield Finding("provenance.json", str(error), "restore the file that it was trained with")

    def _checkpoints(self) -> Iterator[Finding]:
        try:
            self.folder.read_running()
        except VaekitError as error:
            yield self._finding(self.folder.running, str(error), SPARE)
        for path in self.folder.checkpoint_paths():
            try:
                unfinished = read_checkpoint(path).keys() & self._asked().keys() - self.rows.keys()
            except VaekitError as error:
                yield self._finding(path, str(error), ANEW)
                continue
            if not unfinished:
                yield self._finding(path, "holds no run that is asked and not finished", SPARE)

    def _kept(self) -> set[int]:
        """Return the runs whose weights must be there."""
        complete = {run for run, row in self.rows.items() if row["state"] == "COMPLETE"}
        if self.spec.keep_weights == "best":
            return complete & self.ledger.kept_runs(self.best, self._numbers_told())
        return complete if self.spec.keep_weights == "all" else set()

    def _told(self) -> Iterator[Finding]:
        for trial in self.trials:
            if not trial.state.is_finished():
                continue
            result = self.ledger.result(trial.number)
            if result is None:
                missing = [run.run for run in self.ledger.missing_runs([trial.number])]
                problem = f"trial {trial.number} has a result in the study, but its runs {missing} are missing"
                yield self._finding(self.folder.stacks, problem, RETRY)
                continue
            same = trial.state.name == result.state
            if not same or (result.state == "COMPLETE" and trial.values != result.values):
                problem = f"trial {trial.number} is {trial.state.name} {trial.values} in the study"
                yield self._finding(
                    self.folder.journal, f"{problem}, but its runs give {result.state} {result.values}", COPY
                )

    def _table(self) -> Iterator[Finding]:
        told = self._numbers_told()
        path = self.folder.trials
        if not told:
            return
        try:
            table = self.folder.read_trials()
        except VaekitError as error:
            yield self._finding(path, str(error), GO_ON)
            return
        if not tables.is_intact(table):
            yield self._finding(path, OTHER_TABLE, GO_ON)
        there = {row["trial"]: str(sorted(row.items())) for row in table.to_pylist()}
        for row in self.ledger.table(told, ()).to_pylist():
            if row["trial"] in told and there.get(row["trial"]) != str(sorted(row.items())):
                yield self._finding(path, f"trial {row['trial']} differs from what its runs give", GO_ON)

    def _data(self) -> Iterator[Finding]:
        from vae.data import load_data
        from vae.data.store import content_hash

        trained_on = self.provenance.get("data", {}).get("hash")
        try:
            data = load_data(self.spec.data_config)
        except DataError:
            return  # a folder may be far from its images
        if data.content_hash != trained_on:
            problem = (
                f"the data have changed since training: hash {data.content_hash[:12]}, then {str(trained_on)[:12]}"
            )
            yield Finding("provenance.json", problem, f"restore the data of {self.spec.data!r}")
        elif content_hash(data) != data.content_hash:
            yield Finding("", "prepared images do not match the hash in their name", "delete the data cache")

    def _leftovers(self) -> Iterator[Finding]:
        for path in sorted(path for folder in self.folder.written for path in folder.glob(".*")):
            yield self._finding(path, "left behind by a killed process", SPARE)

    def _finding(self, path: Path, problem: str, remedy: str) -> Finding:
        return Finding(str(path.relative_to(self.folder.path)), problem, remedy)
