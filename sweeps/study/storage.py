"""The study in its storage: Optuna's journal in the sweep's folder, or a PostgreSQL database."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from sweeps.spec.address import StorageUrl
from sweeps.spec.spec import Spec
from sweeps.study.again import journal_again
from sweeps.study.journal import ASKED_UNTIL, check_study, readable
from sweeps.study.space import Point, distributions
from vae.files.results import Folder, unwritable, write_whole

STUDY_NAME = "sweep"
"""In a journal, which holds no other; a database's studies are named in provenance.json."""
T = TypeVar("T")
Patience = Callable[[Callable[[], Any], Callable[[], bool]], Any]
"""Does something to a storage, in spite of what may happen to it; the second function says whether it is done."""


@dataclass(frozen=True)
class Study:
    """What was asked and told; every change is made once, however often a storage is lost on the way."""

    study: optuna.Study
    patience: Patience
    forget: Callable[[Collection[int]], None]
    """Has told trials run again, as they were when they were asked; all at once, or none."""

    def trials(self) -> list[FrozenTrial]:
        """Return all trials in their order."""
        found: list[FrozenTrial] = self.patience(lambda: self.study.get_trials(deepcopy=False), _never)
        return found

    def add(self, spec: Spec, points: Sequence[Point], asked_until: int) -> None:
        """Add running trials, each in one write; axes of one value are kept as attributes."""
        space = distributions(spec.axes)
        for number, point in enumerate(points, start=asked_until - len(points)):
            fixed = {name: value for name, value in point.items() if name not in space}
            trial = create_trial(
                state=TrialState.RUNNING,
                params={name: point[name] for name in space},
                distributions=space,
                user_attrs=fixed | {ASKED_UNTIL: asked_until},
            )
            self.patience(partial(self.study.add_trial, trial), partial(self._has, number))

    def _has(self, number: int) -> bool:
        return len(self.study.get_trials(deepcopy=False)) > number

    def report(self, number: int, step: int, value: float) -> None:
        """Report an intermediate value of a running trial; the first one of a step stays."""
        trial = self.trials()[number]
        if step not in trial.intermediate_values:
            self.patience(lambda: Trial(self.study, trial._trial_id).report(value, step), _never)

    def tell(self, number: int, state: str, values: Sequence[float]) -> None:
        """Tell what a trial came to."""
        told = list(values) if state == "COMPLETE" else None
        self.patience(lambda: self.study.tell(number, told, TrialState[state], skip_if_finished=True), _never)

    def run_again(self, numbers: Collection[int]) -> None:
        """Have told trials run again. The study must be opened anew then."""
        self.patience(lambda: self.forget(numbers), _never)

    def best(self) -> set[int]:
        """Return the numbers of the best trials."""
        return {trial.number for trial in self.patience(lambda: self.study.best_trials, _never)}


@contextmanager
def open_study(spec: Spec, folder: Folder) -> Iterator[Study]:
    """Open or begin the study of a claimed folder; StorageError where a database is down or its study is held."""
    if isinstance(spec.storage, StorageUrl):
        from sweeps.study.postgres import Database

        name = str(folder.read_provenance()["study"])
        with Database(spec.storage, name) as database:
            study = database.patiently(lambda: _study(database.storage(), name, spec), _never)
            yield Study(study, database.patiently, database.run_again)
        return
    patience = _journal_patience(folder.journal)
    with readable(folder.journal):
        study = patience(lambda: _study(_journal(folder.journal), STUDY_NAME, spec), _never)
        check_study(study, spec, folder.read_spec()["trials"], folder.journal)
    again = partial(journal_again, study, STUDY_NAME)
    yield Study(study, patience, lambda numbers: write_whole(folder.journal, again(numbers)))


def check_storage(url: str) -> None:
    """Raise StorageError or ConfigError where a database does not answer, before anything is written."""
    if isinstance(url, StorageUrl):
        from sweeps.study.postgres import connect

        connect(url).close()


def asked_until(trials: Sequence[FrozenTrial]) -> int:
    """Return how many trials there must be before any more are trained: a killed ask is finished first."""
    return int(trials[-1].user_attrs[ASKED_UNTIL]) if trials else 0


def point_of(trial: FrozenTrial) -> Point:
    """Return a trial's parameters, axes of one value included."""
    point = {**trial.user_attrs, **trial.params}
    del point[ASKED_UNTIL]
    return point


def _study(storage: BaseStorage, name: str, spec: Spec) -> optuna.Study:
    directions = [objective.direction for objective in spec.objectives]
    return optuna.create_study(storage=storage, study_name=name, directions=directions, load_if_exists=True)


def _journal(journal: Path) -> BaseStorage:
    """Open the journal; a line torn by a power cut is cut off and a dead holder's lock is removed.

    The caller holds the sweep's lock: nobody else writes here.
    """
    if journal.exists():
        content = journal.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(journal, content.rfind(b"\n") + 1)
    for lock in journal.parent.glob(f"{journal.name}.lock*"):
        lock.unlink()
    return JournalStorage(JournalFileBackend(str(journal)))


def _journal_patience(journal: Path) -> Patience:
    """Nothing is worth waiting for where a file cannot be written."""

    def at_once(action: Callable[[], T], is_done: Callable[[], bool]) -> T:
        try:
            return action()
        except OSError as error:
            raise unwritable(journal, error) from error

    return at_once


def _never() -> bool:
    return False
