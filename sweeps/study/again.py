"""Told trials that run again: a study cannot take back what it was told, so its journal is written anew."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState, create_trial


def journal_again(study: optuna.Study, name: str, again: Collection[int]) -> bytes:
    """Return the journal of a study of this name in which some of its trials still run, with nothing reported."""
    lines = _Lines()
    copy = optuna.create_study(storage=JournalStorage(lines), study_name=name, directions=study.directions)
    for trial in study.get_trials(deepcopy=False):
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
