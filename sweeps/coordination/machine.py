"""The machine that a sweep is planned on: measured once, and kept in the cache. No result depends on it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from sweeps.engines.engine import count_workers
from sweeps.engines.local import LocalWorker, no_interrupts
from sweeps.engines.versions import processor, processor_kind, version_of
from vae.data.paths import machines_folder
from vae.errors import ResultsError, said
from vae.files.results import write_whole
from vae.files.texts import read_json
from vae.stack.machine import STANDARD, Machine, machine_of

if TYPE_CHECKING:
    from vae.stack.machine import Timing

SECONDS = 2.0
"""Of steps: each stack is timed for some eight epochs."""
PROBE = 2
"""To be raised with a change of what a training step costs: machines are measured anew."""
MOST_SECONDS = 60.0
"""For a worker to start and to answer."""
INSTEAD = "so stacks are sized as on a typical one"

Note = Callable[[str], None]


def machine_here(
    precision: str, device: str = "cpu", workers: int | None = None, note: Note = lambda line: None
) -> Machine:
    """Return this machine, from the cache or measured now; a typical one where it cannot be or a GPU is asked for.

    It is one of so many `workers` that train at the same time, by default of as many as it has cores. `note` is told
    where it is measured, where that fails, and where it cannot be kept.
    """
    if device == "cuda":
        return STANDARD
    cores = count_workers("auto")
    workers = min(workers or cores, cores)
    key = {
        "processor": processor(),
        "kind": processor_kind(),
        "workers": workers,
        "torch": version_of("torch"),
        "vaekit": version_of("vaekit"),
        "precision": precision,
        "probe": PROBE,
    }
    try:
        path = machines_folder() / f"{sha256(json.dumps(key).encode()).hexdigest()[:16]}.json"
        return _kept(path, key) or _keep(measured(precision, workers, note), path, key, note)
    except Exception as error:  # noqa: BLE001 a plan is worth no sweep: whatever it is, it is said
        note(f"this machine cannot be measured now, {INSTEAD}: {said(error)}")
        return STANDARD


def measured(precision: str, workers: int, note: Note) -> Machine:
    """Measure this machine in so many workers' processes at once, as they share caches and memory when they train.

    RuntimeError where others keep it busy, ValueError, WorkerLost.
    """
    note("measuring this machine once, about 4 s, for stacks of the size that suits it")
    with no_interrupts():
        started = [LocalWorker() for _ in range(workers)]
    try:
        for ready in [worker.ask(int) for worker in started]:
            ready.result(MOST_SECONDS)  # nothing is computed: it answers once it has imported what training needs
        timings = [worker.ask(_time_steps, precision, SECONDS) for worker in started]
        of_workers = [of_worker.result(MOST_SECONDS) for of_worker in timings]
    finally:
        for worker in started:
            worker.kill()
        for worker in started:
            worker.join()
    return machine_of(
        [
            replace(of_stack[0], seconds=median(timing.seconds for timing in of_stack))
            for of_stack in zip(*of_workers, strict=True)
        ]
    )


def _time_steps(precision: str, seconds: float) -> list["Timing"]:
    """What the worker is asked; the coordinator has no torch."""
    from vae.probe import time_steps

    return time_steps(precision, seconds)


def _kept(path: Path, key: Mapping[str, object]) -> Machine | None:
    """What the cache has of this machine; None where that is nothing, damaged or another's."""
    try:
        found = read_json(path, "this machine's speed", ResultsError)
        if found.pop("of") != key:
            return None
        return Machine(**found | {"waiting": tuple((float(size), float(factor)) for size, factor in found["waiting"])})
    except (ResultsError, KeyError, TypeError, ValueError):
        return None


def _keep(machine: Machine, path: Path, key: Mapping[str, object], note: Note) -> Machine:
    content: dict[str, Any] = {"of": key} | asdict(machine)
    try:
        write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
    except ResultsError as error:
        note(f"this machine is measured anew by the next sweep: {error}")
    return machine
