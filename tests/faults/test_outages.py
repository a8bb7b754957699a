"""What a sweep stands on goes away: its database, its scheduler, its disk, its terminal."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from sweeps.coordination.coordinator import run_sweep
from sweeps.maintenance.check import check_sweep
from sweeps.maintenance.retry import forget_failed
from sweeps.spec.address import parse_storage
from sweeps.study.postgres import Database
from tests.faults.conftest import nothing_holds_the_password
from tests.faults.processes import PASSWORD, Command, DaskCluster, Postgres, dask_cluster, stacks, until, words
from tests.test_check import Unlucky
from tests.test_sweep import Inline, assert_same_frames, tiny
from vae.files.results import Folder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
OPTIONS = {"trials": 24, "epochs": 40}
WHILE_SECONDS = 4.0
"""Of training by each worker: what goes away once the first stack is there does so while others are in flight."""
ENDLESS = {"trials": 4, "epochs": 100_000}
WAITING = ("-c", "import cli; from sweeps.engines import interrupts; interrupts.SECONDS_TO_FINISH = 3600; cli.main()")
"""`vaekit` whose stacks in flight have an hour to finish after one signal."""


@pytest.fixture
def a_while(epochs_of: Callable[..., int]) -> dict[str, int]:
    """A sweep that is not over at once, however fast the machine is."""
    return OPTIONS | {"epochs": epochs_of(WHILE_SECONDS, trials=OPTIONS["trials"])}


def one_line(command: Command, code: int = 1) -> str:
    """The last line of a command that fails, which is all that it says of its failure."""
    assert command.wait() == code, command.output()
    assert "Traceback" not in command.output()
    return command.output().splitlines()[-1]


def test_a_database_that_restarts(
    tmp_path: Path, undisturbed: Callable[..., Path], postgres: Postgres, a_while: dict[str, int]
) -> None:
    commands = [Command(words(name=name, storage=postgres.url(), **a_while), tmp_path) for name in ("a", "b")]
    for name, command in zip(("a", "b"), commands, strict=True):
        until(partial(stacks, tmp_path, name), command)
    postgres.end("immediate")
    time.sleep(3)
    postgres.begin()
    for name, command in zip(("a", "b"), commands, strict=True):
        assert command.wait() == 0, command.output()
        assert_same_frames(undisturbed(**a_while), tmp_path / "results" / name)
    nothing_holds_the_password(tmp_path)


def test_a_database_that_is_down_or_held(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.url()
    nowhere = Command(words(name="s", storage=url.replace(str(postgres.port), "1")), tmp_path)
    assert "connection failed" in one_line(nowhere)
    wrong = Command(words(name="s", storage=postgres.url(":another")), tmp_path)
    assert "password authentication failed" in one_line(wrong)
    assert not (tmp_path / "results").exists(), "something was half-written"
    command = Command(words(name="s", trials=2, epochs=1, storage=url), tmp_path)
    assert command.wait() == 0, command.output()
    study = Folder(tmp_path / "results" / "s").read_provenance()["study"]
    with Database(parse_storage(url), study):
        second = Command(words(name="s", trials=4, epochs=1, storage=url), tmp_path)
        assert "another process is working on the study" in one_line(second)
        assert f"(vaekit, process {psutil.Process().pid} on " in second.output()
    third = Command(words(name="s", trials=4, epochs=1, storage=url), tmp_path)
    assert third.wait() == 0, third.output()
    nothing_holds_the_password(tmp_path)


def test_a_scheduler_that_goes_away(
    tmp_path: Path, undisturbed: Callable[..., Path], dask: DaskCluster, a_while: dict[str, int]
) -> None:
    command = Command(words(name="s", engine="dask", scheduler=dask.address, **a_while), tmp_path)
    until(lambda: stacks(tmp_path, "s"), command)
    finished = stacks(tmp_path, "s")
    dask.scheduler.kill()
    assert one_line(command).endswith("what was trained is kept; run the same command again to resume")
    again = Command(words(name="s", engine="dask", scheduler=dask.address, **a_while), tmp_path)
    assert "no Dask scheduler with workers answers" in one_line(again)
    (tmp_path / "other").mkdir()
    with dask_cluster(tmp_path / "other") as other:
        command = Command(words(name="s", engine="dask", scheduler=other.address, **a_while), tmp_path)
        assert command.wait() == 0, command.output()
    assert finished.items() <= stacks(tmp_path, "s").items()
    assert_same_frames(undisturbed(**a_while), tmp_path / "results" / "s")


def test_what_failed_is_retried_in_a_database_too(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"mode": "optimize", "batch": 4, "trials": 8, "epochs": 8}
    run_sweep(tiny(tmp_path / "whole", **options), engine=Inline())
    run_sweep(tiny(tmp_path / "other", storage=postgres.url(), **options), engine=Inline())
    run_sweep(tiny(tmp_path, storage=postgres.url(), **options | {"trials": 4}), engine=Unlucky({0, 5}))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    folder = Folder(tmp_path / "s")
    forgotten = forget_failed(folder)
    assert (forgotten.trials, forgotten.runs) == ([0, 2], [0, 5])
    run_sweep(replace(forgotten.spec, trials=8), engine=Inline())
    assert_same_frames(tmp_path / "whole" / "s", folder.path)
    assert [check_sweep(Folder(tmp_path / name)) for name in ("s", "other/s")] == [[], []]
    assert forget_failed(folder).trials == []
    nothing_holds_the_password(tmp_path)


def test_two_coordinators_race(tmp_path: Path, undisturbed: Callable[..., Path]) -> None:
    commands = [Command(words(name="s", **OPTIONS), tmp_path) for _ in range(2)]
    codes = [command.wait() for command in commands]
    assert sorted(codes) == [0, 1], [command.output() for command in commands]
    winner, loser = commands[codes.index(0)], commands[codes.index(1)]
    assert f"(process {winner.process.pid} on " in one_line(loser)
    assert_same_frames(undisturbed(**OPTIONS), tmp_path / "results" / "s")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("a small disk needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def test_a_disk_that_is_full_and_then_read_only(
    tmp_path: Path, undisturbed: Callable[..., Path], small_disk: Path
) -> None:
    sweep = words(name="s", out=small_disk, **OPTIONS)
    assert "No space left on device" in one_line(Command(sweep, tmp_path))
    leftovers = [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size == 0]
    assert [path.name for path in leftovers if path.suffix in (".parquet", ".safetensors", ".toml", ".json")] == []
    remount(small_disk, "size=50m,ro")
    assert "Read-only file system" in one_line(Command(sweep, tmp_path))
    remount(small_disk, "rw")
    command = Command(sweep, tmp_path)
    assert command.wait() == 0, command.output()
    assert_same_frames(undisturbed(**OPTIONS), small_disk / "s")


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_two_signals_stop_now(tmp_path: Path, engine: str) -> None:
    command = Command(words(name="s", engine=engine, **ENDLESS), tmp_path, program=WAITING)
    until(lambda: Folder(tmp_path / "results" / "s").trials.exists() and len(command.workers()) == 2, command)
    time.sleep(3)
    family = command.family()
    command.process.send_signal(signal.SIGINT)
    until(lambda: "stopping" in command.output(), command)
    command.process.send_signal(signal.SIGINT)
    assert one_line(command, code=130).startswith("stopped:")
    assert not psutil.wait_procs(family, timeout=60)[1]
