"""Failed trials once more: what they came to is forgotten, and the sweep's own command trains them again.

A study cannot take back what it was told. So its journal is written anew, whole, with the failed trials as they were
when they were asked; then the failed runs leave the tables. A process killed between the two leaves trials whose runs
are there: going on tells them again what they came to, and nothing was forgotten.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.coordination.ledger import Ledger
from sweeps.maintenance.hold import at_rest
from sweeps.spec.make import spec_in
from sweeps.spec.spec import Spec
from sweeps.study.storage import STUDY_NAME, open_study, point_of
from vae.errors import ResultsError
from vae.files.results import Folder, write_whole
from vae.own.source import check_named


@dataclass(frozen=True)
class Forgotten:
    """What is to be trained again."""

    spec: Spec
    """The sweep's own, in the folder where it lies: running it trains what was forgotten."""
    trials: list[int]
    runs: list[int]


def forget_failed(folder: Folder, network: str | None = None) -> Forgotten:
    """Forget what failed trials came to, and that trials were told whose runs are lost; finished runs are kept.

    `network` names the networks of the user's own that may be imported to train them again. Raises a VaekitError where
    it lacks one, the folder cannot be read or written, or another process works on it.
    """
    with at_rest(folder):
        spec = spec_in(folder)
        if spec.storage:
            raise ResultsError(
                f"retry works only on a study in the sweep's folder, and this one is in {spec.storage!r}"
            )
        with open_study(spec, folder) as study:
            trials = study.trials()
        ledger = Ledger(spec, folder.read_measured(), folder.read_rounds())
        ledger.add(point_of(trial) for trial in trials)
        again = [trial.number for trial in trials if _is_lost(trial, ledger)]
        more, lacking = ledger.failed_more(), [run.run for run in ledger.missing_runs(again)]
        runs = {run for trial in again for run in ledger.failed_runs(trial)} | {run.run for run in more}
        if again or runs:
            check_named(spec.network, network)
        if again:
            write_whole(folder.journal, _journal(study.study, trials, set(again)))
        if runs:
            folder.drop_runs(runs)
        return Forgotten(spec, sorted({*again, *(run.trial for run in more)}), sorted({*runs, *lacking}))


def _is_lost(trial: FrozenTrial, ledger: Ledger) -> bool:
    return trial.state.is_finished() and (trial.state == TrialState.FAIL or ledger.result(trial.number) is None)


def _journal(study: optuna.Study, trials: Sequence[FrozenTrial], again: set[int]) -> bytes:
    """Return a journal of these trials in which some of them still run."""
    lines = _Lines()
    copy = optuna.create_study(storage=JournalStorage(lines), study_name=STUDY_NAME, directions=study.directions)
    for trial in trials:
        asked = create_trial(
            state=TrialState.RUNNING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=trial.user_attrs,
        )
        copy.add_trial(asked if trial.number in again else trial)
    return lines.content.encode()


class _Lines(BaseJournalBackend):
    """A journal in memory."""

    def __init__(self) -> None:
        self.logs: list[str] = []

    @property
    def content(self) -> str:
        return "".join(f"{line}\n" for line in self.logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        return (json.loads(line) for line in self.logs[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs += [json.dumps(log, separators=(",", ":")) for log in logs]
