"""Where stacks are trained: worker processes behind `concurrent.futures`, and one loop over whatever holds them."""

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from math import inf
from time import monotonic, sleep
from typing import Protocol

import joblib

from sweeps.engines.slices import Forgotten, Slice
from sweeps.engines.worker import Run, Task
from vae.errors import EngineError
from vae.trained import TrainedRun

MOST_TRIES = 2
"""A run that loses its worker, or finds no memory, so often while it is alone in its stack has failed."""
MOST_FAILURES_IN_A_ROW = 30
"""With no stack finished in between, it is not the stacks that are at fault."""
SECONDS_BETWEEN_LOOKS = 1.0
GO_ON = "what was trained is kept; run the same command again to resume"

Stack = Sequence[Run]
Trained = list[TrainedRun] | Slice
Outcome = Trained | Exception
Load = Callable[[Stack], Stack]
"""Gives the runs of a stack what they have so far, when it begins and when it was lost."""


class TimedOut(Exception):
    """The time is up."""


class Interrupted(Exception):
    """Somebody asked the sweep to stop, and every stack in flight is kept or its time is up."""


@dataclass
class Stop:
    """When a sweep ends before its last trial: at a time, and with no slice begun once somebody asked it to end."""

    deadline: float = inf
    """Of `time.monotonic`."""
    asked: bool = False
    training: bool = False
    """Whether stacks are in flight, which to wait for is worth something."""

    def ask(self, seconds: float) -> None:
        """Begin no further slice, and give those in flight so many seconds to end and be kept."""
        self.asked = True
        self.deadline = min(self.deadline, monotonic() + seconds)


def count_workers(jobs: str) -> int:
    """Return the number of worker processes: the cores that this process may use, or what was asked."""
    return joblib.cpu_count() if jobs == "auto" else int(jobs)


class Engine(Protocol):
    """Something that trains stacks."""

    workers: int

    def start(self) -> None:
        """Begin to start the workers."""

    def run(
        self, stacks: Sequence[Stack], task: Task, stop: Stop | None = None, load: Load = list
    ) -> Iterator[tuple[Stack, Outcome]]:
        """Yield each stack, or its parts, with how far it is, and in the end with its results or its error."""

    def stop(self) -> None:
        """End the workers at once, whatever they do."""


