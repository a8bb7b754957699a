"""Local workers that die at the worst moment: while they write what they came to."""

import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.local import LocalEngine, LocalWorker, WorkerLost
from sweeps.engines.slices import Slice
from sweeps.engines.worker import Run, Task
from vae.config import RunConfig

LARGE = 50 * 2**20
"""Bytes of a result, of which a pipe holds a thousandth."""
MOST_SECONDS = 30.0


def prepared() -> None:
    """A worker that imports nothing is there soon."""


def large(size: int) -> bytes:
    return bytes(size)


def own_pid() -> int:
    return os.getpid()


def broken(text: str) -> None:
    raise ValueError(text)


def unpicklable() -> Any:
    return (n for n in range(3))


def end_now() -> None:
    os._exit(7)


@pytest.fixture
def worker() -> Any:
    worker = LocalWorker(prepared)
    yield worker
    worker.kill()
    worker.join()
    assert not worker.is_alive


class SlowReader:
    """A channel that begins to read an answer a while after it has begun to come."""

    def __init__(self, channel: Any, seconds: float) -> None:
        self.channel, self.seconds = channel, seconds
        self.is_coming = False

    def send_bytes(self, content: bytes) -> None:
        self.channel.send_bytes(content)

    def recv_bytes(self) -> bytes:
        assert self.channel.poll(MOST_SECONDS)
        self.is_coming = True
        time.sleep(self.seconds)
        content: bytes = self.channel.recv_bytes()
        return content


def kill_inside_its_write(worker: LocalWorker, seconds: float) -> Future[Any]:
    slow = worker._channel = SlowReader(worker._channel, seconds)
    answer = worker.ask(large, LARGE)
    while not slow.is_coming:
        time.sleep(0.001)
    worker.kill()
    return answer


def test_a_worker_killed_inside_its_write_is_lost_and_stops_nobody(worker: LocalWorker) -> None:
    neighbour = LocalWorker(prepared)
    answer = kill_inside_its_write(worker, 0.2)
    assert len(neighbour.ask(large, LARGE).result(MOST_SECONDS)) == LARGE
    with pytest.raises(WorkerLost, match="ended by SIGKILL"):
        answer.result(MOST_SECONDS)
    neighbour.kill()
    neighbour.join()


@pytest.mark.faults
def test_workers_killed_inside_their_writes() -> None:
    moments = random.Random(0)
    for _ in range(25):
        worker = LocalWorker(prepared)
        with pytest.raises(WorkerLost):
            kill_inside_its_write(worker, moments.uniform(0.0, 0.05)).result(MOST_SECONDS)
        worker.join()


@pytest.mark.faults
def test_workers_killed_at_random_while_they_read_and_write() -> None:
    moments, lost = random.Random(1), 0
    for _ in range(10):
        worker = LocalWorker(prepared)
        assert worker.ask(own_pid).result(MOST_SECONDS) == worker.process.pid
        answer = worker.ask(len, large(LARGE)) if moments.random() < 0.5 else worker.ask(large, LARGE)
        time.sleep(moments.uniform(0.0, 0.15))
        worker.kill()
        worker.join()
        error = answer.exception(MOST_SECONDS)
        assert error is None or isinstance(error, WorkerLost)
        lost += error is not None
    assert lost > 1


def test_what_a_worker_answers(worker: LocalWorker) -> None:
    assert worker.ask(own_pid).result(MOST_SECONDS) == worker.process.pid != os.getpid()
    with pytest.raises(ValueError, match="no good") as raised:
        worker.ask(broken, "no good").result(MOST_SECONDS)
    assert "in broken" in raised.value.__notes__[0], "where it was raised is not said"
    with pytest.raises(RuntimeError, match="cannot pickle 'generator' object"):
        worker.ask(unpicklable).result(MOST_SECONDS)
    with pytest.raises(WorkerLost, match="exit code 7"):
        worker.ask(end_now).result(MOST_SECONDS)


def test_a_dead_worker_whose_channel_stays_open_is_seen(worker: LocalWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a child of its own holds the channel."""
    monkeypatch.setattr("sweeps.engines.local.SECONDS_TO_END", 0.2)
    worker._channel = SlowReader(worker._channel, 5.0)
    answer = worker.ask(large, LARGE)
    time.sleep(0.1)
    os.kill(worker.process.pid, signal.SIGKILL)
    started = time.monotonic()
    while not answer.done():
        worker.watch()
        time.sleep(0.01)
    assert isinstance(answer.exception(), WorkerLost)
    assert time.monotonic() - started < 3.0


def test_a_worker_does_one_thing_at_a_time(worker: LocalWorker) -> None:
    first = worker.ask(time.sleep, 0.5)
    with pytest.raises(RuntimeError, match="one thing at a time"):
        worker.ask(own_pid)
    assert first.result(MOST_SECONDS) is None
    assert worker.ask(own_pid).result(MOST_SECONDS) == worker.process.pid


class Asked:
    """A worker that remembers what it is asked, and answers when it is told to."""

    is_alive = True

    def __init__(self, name: str) -> None:
        self.name, self.stacks = name, list[list[Run]]()
        self.answer = Future[Any]()
        self.answer.set_result(None)

    def ask(self, function: Callable[..., Any], stack: list[Run], *rest: Any) -> Future[Any]:
        assert self.answer.done(), "asked while it works"
        self.stacks.append(stack)
        self.answer = Future()
        return self.answer


def test_a_stack_goes_to_no_worker_that_waits_to_go_on_with_another(tmp_path: Path) -> None:
    """While one stack was written, the other's slice came to its end."""
    engine, task = LocalEngine(2), Task(tmp_path, "cpu")
    first, second = Asked("1"), Asked("2")
    engine.processes = [first, second]  # type: ignore[list-item]
    a, b, c = ([Run(n, n, RunConfig())] for n in range(3))
    engine.in_flight[of_a := engine.submit(a, task)] = a
    engine.in_flight[of_b := engine.submit(b, task)] = b
    of_b.set_result([])
    del engine.in_flight[of_b]
    slice_of_a = Slice([], 1, "1")
    of_a.set_result(slice_of_a)
    engine.in_flight[engine.submit(c, task)] = c
    del engine.in_flight[of_a]
    engine.submit(a, task, slice_of_a)
    assert [first.stacks, second.stacks] == [[a, a], [b, c]]
