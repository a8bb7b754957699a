"""Servers and undisturbed sweeps that several faults share."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.faults.processes import PASSWORD, RUNNING, TINY, Command, DaskCluster, Postgres, dask_cluster, words
from vae.files.records import HISTORY_PREFIX
from vae.files.results import Folder

TIMED_EPOCHS = 40


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No password but those in addresses before a test, no process of its after it."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    yield
    while RUNNING:
        command = RUNNING.pop()
        if command.process.is_running():
            command.process.kill()
            command.process.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.end("immediate")
    shutil.rmtree(server.folder)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a sweep that nothing happened to; each is trained once a session."""
    folder, done = tmp_path_factory.mktemp("undisturbed"), dict[str, Path]()

    def sweep(**options: Any) -> Path:
        key = repr(sorted(options.items()))
        if key not in done:
            name = f"sweep{len(done)}"
            command = Command(words(name=name, **options), folder)
            assert command.wait(400) == 0, command.output()
            done[key] = folder / "results" / name
        return done[key]

    return sweep


@pytest.fixture(scope="session")
def epochs_of(undisturbed: Callable[..., Path]) -> Callable[..., int]:
    """Epochs in which an undisturbed sweep keeps each worker training for so many seconds, on whatever machine this is.

    It follows from the faster epochs of a short sweep, so that a machine that is slow for a while makes none too short.
    """

    def epochs(seconds: float, **options: Any) -> int:
        timed = Folder(undisturbed(**options, epochs=TIMED_EPOCHS)).read_runs()
        of_each = float(np.percentile(np.array(timed[HISTORY_PREFIX + "seconds"].to_pylist()).sum(axis=0), 25))
        return max(TIMED_EPOCHS, round(seconds * int(TINY["jobs"]) / of_each))

    return epochs


def nothing_holds_the_password(folder: Path) -> None:
    """Neither a result nor anything that was printed."""
    for path in folder.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
