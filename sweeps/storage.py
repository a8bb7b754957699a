"""The study in its storage: Optuna's journal in the sweep's folder."""

import os
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.ask import Point, distributions
from sweeps.spec import Spec

STUDY_NAME = "sweep"
ASKED_UNTIL = "asked_until"
"""Attribute of a trial: how many trials there are once all that were asked with it are in."""


def open_study(journal: Path, spec: Spec) -> optuna.Study:
    """Open or begin the study; the caller holds the sweep's lock.

    A line torn by a power cut is cut off and a dead holder's lock is removed: nobody else writes here.
    """
    if journal.exists():
        content = journal.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(journal, content.rfind(b"\n") + 1)
    Path(f"{journal}.lock").unlink(missing_ok=True)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        study_name=STUDY_NAME,
        directions=[objective.direction for objective in spec.objectives],
        load_if_exists=True,
    )


def add_trials(study: optuna.Study, spec: Spec, points: list[Point], asked_until: int) -> None:
    """Add running trials, each in one write; axes of one value are kept as attributes."""
    space = distributions(spec)
    for point in points:
        fixed = {name: value for name, value in point.items() if name not in space}
        study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params={name: point[name] for name in space},
                distributions=space,
                user_attrs=fixed | {ASKED_UNTIL: asked_until},
            )
        )


def asked_until(trials: list[FrozenTrial]) -> int:
    """Return how many trials there must be before any more are trained: a killed ask is finished first."""
    return int(trials[-1].user_attrs[ASKED_UNTIL]) if trials else 0


def point_of(trial: FrozenTrial) -> Point:
    """Return a trial's parameters, axes of one value included."""
    point = {**trial.user_attrs, **trial.params}
    del point[ASKED_UNTIL]
    return point
