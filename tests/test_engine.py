"""The loop between stacks and workers that lose them, with threads for workers."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.engine import ExecutorEngine, Interrupted, Stack, Stop, TimedOut
from sweeps.engines.slices import Slice
from sweeps.engines.worker import Run, Task
from sweeps.spec.make import make_spec
from vae.errors import EngineError

TASK = Task(Path(), "cpu")


class Lost(Exception):
    """A worker died."""


class Scripted(ExecutorEngine):
    """An engine whose stacks end at once, as `train` says: with None, or with an error."""

    def __init__(self, train: Callable[[list[int]], Exception | None]) -> None:
        super().__init__(workers=2)
        self.train = train
        self.tried: list[list[int]] = []

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def is_loss(self, error: BaseException) -> bool:
        return isinstance(error, Lost)

    def submit(self, stack: Stack, task: Task, after: Slice | None = None, *, leave: bool = False) -> Future[Any]:
        numbers = [run.run for run in stack]
        self.tried.append(numbers)
        future: Future[Any] = Future()
        error = self.train(numbers)
        future.set_exception(error) if error else future.set_result(numbers)
        return future

    def outcomes(self, stacks: list[list[int]], stop: Stop | None = None) -> dict[int, bool]:
        """Whether each run was trained."""
        config = make_spec({}).run_config()
        runs = [[Run(number, number, config) for number in stack] for stack in stacks]
        ended = list(self.run(runs, TASK, stop))
        found = [(run.run, not isinstance(outcome, Exception)) for stack, outcome in ended for run in stack]
        assert len(found) == len(dict(found)), "a run came twice"
        return dict(found)


STACKS = [[0, 1, 2, 3, 4], [5, 6, 7], [8], [9, 10]]
ALL = dict.fromkeys(range(11), True)


@pytest.mark.parametrize("error", [Lost("gone"), MemoryError("no room")])
def test_a_run_that_takes_its_worker_fails_alone_after_two_tries(error: Exception) -> None:
    engine = Scripted(lambda numbers: error if 3 in numbers else None)
    assert engine.outcomes(STACKS) == ALL | {3: False}
    assert engine.tried.count([3]) == 2


def test_a_stack_that_does_not_fit_is_halved_until_it_does() -> None:
    engine = Scripted(lambda numbers: MemoryError("no room") if len(numbers) > 2 else None)
    assert engine.outcomes(STACKS) == ALL
    assert max(len(stack) for stack in engine.tried[-3:]) <= 2


def test_a_worker_that_dies_once_costs_no_run() -> None:
    deaths = [Lost("gone")]
    engine = Scripted(lambda numbers: deaths.pop() if 6 in numbers and deaths else None)
    assert engine.outcomes(STACKS) == ALL


def test_an_error_of_training_is_not_repeated() -> None:
    engine = Scripted(lambda numbers: ValueError("bad") if 6 in numbers else None)
    assert engine.outcomes(STACKS) == ALL | {5: False, 6: False, 7: False}
    assert engine.tried == STACKS


def test_nothing_but_failures_stops_with_one_line() -> None:
    engine = Scripted(lambda numbers: Lost("gone"))
    with pytest.raises(EngineError, match=r"30 stacks failed in a row, the last with Lost: gone: what was trained"):
        engine.outcomes([[number] for number in range(100)])
    assert len(engine.tried) < 100


def test_what_can_be_mended_is_no_failure() -> None:
    class Mending(Scripted):
        def mend(self, error: BaseException, task: Task) -> bool:
            return isinstance(error, LookupError)

    obstacles = [LookupError("no images")] * 100
    engine = Mending(lambda numbers: obstacles.pop() if obstacles else None)
    assert engine.outcomes(STACKS) == ALL
    assert len(engine.tried) == 100 + len(STACKS)


def test_a_stop_that_is_asked_begins_no_stack() -> None:
    stop = Stop()

    def train(numbers: list[int]) -> None:
        assert not stop.asked
        if 5 in numbers:
            stop.ask(10)

    engine = Scripted(train)
    with pytest.raises(Interrupted):
        engine.outcomes(STACKS, stop)
    assert engine.tried == STACKS[:2]
    assert not stop.training


def test_a_deadline_ends_it() -> None:
    with pytest.raises(TimedOut):
        Scripted(lambda numbers: None).outcomes(STACKS, Stop(deadline=0.0))
