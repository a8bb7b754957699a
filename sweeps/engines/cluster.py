"""Dask workers, one thread each: a cluster behind a scheduler, or one of our own on this machine.

Only engine dask imports this: `distributed` is an extra.
"""

import logging
import os
import signal
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from uuid import uuid4

import dask
from distributed import Client, KilledWorker, LocalCluster, Worker, WorkerPlugin

from sweeps.engines.engine import GO_ON, ExecutorEngine, Stack, Trained
from sweeps.engines.slices import Slice, train_slice_far_away
from sweeps.engines.versions import version_of
from sweeps.engines.worker import WORKER_ENVIRONMENT, MissingData, Task, begin_worker
from vae.data import complete, default_cache, is_whole, pieces, receive
from vae.errors import EngineError

SECONDS_TO_CONNECT = 10
MOST_SECONDS_WITHOUT_WORKERS = 120
AGREEING = ("vaekit", "torch", "numpy")
"""Packages whose versions are part of a result."""
LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm", "distributed.nanny")


@dataclass
class DaskEngine(ExecutorEngine):
    """Stacks through a Dask scheduler, which itself runs again what a dead worker held, as often as it is set to.

    `workers` is how many a cluster of our own gets; a scheduler's are counted. Images reach a machine when a stack
    finds that they are not there, once: they are kept in its cache by their hash.
    """

    scheduler: str = ""
    """Its address; empty for a cluster of our own."""
    _client: Client | None = field(default=None, init=False)
    _cluster: LocalCluster | None = field(default=None, init=False)
    _seen_workers: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Connect, wait for the first worker, and check that all have our versions; EngineError otherwise."""
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what is wrong is said here, in one line
        address = self.scheduler or self._begin_cluster()
        try:
            self._client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
            self._client.wait_for_workers(1, timeout=MOST_SECONDS_WITHOUT_WORKERS)
        except (OSError, TimeoutError):
            raise EngineError(
                f"no Dask scheduler with workers answers at {address!r}: start it, and at least one worker"
            ) from None
        if self._cluster is not None:
            self._client.register_plugin(OwnWorker())
        self.workers = self.slots()
        self._check_versions()

    def stop(self) -> None:
        """Take back what is in flight and leave; a cluster of our own ends with it."""
        if self._client is not None:
            with suppress(TimeoutError):
                self._client.close(timeout=SECONDS_TO_CONNECT)
            self._client = None
        if self._cluster is not None:
            with suppress(TimeoutError):  # workers that are slow to go end with this process
                self._cluster.close(timeout=SECONDS_TO_CONNECT)
            self._cluster = None

    def submit(self, stack: Stack, task: Task, after: Slice | None = None, *, leave: bool = False) -> Future[Trained]:
        """Hand a slice of a stack to the scheduler: its first one, or the next for the worker that trained the last."""
        executor = self._connected().get_executor(pure=False)
        same = {"workers": [after.worker], "allow_other_workers": True} if after else {}
        number = after.number if after else 0
        future: Future[Trained] = executor.submit(train_slice_far_away, stack, task, number, leave, **same)
        return future

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error means that a worker died."""
        return isinstance(error, KilledWorker)

    def slots(self) -> int:
        """Return how many workers there are now, for they come and go; EngineError where none comes for long."""
        try:
            threads = self._connected().nthreads()
        except OSError:
            raise self._lost() from None
        if any(number != 1 for number in threads.values()):
            rule = "a Dask worker must have one thread (dask worker --nthreads 1)"
            raise EngineError(f"{rule}, got {max(threads.values())}")
        if threads or not self._seen_workers:
            self._seen_workers = monotonic()
        if monotonic() - self._seen_workers > MOST_SECONDS_WITHOUT_WORKERS:
            raise EngineError(f"the Dask scheduler had no workers for {MOST_SECONDS_WITHOUT_WORKERS} s: {GO_ON}")
        return len(threads)

    def mend(self, error: BaseException, task: Task) -> bool:
        """Send the images to a machine that has not got them; DataError where it cannot keep them."""
        if not isinstance(error, MissingData):
            return False
        worker, folder, parcel = str(error), task.data_folder, uuid4().hex
        there = partial(self._connected().run, workers=[worker])
        try:
            if not there(has_data, folder.name)[worker]:  # else a neighbour on its machine was sent them
                for name, piece in pieces(folder):
                    there(receive, parcel, name, piece)
                there(complete, parcel, folder.name)
        except (OSError, KeyError):
            if worker in self._connected().nthreads():
                raise
        return True  # a worker that died meanwhile included: the stack finds another one

    def _begin_cluster(self) -> str:
        # Whether a stack that lost its worker is run again is decided in one place, and that is not the scheduler.
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            self._cluster = LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,  # mapped images would count as the worker's own
                silence_logs=logging.CRITICAL,
                env=WORKER_ENVIRONMENT,
            )
        return str(self._cluster.scheduler_address)

    def _connected(self) -> Client:
        if self._client is None or self._client.status != "running":
            raise self._lost()
        return self._client

    def _lost(self) -> EngineError:
        where = self.scheduler or "this machine"
        return EngineError(f"lost the connection to the Dask scheduler at {where}: {GO_ON}")

    def _check_versions(self) -> None:
        ours = versions()
        try:
            workers = self._connected().run(versions)
        except ImportError as error:
            raise EngineError(
                f"vaekit is not installed on the Dask workers ({error}): install it there, in this version"
            ) from None
        for worker, theirs in workers.items():
            for package, version in ours.items():
                if theirs[package] != version:
                    rule = f"Dask workers must have {package} {version}, as here"
                    raise EngineError(f"{rule}, got {theirs[package]} at {worker}")


class OwnWorker(WorkerPlugin):
    """A worker of a cluster of our own: it leaves Ctrl-C to its coordinator, and ends with it."""

    name = "vaekit"

    def __init__(self) -> None:
        self.coordinator = os.getpid()

    def setup(self, worker: Worker) -> None:
        """Begin, in a worker that was started or restarted."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        begin_worker(self.coordinator)


def has_data(content_hash: str) -> bool:
    """Whether this machine's cache has the images; runs on a worker."""
    return is_whole(default_cache() / content_hash)


def versions() -> dict[str, str]:
    """Return the versions that results depend on; runs on a worker."""
    return {package: version_of(package) for package in AGREEING}
