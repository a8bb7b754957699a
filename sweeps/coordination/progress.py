"""Live progress: a bar in a terminal, plain lines elsewhere. Both on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from sweeps.coordination.coordinator import Status
from vae.streams import say

SECONDS_BETWEEN_LINES = 5.0


class Show(Protocol):
    """Takes a sweep's status whenever it changes."""

    def __call__(self, status: Status) -> None:
        """Show it."""


@contextmanager
def live_progress(objective: str) -> Iterator[Show]:
    """Show a sweep's status as it changes: trials, best value, failures and time left."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(objective)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sweep", total=1.0, text="starting the workers")
        start = monotonic()

        def show(status: Status) -> None:
            text = describe(status, objective, monotonic() - start)
            share = status.share if status.refining else max(status.told / status.goal, status.share)
            progress.update(task, completed=share, text=text)

        yield show


class _Lines:
    """A line now and then, for logs."""

    def __init__(self, objective: str) -> None:
        self.objective = objective
        self.start = monotonic()
        self.last = -SECONDS_BETWEEN_LINES

    def __call__(self, status: Status) -> None:
        now = monotonic()
        if now - self.last >= SECONDS_BETWEEN_LINES or status.told == status.goal:
            self.last = now
            say(describe(status, self.objective, now - self.start))


def describe(status: Status, objective: str, seconds: float) -> str:
    """Put a status into words; `seconds` is the time since the sweep began."""
    parts = [f"{status.told}/{status.goal} trials"]
    if not isnan(status.best):
        parts.append(f"best {objective} {status.best:.2f}")
    if status.pruned:
        parts.append(f"{status.pruned} pruned")
    if status.refining:
        parts.append(f"more seeds for {status.refining}")
    if status.failed:
        parts.append(f"{status.failed} failed")
    if 0.0 < status.share < 1.0:
        parts.append(f"about {_duration(seconds * (1 - status.share) / status.share)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
