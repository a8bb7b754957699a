"""Stacks that are longer than the lives of what trains them: something is kept of each life, and no bit is lost."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults.processes import Command, stacks, until, words
from tests.test_sweep import assert_same_frames
from vae.errors import ResultsError
from vae.files.checkpoints import read_checkpoint
from vae.files.results import Folder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
LONG_SECONDS = 36.0
"""Of each worker: a life begins with a slice of two seconds, a stop ends with another, and five lives take a third."""


@pytest.fixture
def long(epochs_of: Callable[..., int]) -> dict[str, Any]:
    """A stack for each of two workers, of many slices."""
    stacks = {"trials": 2, "seeds": 4, "hidden-dim": 64, "limit": 1700}
    return stacks | {"epochs": epochs_of(LONG_SECONDS, **stacks)}


def epochs(folder: Path) -> int:
    """How far the runs that are not finished are on disk, together."""
    found = 0
    for path in Folder(folder / "results" / "s").checkpoint_paths():
        with suppress(ResultsError):  # its next one was written meanwhile
            found += sum(len(run.history["seconds"]) for run in read_checkpoint(path).values())
    return found


def begun(folder: Path, long: dict[str, Any], engine: str = "local") -> Command:
    """A sweep that has kept more than it found."""
    before = epochs(folder)
    command = Command(words(name="s", engine=engine, **long), folder)
    until(lambda: epochs(folder) > before, command)
    return command


def test_lives_shorter_than_a_stack(tmp_path: Path, undisturbed: Callable[..., Path], long: dict[str, Any]) -> None:
    whole = undisturbed(**long)
    for end in ("kill", "kill", "terminate", "kill a worker"):
        command = begun(tmp_path, long)
        assert not stacks(tmp_path, "s"), "a stack was to be longer than a life"
        if end == "terminate":
            command.process.send_signal(signal.SIGTERM)
            assert command.wait(60) == 130, command.output()
            assert "workers have 30 s to save what they train" in command.output()
        elif end == "kill":
            command.kill()
        else:
            command.workers()[0].kill()
            assert command.wait(400) == 0, command.output()
    assert_same_frames(whole, tmp_path / "results" / "s")
    assert not Folder(tmp_path / "results" / "s").checkpoints.exists()


def test_lives_of_dask_shorter_than_a_stack(
    tmp_path: Path, undisturbed: Callable[..., Path], long: dict[str, Any]
) -> None:
    begun(tmp_path, long, "dask").kill()
    command = begun(tmp_path, long, "dask")
    assert not stacks(tmp_path, "s")
    for worker in command.workers()[:1]:
        worker.kill()
    time.sleep(1.0)
    command.process.send_signal(signal.SIGINT)
    assert command.wait(90) == 130, command.output()
    again = Command(words(name="s", engine="local", **long), tmp_path)
    assert again.wait(400) == 0, again.output()
    assert_same_frames(undisturbed(**long), tmp_path / "results" / "s")
