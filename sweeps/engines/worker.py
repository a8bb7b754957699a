"""What runs in a worker process; it imports what training needs and nothing else, since a sweep waits for it."""

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import nan
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from joblib.externals.loky.backend.reduction import dumps, loads

from vae.config import RunConfig
from vae.own.source import Source, bring
from vae.trained import Score, TrainedRun

if TYPE_CHECKING:
    from vae.training import Training

SECONDS_BETWEEN_LOOKS = 1.0
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # glibc gives the memory of a step's tensors back to the system and faults it in again at the next step: up to a
    # fifth of the time of small stacks. These keep it.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


class MissingData(Exception):
    """A worker has not got the images; its only argument is the worker's address."""


@dataclass(frozen=True)
class Run:
    """One model to train and its place in the study."""

    run: int
    trial: int
    config: RunConfig
    so_far: TrainedRun | None = None
    """Where its training goes on; None at its start."""


@dataclass(frozen=True)
class Task:
    """What every stack of a sweep shares on its way to a worker."""

    data_folder: Path
    device: str
    score: Score | None = None
    until_epoch: int | None = None
    """Where training stops for a comparison; None at the end."""
    zero_rate_nats: float = nan
    """D0 on the train split, by which a run that diverged is known."""
    sources: tuple[Source, ...] = ()
    """Networks of the user's own, as the coordinator found them."""
    sweep: str = field(default_factory=lambda: uuid4().hex)
    """Who asks, so that no worker goes on with another's stack."""


def train_stack(runs: Sequence[Run], task: Task) -> list[TrainedRun]:
    """Train one stack as far as it is to come, in one go."""
    with memory_errors():
        training = training_of(runs, task)
        training.advance()
        return training.measured(task.score, task.zero_rate_nats)


def training_of(runs: Sequence[Run], task: Task) -> "Training":
    """Return the training of a stack, whose runs are equally far but for those that have ended.

    EngineError where the user's networks cannot be imported here.
    """
    from vae.data import open_data
    from vae.training import Training

    for source in task.sources:
        bring(source)
    return Training(
        [run.config for run in runs],
        open_data(task.data_folder),
        task.device,
        so_far=[run.so_far for run in runs if run.so_far] or None,
        until_epoch=task.until_epoch,
    )


@contextmanager
def memory_errors() -> Iterator[None]:
    """Say MemoryError for torch's two ways of its own to say it, one for each kind of device."""
    try:
        yield
    except RuntimeError as error:
        if type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def warm_up() -> None:
    """Import torch while the coordinator asks its trials."""
    import vae.training  # noqa: F401


def serve(channel: Connection, coordinator: int, prepare: Callable[[], None]) -> None:
    """Do what comes through a channel, one thing after the other, until it ends: the life of a local worker."""
    begin_worker(coordinator)
    prepare()
    while True:
        try:
            asked = channel.recv_bytes()
        except EOFError:
            return
        channel.send_bytes(_answer(asked))


def _answer(asked: bytes) -> Any:
    """Call a function with its arguments, and return its result or its error, either beside None."""
    try:
        function, arguments = loads(asked)
        answer: tuple[Any, Exception | None] = function(*arguments), None
    except Exception as error:  # noqa: BLE001 raised again where it was asked
        error.add_note("".join(traceback.format_exception(error)))
        answer = None, error
    try:
        return dumps(answer)
    except Exception as error:  # noqa: BLE001 what cannot be pickled is said in words
        return dumps((None, RuntimeError(f"{error}, of {answer[1] or answer[0]!r}")))


def begin_worker(coordinator: int) -> None:
    """End this worker when its parent, the coordinator, is gone: nobody would take what it trains.

    The coordinator's process is named by itself: one that was killed at once is no parent any more when this begins.
    """
    threading.Thread(target=_follow, args=(coordinator,), daemon=True).start()


def _follow(coordinator: int) -> None:
    while os.getppid() == coordinator:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)
