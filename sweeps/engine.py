"""Where stacks are trained: worker processes behind `concurrent.futures`, one thread each."""

import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

import joblib
from joblib.externals import loky

from sweeps.plan import Run

if TYPE_CHECKING:
    from vae.training import Score, TrainedRun

MOST_TRIES = 3
"""A stack lost with its worker is run again, at most twice."""
IDLE_SECONDS = 600
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # glibc gives the memory of a step's tensors back to the system and faults it in again at the next step: up to a
    # fifth of the time of small stacks. These keep it.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


class TimedOut(Exception):
    """The time is up."""


def count_workers(jobs: str) -> int:
    """Return the number of worker processes: the cores that this process may use, or what was asked."""
    return joblib.cpu_count() if jobs == "auto" else int(jobs)


@dataclass(frozen=True)
class Task:
    """What every stack of a sweep shares on its way to a worker."""

    data_folder: Path
    device: str
    score: "Score | None" = None


def train_stack(stack: Sequence[Run], task: Task) -> "list[TrainedRun]":
    """Train one stack: a worker's work. torch is imported where it is used, in the worker."""
    from vae.training import train_runs

    return train_runs([run.config for run in stack], task.data_folder, task.device, task.score)


class Engine(Protocol):
    """Something that trains stacks."""

    workers: int

    def start(self) -> None:
        """Begin to start the workers."""

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, deadline: float | None = None
    ) -> "Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]":
        """Yield each stack with its results, or with the error that its training raised, as they finish."""

    def stop(self) -> None:
        """End the workers at once, whatever they do."""


@dataclass
class LocalEngine:
    """Worker processes of this machine, through loky."""

    workers: int
    executor: Executor | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to start the workers, which then import torch while the coordinator reads the data."""
        self.executor = loky.ProcessPoolExecutor(
            max_workers=self.workers, timeout=IDLE_SECONDS, initializer=_begin_worker, env=WORKER_ENVIRONMENT
        )
        for _ in range(self.workers):
            self.executor.submit(_import_torch)

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, deadline: float | None = None
    ) -> "Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]":
        """Yield each stack with its results, or with the error that its training raised, as they finish.

        A stack whose worker died is run again; what loses its worker MOST_TRIES times comes with that error.
        Raises TimedOut at the deadline of `time.monotonic`, if there is one.
        """
        waiting = deque(stacks)
        tries: Counter[int] = Counter()
        in_flight: dict[Future[list[TrainedRun]], Sequence[Run]] = {}
        while waiting or in_flight:
            # No more than the workers hold: loky stumbles over what is queued when it is told to kill them.
            while waiting and len(in_flight) < self.workers:
                stack = waiting.popleft()
                in_flight[self._submit(stack, task)] = stack
            for future in self._finished(in_flight, deadline):
                stack, error = in_flight.pop(future), future.exception()
                if isinstance(error, BrokenProcessPool) and tries[stack[0].run] < MOST_TRIES - 1:
                    self.stop()
                    tries[stack[0].run] += 1
                    waiting.appendleft(stack)
                elif isinstance(error, Exception):
                    yield stack, error
                else:
                    yield stack, future.result()

    def stop(self) -> None:
        """End the workers at once, whatever they do."""
        if self.executor is not None:
            self.executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
            self.executor = None

    def _submit(self, stack: Sequence[Run], task: Task) -> "Future[list[TrainedRun]]":
        if self.executor is None:
            self.start()
        assert self.executor is not None  # noqa: S101
        return self.executor.submit(train_stack, stack, task)

    def _finished(
        self, in_flight: "dict[Future[list[TrainedRun]], Sequence[Run]]", deadline: float | None
    ) -> "list[Future[list[TrainedRun]]]":
        """Wait for the next stacks to end; where a worker died, every stack in flight has."""
        left = None if deadline is None else max(0.0, deadline - monotonic())
        done, running = wait(in_flight, left, FIRST_COMPLETED)
        if not done:
            raise TimedOut
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            done |= wait(running).done
        return sorted(done, key=lambda future: in_flight[future][0].run)


def _begin_worker() -> None:
    """Leave Ctrl-C to the coordinator: it ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _import_torch() -> None:
    import vae.training  # noqa: F401
