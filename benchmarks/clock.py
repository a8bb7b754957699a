"""Timing: medians of rounds, and works that are compared taken in turns."""

import time
from collections.abc import Callable
from statistics import median


def cpu_seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """Return the median CPU seconds of a work, all its threads counted."""
    return median(_seconds(work, time.process_time) for _ in range(rounds))


def interleaved(
    *works: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Return the median seconds on the clock of each work, in turns after one round that is not counted."""
    for work in works:
        work()
    seconds = [[_seconds(work, clock) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*seconds, strict=True)]


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start