@dataclass
class ExecutorEngine(ABC):
    """Stacks through futures, and again where they are lost with their worker, which loses no other stack.

    Subclasses say how a stack is handed out, what the loss of a worker looks like, and how data reach the workers.
    """

    workers: int
    in_flight: dict[Future[Trained], Stack] = field(default_factory=dict, init=False)
    _failures_in_a_row: int = field(default=0, init=False)

    @abstractmethod
    def start(self) -> None:
        """Begin to start the workers."""

    @abstractmethod
    def stop(self) -> None:
        """End the workers at once, whatever they do."""

    @abstractmethod
    def submit(self, stack: Stack, task: Task, after: Slice | None = None, *, leave: bool = False) -> Future[Trained]:
        """Hand a slice of a stack to a worker: its first one, or the next to the worker that trained the last.

        To `leave` a stack is to train no more of it and to take its states.
        """

    @abstractmethod
    def is_loss(self, error: BaseException) -> bool:
        """Whether an error means that a worker died."""

    def slots(self) -> int:
        """Return how many stacks can be trained at once; it is asked again and again, to see that workers live."""
        return self.workers

    def mend(self, error: BaseException, task: Task) -> bool:
        """Remove what stood in a stack's way, if that was no fault of its own; it is run again then."""
        return False

    def run(
        self, stacks: Sequence[Stack], task: Task, stop: Stop | None = None, load: Load = list
    ) -> Iterator[tuple[Stack, Outcome]]:
        """Yield each stack, or its parts, with how far it is, and in the end with its results or its error.

        A stack that loses its worker, or finds no memory, is halved, down to the run that does it: that one comes with
        the error, after MOST_TRIES. Raises TimedOut at the deadline, Interrupted once a stop that was asked for is
        reached, and EngineError after MOST_FAILURES_IN_A_ROW.
        """
        stop = stop or Stop()
        waiting, tries = deque(stacks), Counter[int]()
        try:
            while waiting or self.in_flight:
                if stop.asked and not self.in_flight:
                    raise Interrupted
                self._fill(waiting, task, stop, load)
                found = self._unmended(self._finished(stop), waiting, task)
                for stack, outcome in found:  # before any is looked at: workers wait
                    if isinstance(outcome, Slice) and not (stop.asked and outcome.is_kept):
                        self.in_flight[self.submit(stack, task, outcome, leave=stop.asked)] = stack
                for stack, outcome in found:
                    if isinstance(outcome, Exception) and (parts := self._to_run_again(stack, outcome, tries)):
                        waiting.extend(parts)
                    else:
                        yield stack, outcome
        finally:
            stop.training = False

    def _fill(self, waiting: deque[Stack], task: Task, stop: Stop, load: Load) -> None:
        """Hand out stacks, no more than there are workers."""
        while not stop.asked and waiting and len(self.in_flight) < self.slots():
            stack = waiting.popleft()
            self.in_flight[self.submit(load(stack), task)] = stack
            stop.training = True

    def _finished(self, stop: Stop) -> list[tuple[Stack, Outcome]]:
        """Wait for the next stacks to end, and return them in the order of their runs."""
        done = set[Future[Trained]]()
        while not done:
            left = stop.deadline - monotonic()
            if left <= 0:
                raise Interrupted if stop.asked else TimedOut
            if not self.in_flight:  # all workers are gone for a while
                sleep(min(left, SECONDS_BETWEEN_LOOKS))
                return []
            done, _ = wait(self.in_flight, min(left, SECONDS_BETWEEN_LOOKS), FIRST_COMPLETED)
            if not done:
                self.slots()
        if any(future.cancelled() for future in done):
            raise EngineError(f"the scheduler cancelled stacks that were in flight: {GO_ON}")
        ended = [(self.in_flight.pop(future), _outcome(future)) for future in done]
        return sorted(ended, key=lambda pair: pair[0][0].run)

    def _unmended(
        self, ended: list[tuple[Stack, Outcome]], waiting: deque[Stack], task: Task
    ) -> list[tuple[Stack, Outcome]]:
        """Put back the stacks that were forgotten or whose obstacle is removed, and count failures in a row."""
        others = []
        for stack, outcome in ended:
            if isinstance(outcome, Forgotten) or (isinstance(outcome, Exception) and self.mend(outcome, task)):
                waiting.appendleft(stack)
            else:
                others.append((stack, outcome))
        errors = [outcome for _, outcome in others if isinstance(outcome, Exception)]
        if others:
            self._failures_in_a_row = self._failures_in_a_row + 1 if len(errors) == len(others) else 0
        if self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
            last = f"{type(errors[-1]).__name__}: {errors[-1]}"
            raise EngineError(f"{MOST_FAILURES_IN_A_ROW} stacks failed in a row, the last with {last}: {GO_ON}")
        return others

    def _to_run_again(self, stack: Stack, error: Exception, tries: Counter[int]) -> list[Stack]:
        """Return the stacks to run instead of a lost one, none if its only run has failed."""
        if not (isinstance(error, MemoryError) or self.is_loss(error)):
            return []
        if len(stack) > 1:
            return [stack[: len(stack) // 2], stack[len(stack) // 2 :]]
        tries[stack[0].run] += 1
        return [stack] if tries[stack[0].run] < MOST_TRIES else []


def _outcome(future: Future[Trained]) -> Outcome:
    """What a stack came to; an EngineError is a worker's own and no stack's, and ends the sweep."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, EngineError):
        raise error
    return error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
