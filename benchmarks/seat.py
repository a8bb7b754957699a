"""A process of one thread on one core, in which one side of `benchmarks.peers` sits and waits for its turn."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from benchmarks.sides import SIDES, Case, Missing, Side, first_weights, validation_elbo

ENVIRONMENT = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "TQDM_DISABLE": "1"}
"""To be set before a seat is taken: one thread for XLA, and no bar of pythae's for each epoch."""


@dataclass(frozen=True)
class Ready:
    """What a side found before it is measured."""

    size: int
    """Runs that it trains together."""
    runs: int
    """Runs that it trains in a round."""
    start_seconds: float
    """Until its first batch of that size was trained for an epoch, without the import of torch: compilation, mostly."""


@dataclass(frozen=True)
class Round:
    """Seconds of a round by the clock and of its process's CPU, all threads counted."""

    seconds: float
    cpu_seconds: float


class Seat:
    """A side in a process of its own; raises Missing where it cannot sit down."""

    def __init__(self, side: str, case: Case, core: int | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(side, case, core, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.ready: Ready = self._received()

    def _received(self) -> Any:
        try:
            received = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"every side must end well, got exit code {self._process.exitcode}") from None
        if isinstance(received, Missing):
            raise received
        return received

    def round(self) -> Round:
        """Train its runs from the start to their end."""
        self._pipe.send(True)
        round_: Round = self._received()
        return round_

    def leave(self) -> list[float]:
        """End the process; return the validation ELBO of each run of its last round."""
        self._pipe.send(False)
        elbos: list[float] = self._received()
        self._process.join()
        return elbos


def cores() -> set[int] | None:
    """Return the cores that this process may use; None where a system has no such thing as an affinity."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _serve(name: str, case: Case, core: int | None, pipe: Connection) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    try:
        side = SIDES[name](case)
    except (ImportError, Missing) as error:
        pipe.send(Missing(str(error)))
        return
    start_seconds = {size: _seconds(side, case, size, epochs=1, clock=time.perf_counter) for size in side.sizes}
    seconds = {size: _seconds(side, case, size, epochs=3, clock=time.process_time) / size for size in side.sizes}
    size = min(seconds, key=seconds.__getitem__)
    seeds = [range(first, first + size) for first in range(0, max(case.least_runs, size), size)]
    pipe.send(Ready(size, size * len(seeds), start_seconds[size]))
    firsts = [first_weights(case, case.data(), batch) for batch in seeds]
    trained = []
    while pipe.recv():
        start, cpu = time.perf_counter(), time.process_time()
        trained = [
            weights
            for batch, first in zip(seeds, firsts, strict=True)
            for weights in side.train(batch, first, case.epochs)
        ]
        pipe.send(Round(time.perf_counter() - start, time.process_time() - cpu))
    pipe.send([validation_elbo(case, case.data(), weights) for weights in trained])


def _seconds(side: Side, case: Case, size: int, epochs: int, clock: Callable[[], float]) -> float:
    first = first_weights(case, case.data(), range(size))
    start = clock()
    side.train(range(size), first, epochs)
    return clock() - start
