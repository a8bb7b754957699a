"""Worker processes of this machine, one thread each, each with a channel of its own.

A worker that is killed while it sends leaves half a message in its own channel, which ends there: nobody else waits.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from joblib.externals.loky.backend import get_context
from joblib.externals.loky.backend.reduction import dumps, loads

from sweeps.engines.engine import ExecutorEngine, Stack, Trained
from sweeps.engines.slices import Slice, train_slice
from sweeps.engines.worker import WORKER_ENVIRONMENT, Task, serve, warm_up

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Windows has no SIGKILL, and its SIGTERM ends a process at once."""
SECONDS_TO_END = 5.0
"""For a killed process to be gone, and for a channel to say that its process is."""


class WorkerLost(Exception):
    """A worker process died."""


class LocalWorker:
    """A process that does one thing at a time, and the channel to it.

    What is sent and received waits in a thread of its own, so that no worker can hold up the coordinator.
    """

    def __init__(self, prepare: Callable[[], None] = warm_up) -> None:
        context = get_context("loky")
        self._channel, theirs = context.Pipe()
        self.process = context.Process(
            target=serve, args=(theirs, os.getpid(), prepare), env=WORKER_ENVIRONMENT, daemon=True
        )
        self.process.start()
        theirs.close()
        self.answer: Future[Any] = Future()
        """What it was asked last comes to."""
        self.answer.set_result(None)
        self._seen_alive = monotonic()

    @property
    def name(self) -> str:
        """What it calls itself."""
        return str(self.process.pid)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return bool(self.process.is_alive())

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call a function there; RuntimeError where it still works, WorkerLost where it dies before it has answered."""
        if not self.answer.done():
            raise RuntimeError("a worker does one thing at a time: two answers on one channel could be swapped")
        self.answer = Future()
        content = dumps((function, arguments))
        threading.Thread(target=self._exchange, args=(content, self.answer), daemon=True).start()
        return self.answer

    def watch(self) -> None:
        """See that it lives: a channel that something else holds open does not end with its process."""
        if self.is_alive:
            self._seen_alive = monotonic()
        elif monotonic() - self._seen_alive > SECONDS_TO_END:
            with suppress(InvalidStateError):
                self.answer.set_exception(self._lost())

    def kill(self) -> None:
        """End it at once, though it may be stopped or stuck."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, KILL)

    def join(self) -> None:
        """Wait until its process is gone, for a while."""
        self.process.join(SECONDS_TO_END)

    def _exchange(self, content: memoryview, answer: Future[Any]) -> None:
        try:
            self._channel.send_bytes(content)
            result, error = loads(self._channel.recv_bytes())
        except (EOFError, OSError):
            self.join()
            result, error = None, self._lost()
        except Exception as reason:  # noqa: BLE001 an answer that cannot be unpickled here is its asker's to see
            result, error = None, reason
        with suppress(InvalidStateError):
            answer.set_exception(error) if error else answer.set_result(result)

    def _lost(self) -> WorkerLost:
        code = self.process.exitcode
        if code is None or code >= 0:
            return WorkerLost(f"a worker process ended with exit code {code}")
        return WorkerLost(f"a worker process was ended by {signal.Signals(-code).name}")


@dataclass
class LocalEngine(ExecutorEngine):
    """Worker processes, each replaced when it has died."""

    processes: list[LocalWorker] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Begin to start the workers, which then import torch while the coordinator reads the data."""
        with no_interrupts():  # workers inherit it: Ctrl-C is the coordinator's, who ends them
            self.processes = [LocalWorker() for _ in range(self.workers)]

    def stop(self) -> None:
        """End the workers at once: what they ended is written."""
        for worker in self.processes:
            worker.kill()
        for worker in self.processes:
            worker.join()
        self.processes = []

    def submit(self, stack: Stack, task: Task, after: Slice | None = None, *, leave: bool = False) -> Future[Trained]:
        """Hand a slice of a stack to a worker: its first one, or the next to the worker that trained the last.

        A worker whose answer is not yet taken is not free: it keeps a stack, of which it will be asked the next slice.
        """
        if not self.processes:
            self.start()
        same = [place for place, worker in enumerate(self.processes) if after and worker.name == after.worker]
        free = [place for place, worker in enumerate(self.processes) if worker.answer not in self.in_flight]
        place = (same or free)[0]
        if not self.processes[place].is_alive:
            with no_interrupts():
                self.processes[place] = LocalWorker()
        return self.processes[place].ask(train_slice, stack, task, after.number if after else 0, leave)

    def slots(self) -> int:
        """Return how many stacks can be trained at once, and see that the workers live."""
        for worker in self.processes:
            worker.watch()
        return self.workers

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error means that a worker died."""
        return isinstance(error, WorkerLost)


@contextmanager
def no_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, which a thread other than the main one is never sent."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
