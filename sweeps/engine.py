"""Where stacks are trained: worker processes behind `concurrent.futures`, one thread each."""

import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import joblib
from joblib.externals import loky

from sweeps.worker import Run, Task, begin_worker, train_stack, warm_up
from vae.trained import TrainedRun

MOST_LOSSES = 2
"""A stack that loses its worker so often while it is alone has failed; before, it is run again."""
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


class Engine(Protocol):
    """Something that trains stacks."""

    workers: int

    def start(self) -> None:
        """Begin to start the workers."""

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, deadline: float | None = None
    ) -> Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]:
        """Yield each stack with its results, or with the error that its training raised, as they finish."""

    def stop(self) -> None:
        """End the workers at once, whatever they do."""


@dataclass
class LocalEngine:
    """Worker processes of this machine, through loky."""

    workers: int
    executor: Executor | None = field(default=None, init=False)
    _in_flight: dict[Future[list[TrainedRun]], Sequence[Run]] = field(default_factory=dict, init=False)
    _idle: bool = field(default=False, init=False)

    def start(self) -> None:
        """Begin to start the workers, which then import torch while the coordinator reads the data."""
        with _no_interrupts():  # workers inherit it: Ctrl-C is the coordinator's, who ends them
            self.executor = loky.ProcessPoolExecutor(
                max_workers=self.workers, timeout=IDLE_SECONDS, initializer=begin_worker, env=WORKER_ENVIRONMENT
            )
            for _ in range(self.workers):
                self.executor.submit(warm_up)

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, deadline: float | None = None
    ) -> Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]:
        """Yield each stack with its results, or with the error that its training raised, as they finish.

        One worker's death loses every stack in flight. They are run again one at a time, so that only the stack that
        kills its worker also when alone comes with that error, after MOST_LOSSES. Raises TimedOut at the deadline of
        `time.monotonic`, if there is one.
        """
        self._idle = False
        waiting, lost = deque(stacks), deque[Sequence[Run]]()
        losses_alone: Counter[int] = Counter()
        while waiting or lost or self._in_flight:
            # No more than the workers hold: loky stumbles over what is queued when it is told to kill them.
            while waiting and not lost and len(self._in_flight) < self.workers:
                self._submit(waiting.popleft(), task)
            if lost and not self._in_flight:
                self._submit(lost.popleft(), task)
            alone = len(self._in_flight) == 1
            for future in self._finished(deadline):
                stack, error = self._in_flight.pop(future), future.exception()
                if not isinstance(error, Exception):
                    yield stack, future.result()
                    continue
                if isinstance(error, BrokenProcessPool):
                    self.stop()
                    losses_alone[stack[0].run] += alone
                    if losses_alone[stack[0].run] < MOST_LOSSES:
                        lost.append(stack)
                        continue
                yield stack, error
        self._idle = True

    def stop(self) -> None:
        """End the workers: at once, unless they have nothing to do."""
        if self.executor is not None:
            self.executor.shutdown(wait=True, kill_workers=not self._idle)  # type: ignore[call-arg]
            self.executor = None

    def _submit(self, stack: Sequence[Run], task: Task) -> None:
        try:
            self._in_flight[self._running().submit(train_stack, stack, task)] = stack
        except BrokenProcessPool:  # a worker died since: what was in flight is found to be lost when it is waited for
            self.stop()
            self._in_flight[self._running().submit(train_stack, stack, task)] = stack

    def _running(self) -> Executor:
        if self.executor is None:
            self.start()
        assert self.executor is not None  # noqa: S101
        return self.executor

    def _finished(self, deadline: float | None) -> list[Future[list[TrainedRun]]]:
        """Wait for the next stacks to end."""
        left = None if deadline is None else max(0.0, deadline - monotonic())
        done, running = wait(self._in_flight, left, FIRST_COMPLETED)
        if not done:
            raise TimedOut
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            done |= wait(running).done
        return sorted(done, key=lambda future: self._in_flight[future][0].run)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, which a thread other than the main one is never sent."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
