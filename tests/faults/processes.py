"""Real processes for the fault suite: sweeps from the command line, a PostgreSQL server, a Dask cluster."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
TINY: dict[str, Any] = {
    "epochs": 12,
    "limit": 600,
    "seeds": 2,
    "trials": 12,
    "hidden-dim": "16,32,48,64",
    "latent-dim": "1:6",
    "jobs": 2,
}
PATIENCE_SECONDS = 120.0
PASSWORD = "sesame-7f3a"
WITH_TORCH_BYTES = 100 * 2**20


def words(**options: Any) -> list[str]:
    """A command line of `vaekit sweep`."""
    named = TINY | {name.replace("_", "-"): value for name, value in options.items()}
    return ["sweep", "--no-report", *(word for name, value in named.items() for word in (f"--{name}", str(value)))]


RUNNING: list["Command"] = []
"""What a test began; whatever happens to the test, it ends with it."""


@dataclass
class Command:
    """`vaekit` in a process of its own, with everything that it prints."""

    arguments: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: Sequence[str] = ("-m", "cli")

    def __post_init__(self) -> None:
        self.log = self.folder / f"log-{time.monotonic_ns()}.txt"
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | self.environment
        command = [sys.executable, *self.program, *self.arguments]
        with self.log.open("w") as log:
            self.process = psutil.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        RUNNING.append(self)

    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text()

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Exit code."""
        try:
            return int(self.process.wait(seconds))
        except psutil.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.arguments} did not end in {seconds} s:\n{self.output()}") from None

    def family(self) -> list[psutil.Process]:
        """Every process that this one started."""
        with suppress(psutil.NoSuchProcess):
            return list(self.process.children(recursive=True))
        return []

    def workers(self) -> list[psutil.Process]:
        """Those that train."""
        return [child for child in self.family() if resident_bytes(child) > WITH_TORCH_BYTES]

    def kill(self) -> None:
        """Kill -9 the coordinator, and see that whatever it started ends by itself."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert not alive, f"outlived its coordinator: {alive}"


def resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def until(condition: Callable[[], Any], command: Command | None = None, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for something, while the command runs, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s; {command.output() if command else ''}"
        assert command is None or command.process.poll() is None, f"ended early: {command.output()}"
        time.sleep(0.02)
    return found


def stacks(folder: Path, name: str) -> dict[str, int]:
    """The finished stacks on disk, and when each was written."""
    found = (folder / "results" / name / "stacks").glob("[!.]*.parquet")
    return {path.name: path.stat().st_mtime_ns for path in found}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A server of its own on loopback, its data in a folder of its own, that asks for a password.

    The folder is not pytest's, whose parents only this user may enter: the server refuses to run as root.
    """

    def __init__(self) -> None:
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="vaekit-postgres-")), free_port()
        (self.folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (self.folder, self.folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        secret = f"--pwfile={self.folder / 'password'}"
        self._run("initdb", "-D", self.data, "-U", "vaekit", secret, "--auth=scram-sha-256", "--no-sync")
        self.begin()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "vaekit", "sweeps")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def url(self, password: str = f":{PASSWORD}") -> str:
        return f"postgresql+psycopg://vaekit{password}@127.0.0.1:{self.port}/sweeps"

    def begin(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", self.data, "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def end(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if not os.getuid() else {}
        log = self.folder / "commands.txt"
        with log.open("a") as output:  # a pipe would be held open by the server that pg_ctl leaves behind
            done = subprocess.run(
                [str(self.binaries / program), *arguments], stdout=output, stderr=output, cwd="/",
                env=os.environ | {"PGPASSWORD": PASSWORD}, check=False, **user,
            )  # fmt: skip
        assert done.returncode == 0, log.read_text()


@dataclass
class DaskCluster:
    """A scheduler and workers, each a process, whose data cache is not ours."""

    folder: Path
    workers: int = 2

    def __post_init__(self) -> None:
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        host = ("--host", "127.0.0.1")
        self.scheduler = self._begin("scheduler", *host, "--port", str(port), "--dashboard-address", "127.0.0.1:0")
        own = ("--nworkers", str(self.workers), "--nthreads", "1", "--memory-limit", "0", "--no-dashboard")
        place = ("--local-directory", str(self.folder), "--death-timeout", "20")
        self.worker = self._begin("worker", self.address, *host, *own, *place)

    def _begin(self, *arguments: str) -> psutil.Popen:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "VAEKIT_CACHE": str(self.folder / "cache"),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        }
        with (self.folder / "dask.txt").open("a") as log:
            command = [sys.executable, "-m", "dask", *arguments]
            return psutil.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)

    def trainers(self) -> list[psutil.Process]:
        """The workers that nannies watch over."""
        return [child for child in self.worker.children(recursive=True) if resident_bytes(child) > WITH_TORCH_BYTES]

    def end(self) -> None:
        family: list[Any] = [self.worker, self.scheduler]
        with suppress(psutil.NoSuchProcess):
            family += self.worker.children(recursive=True)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    cluster = DaskCluster(folder, workers)
    try:
        yield cluster
    finally:
        cluster.end()
