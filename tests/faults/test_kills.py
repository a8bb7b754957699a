"""Kill -9 at random moments: nothing finished is lost or trained again, and the frames are those of a quiet sweep."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.conftest import nothing_holds_the_password
from tests.faults.processes import Command, DaskCluster, Postgres, stacks, until, words
from tests.test_sweep import assert_same_frames

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
LATEST_SECONDS = 5.0
"""A start takes about two: some kills fall into it, most into training."""
BATCH = 4
MANY_SECONDS = 5.0
"""Of training by each worker: none is so fast that its sweep ends between two kills."""


def battered(folder: Path, kills: int, seed: int, **options: Any) -> int:
    """Kill a sweep's coordinator so often, go on with it to its end, and return how many trials that was.

    A sweep that ends before it was killed often enough is asked for another batch.
    """
    moments = random.Random(seed)
    trials = 12
    while kills:
        finished = stacks(folder, "s")
        command = Command(words(name="s", trials=trials, **options), folder)
        try:
            assert command.process.wait(moments.uniform(0.1, LATEST_SECONDS)) == 0, command.output()
            trials += BATCH
        except psutil.TimeoutExpired:
            command.kill()
            kills -= 1
        assert finished.items() <= stacks(folder, "s").items(), "what was finished was written again"
    command = Command(words(name="s", trials=trials, **options), folder)
    assert command.wait() == 0, command.output()
    assert finished.items() <= stacks(folder, "s").items()
    return trials


@pytest.mark.parametrize(
    ("kills", "options"),
    [
        (10, {"sampler": "qmc", "epochs": 30}),
        (10, {"mode": "optimize", "batch": BATCH, "epochs": 30, "keep_weights": "best"}),
    ],
    ids=["explore", "optimize"],
)
def test_a_killed_coordinator(
    tmp_path: Path, undisturbed: Callable[..., Path], kills: int, options: dict[str, Any]
) -> None:
    trials = battered(tmp_path, kills, seed=kills, **options)
    assert_same_frames(undisturbed(trials=trials, **options), tmp_path / "results" / "s")


def test_a_killed_coordinator_with_its_study_in_a_database(
    tmp_path: Path, undisturbed: Callable[..., Path], postgres: Postgres
) -> None:
    trials = battered(tmp_path, 6, seed=2, epochs=30, storage=postgres.url())
    assert_same_frames(undisturbed(trials=trials, epochs=30), tmp_path / "results" / "s")
    nothing_holds_the_password(tmp_path)


def test_a_killed_coordinator_with_workers_of_dask(tmp_path: Path, undisturbed: Callable[..., Path]) -> None:
    trials = battered(tmp_path, 3, seed=3, epochs=30, engine="dask")
    assert_same_frames(undisturbed(trials=trials, epochs=30), tmp_path / "results" / "s")


def test_a_killed_refinement(tmp_path: Path, undisturbed: Callable[..., Path]) -> None:
    for name in ("s", "whole"):
        shutil.copytree(undisturbed(trials=12, epochs=30), tmp_path / "results" / name)
    moments, kills = random.Random(4), 3
    while kills:
        finished = stacks(tmp_path, "s")
        command = Command(["refine", "s", "--seeds", "8"], tmp_path)
        try:
            assert command.process.wait(moments.uniform(0.1, LATEST_SECONDS)) == 0, command.output()
            break
        except psutil.TimeoutExpired:
            command.kill()
            kills -= 1
        assert finished.items() <= stacks(tmp_path, "s").items(), "what was finished was written again"
    for name in ("s", "whole"):
        command = Command(["refine", name, "--seeds", "8"], tmp_path)
        assert command.wait() == 0, command.output()
    assert_same_frames(tmp_path / "results" / "whole", tmp_path / "results" / "s")
    command = Command(["check", "s"], tmp_path)
    assert command.wait() == 0, command.output()


def go_on(command: Command, folder: Path) -> None:
    """Wait for the next stack, or the end."""
    there = len(stacks(folder, "s"))
    until(lambda: command.process.poll() == 0 or len(stacks(folder, "s")) > there)


@pytest.fixture
def many(epochs_of: Callable[..., int]) -> dict[str, int]:
    """A sweep of many stacks."""
    return {"trials": 32, "epochs": epochs_of(MANY_SECONDS, trials=32)}


def test_killed_workers(tmp_path: Path, undisturbed: Callable[..., Path], many: dict[str, int]) -> None:
    command = Command(words(name="s", **many), tmp_path)
    for number in (1, 2, 1, 1):
        until(command.workers, command)
        for worker in command.workers()[:number]:
            worker.kill()
        go_on(command, tmp_path)
    assert command.wait() == 0, command.output()
    assert_same_frames(undisturbed(**many), tmp_path / "results" / "s")


def test_killed_workers_of_dask(
    tmp_path: Path, undisturbed: Callable[..., Path], dask: DaskCluster, many: dict[str, int]
) -> None:
    until(lambda: (tmp_path / "dask.txt").read_text().count("Registered to") == dask.workers)
    command = Command(words(name="s", engine="dask", scheduler=dask.address, **many), tmp_path)
    until(lambda: stacks(tmp_path, "s"), command)
    dask.trainers()[0].kill()
    go_on(command, tmp_path)
    for worker in dask.trainers():
        worker.kill()
    assert command.wait() == 0, command.output()
    assert_same_frames(undisturbed(**many), tmp_path / "results" / "s")
    assert len(list((tmp_path / "cache" / "data").glob("[0-9a-f]*"))) == 1, "the images were to be sent once"
