"""Worker processes of this machine, one thread each."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

from joblib.externals import loky

from sweeps.engines.engine import ExecutorEngine, Stack
from sweeps.engines.worker import WORKER_ENVIRONMENT, Task, begin_worker, train_stack, warm_up
from vae.trained import TrainedRun

IDLE_SECONDS = 600


@dataclass
class LocalEngine(ExecutorEngine):
    """Worker processes through loky, where one death breaks the pool and loses all that is in flight."""

    executor: Executor | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to start the workers, which then import torch while the coordinator reads the data."""
        with _no_interrupts():  # workers inherit it: Ctrl-C is the coordinator's, who ends them
            self.executor = loky.ProcessPoolExecutor(
                max_workers=self.workers,
                timeout=IDLE_SECONDS,
                env=WORKER_ENVIRONMENT,
                initializer=begin_worker,
                initargs=(os.getpid(),),
            )
            for _ in range(self.workers):
                self.executor.submit(warm_up)

    def stop(self) -> None:
        """End the workers at once: what they ended is written, and waiting for idle ones takes half a second."""
        if self.executor is not None:
            self.executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
            self.executor = None

    def submit(self, stack: Stack, task: Task) -> Future[list[TrainedRun]]:
        """Hand a stack to a worker."""
        try:
            return self._running().submit(train_stack, stack, task)
        except BrokenProcessPool:  # a worker died since: what was in flight is found to be lost when it is waited for
            self.stop()
            return self._running().submit(train_stack, stack, task)

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error means that a worker died."""
        return isinstance(error, BrokenProcessPool)

    def _running(self) -> Executor:
        if self.executor is None:
            self.start()
        assert self.executor is not None  # noqa: S101
        return self.executor


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
