"""Live progress on stderr: a bar in a terminal or a notebook, plain lines elsewhere."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from math import isnan
from time import monotonic
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from sweeps.coordination.status import Status, duration
from vae.streams import say

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_BARS = 0.2
"""In a notebook, each of which is a message to a browser."""
MOST_SECONDS_SILENT = 10.0
"""Whatever the coordinator and its workers do meanwhile."""
MOST_STACKS = 4
"""In flight, that are named."""


class Show(Protocol):
    """Takes a sweep's status whenever it changes."""

    def __call__(self, status: Status) -> None:
        """Show it."""


@contextmanager
def live_progress(objective: str, *, quiet: bool = False) -> Iterator[Show]:
    """Show a sweep's status as it changes: trials, best value, time left, and what trains; nothing where `quiet`."""
    console = Console(stderr=True)
    if quiet:
        yield lambda status: None
    elif console.is_jupyter:
        yield _Cell(objective).show
    elif console.is_terminal:
        with _Bar(objective, console) as bar:
            yield bar.show
    else:
        lines = _Lines(objective)
        try:
            yield lines
        finally:
            lines.ended.set()


class _Bar(Progress):
    """A bar, with what trains now below it."""

    def __init__(self, objective: str, console: Console) -> None:
        self._objective = objective
        self._latest: Status | None = None
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
        super().__init__(*columns, console=console)
        self._task = self.add_task("sweep", total=1.0, text="starting the workers")

    def show(self, status: Status) -> None:
        self._latest = status
        text = ", ".join(filter(None, [describe(status, self._objective), beginning(status)]))
        self.update(self._task, completed=_share(status), text=text)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bar, then a line a stack in flight."""
        yield self.make_tasks_table(self.tasks)
        for line in in_flight(self._latest) if self._latest else ():
            yield Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis")


class _Cell:
    """A bar below a notebook's cell; it needs no widgets."""

    def __init__(self, objective: str) -> None:
        from IPython.display import display

        self._objective = objective
        self._drawn = monotonic()
        self._place: Any = display(_bar(0.0, "starting the workers"), raw=True, display_id=True)

    def show(self, status: Status) -> None:
        if monotonic() - self._drawn < SECONDS_BETWEEN_BARS and status.told < status.goal:
            return
        self._drawn = monotonic()
        text = ", ".join(filter(None, [describe(status, self._objective), beginning(status)]))
        self._place.update(_bar(_share(status), text, in_flight(status)), raw=True)


def _bar(share: float, text: str, below: Iterable[str] = ()) -> dict[str, str]:
    """Return a bar as a notebook takes it: HTML, and text for where there is none."""
    lines = "".join(f"<br><small>{escape(line)}</small>" for line in below)
    bar = f'<progress value="{share:.3f}" max="1" aria-label="share of the sweep"></progress>'
    return {"text/plain": f"{share:.0%} {text}", "text/html": f"<div>{bar} {share:.0%} {escape(text)}{lines}</div>"}


@dataclass
class _Lines:
    """A line now and then, for logs, in whatever else happens."""

    objective: str
    ended: threading.Event = field(default_factory=threading.Event)
    _said: float = -SECONDS_BETWEEN_LINES
    _latest: Status | None = None
    _heard: float = 0.0

    def __post_init__(self) -> None:
        threading.Thread(target=self._repeat, daemon=True).start()

    def __call__(self, status: Status) -> None:
        self._latest, self._heard = status, monotonic()
        if self._heard - self._said >= SECONDS_BETWEEN_LINES or status.told == status.goal:
            self._say()

    def _repeat(self) -> None:
        while not self.ended.wait(1.0):
            if self._latest and monotonic() - self._said >= MOST_SECONDS_SILENT:
                self._say()

    def _say(self) -> None:
        self._said = monotonic()
        assert self._latest  # noqa: S101
        stacks = "; ".join(in_flight(self._latest)) or beginning(self._latest)
        since = self._said - self._heard
        say(" | ".join(filter(None, [describe(self._latest, self.objective, since, share=True), stacks])))


def beginning(status: Status) -> str:
    """Say that nothing has trained yet, if that is so."""
    return "" if status.running or status.share or status.told == status.goal else "starting the workers"


def in_flight(status: Status) -> list[str]:
    """Say what trains now, the first stacks by name."""
    more = len(status.in_flight) - MOST_STACKS
    return [*status.in_flight[:MOST_STACKS], *([f"and {more} more"] if more > 0 else [])]


def describe(status: Status, objective: str, seconds: float = 0.0, *, share: bool = False) -> str:
    """Put a status into words; `seconds` is its age."""
    parts = [f"{status.told}/{status.goal} trials"]
    if share and status.share > 0.0:
        parts[0] = f"{_share(status):.0%}, {parts[0]}"
    if status.running:
        parts.append(f"{status.running} training")
    if not isnan(status.best):
        parts.append(f"best {objective} {status.best:.2f}")
    elif not isnan(status.best_running):
        parts.append(f"best {objective} so far {status.best_running:.2f}, in training")
    if status.pruned:
        parts.append(f"{status.pruned} pruned")
    if status.refining:
        parts.append(f"{status.refining} get more seeds")
    if status.failed:
        parts.append(f"{status.failed} failed")
    if status.seconds_left > 0.0 and status.share < 1.0:
        parts.append(f"about {duration(max(1.0, status.seconds_left - seconds))} left")
    return ", ".join(parts)


def _share(status: Status) -> float:
    """Of the whole sweep by its trials, or of this call's work, whichever is further."""
    return status.share if status.refining else max(status.told / status.goal, status.share)
