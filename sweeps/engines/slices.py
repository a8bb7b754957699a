"""A stack's training in slices: a worker keeps it between two of them, and hands over how far it is after each."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from sweeps.engines.worker import MissingData, Run, Task, memory_errors, training_of
from vae.trained import TrainedRun

if TYPE_CHECKING:
    from vae.training import Training

Key = tuple[object, ...]
FIRST_SECONDS, MOST_SECONDS = 2.0, 10.0
"""Of a slice."""
GROWTH = 0.2
"""A slice's share of the time that its worker has trained the stack, between the two."""
MOVING_SHARE, LARGEST_SHARE = 0.01, 0.02
"""Of the time, that states may take on their way: with every slice, or where they are slow less often; the larger one
where they would else come more than MOST_APART seconds apart."""
MOST_APART = 18.0
"""With a slice, less than 30 s of training are at stake."""


@dataclass(frozen=True)
class Slice:
    """How far a stack is that is not at its end."""

    so_far: list[TrainedRun]
    """Each run as it stands, with its state where that is to be kept."""
    number: int
    """Slices of it that its worker has trained."""
    worker: str
    """Who goes on with it at no cost."""

    @property
    def is_kept(self) -> bool:
        """Whether the runs have states."""
        return bool(self.so_far[0].state)


class Forgotten(Exception):
    """A worker was asked to go on with a stack that it does not train."""


@dataclass
class _Session:
    """The stack that this worker trains, between two slices."""

    key: Key
    training: "Training"
    number: int = 0
    trained_seconds: float = 0.0
    kept_at: float = -inf
    """When states were last taken, of `time.monotonic`."""
    moving_seconds: float = 0.0
    """What it cost to take and move them: this worker waits."""
    left_at: float = inf

    def train(self, *, leave: bool) -> Slice | None:
        """Train a slice, and return it; None where training has come to its end."""
        begun = time.monotonic()
        self.moving_seconds += max(0.0, begun - self.left_at)
        if not leave and self.training.advance(min(max(FIRST_SECONDS, GROWTH * self.trained_seconds), MOST_SECONDS)):
            return None
        ended = time.monotonic()
        self.trained_seconds += ended - begun
        pause = max(min(self.moving_seconds / MOVING_SHARE, MOST_APART), self.moving_seconds / LARGEST_SHARE)
        keep = leave or ended - self.kept_at >= pause
        so_far = self.training.so_far(with_states=keep)
        self.left_at, self.number = time.monotonic(), self.number + 1
        if keep:
            self.kept_at, self.moving_seconds = ended, self.left_at - ended
        return Slice(so_far, self.number, worker=str(os.getpid()))


_sessions: dict[Key, _Session] = {}
"""At most one: a worker trains one stack at a time."""


def train_slice(runs: Sequence[Run], task: Task, after: int = 0, leave: bool = False) -> list[TrainedRun] | Slice:
    """Train a slice of a stack, whose runs are equally far but for those that have ended; at its end, measure it.

    It begins with what the runs have so far or, `after` some slices, where this worker left it: Forgotten where that
    is not so. To `leave` it is to train no more and to take its states. MemoryError where it does not fit.
    """
    key = (task.sweep, task.until_epoch, *(run.run for run in runs))
    session = _sessions.pop(key, None)
    _sessions.clear()
    with memory_errors():
        if not after:
            session = _Session(key, training_of(runs, task))
        if session is None or session.number != after:
            raise Forgotten
        found = session.train(leave=leave)
        if found is None:
            return session.training.measured(task.score, task.zero_rate_nats)
    _sessions[key] = session
    return found


def train_slice_far_away(
    runs: Sequence[Run], task: Task, after: int = 0, leave: bool = False
) -> list[TrainedRun] | Slice:
    """Train a slice with the images in this machine's own cache; MissingData where they are not there."""
    from distributed import get_worker

    from vae.data import default_cache, is_whole

    folder = default_cache() / task.data_folder.name
    if not is_whole(folder):
        raise MissingData(get_worker().address)
    found = train_slice(runs, replace(task, data_folder=folder), after, leave)
    return replace(found, worker=get_worker().address) if isinstance(found, Slice) else found
