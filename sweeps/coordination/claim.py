"""Claiming a sweep's folder: one coordinator, one identity."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from sweeps.coordination.provenance import data_provenance, session_provenance
from sweeps.spec.make import make_spec
from sweeps.spec.spec import Spec
from vae.data import Data
from vae.errors import ResultsError
from vae.files.results import Folder, busy, unwritable
from vae.own.source import Source
from vae.stack.machine import STANDARD, Machine

SECONDS_TO_SAY_WHO = 0.5
"""Who holds a lock signs it a moment after."""


@contextmanager
def claim(
    spec: Spec, data: Data, workers: int, sources: Sequence[Source] = (), machine: Machine = STANDARD
) -> Iterator[Folder]:
    """Hold the sweep's folder: made, locked, its identity checked, its spec and provenance written.

    The identity includes the source of every network of the user's own.

    Raises ResultsError where it cannot be written, another process holds it, or it holds another sweep.
    """
    folder = Folder(Path(spec.out) / spec.name)
    lock = FileLock(folder.lock, timeout=SECONDS_TO_SAY_WHO)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.check_links()
        lock.acquire()
    except Timeout:
        raise busy(folder) from None
    except OSError as error:
        raise unwritable(folder.path, error) from error
    except ValueError as error:
        raise ResultsError(f"out must be a path, got {spec.out!r} ({error})") from None
    try:
        _sign(folder)
        _check_identity(folder, spec, data, sources)
        folder.remove_leftovers()
        _write_head(
            folder, spec, data, sources, session_provenance(range(spec.seed, spec.seed + spec.seeds), workers, machine)
        )
        yield folder
    finally:
        lock.release()


def _sign(folder: Folder) -> None:
    """Say in the lock who holds it; what a dead holder said there is overwritten."""
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    try:
        folder.lock.write_text(f"process {os.getpid()} on {platform.node()} since {since}", encoding="utf-8")
    except OSError as error:
        raise unwritable(folder.path, error) from error


def _check_identity(folder: Folder, spec: Spec, data: Data, sources: Sequence[Source]) -> None:
    if not folder.exists:
        return
    there = make_spec(folder.read_spec())
    provenance = folder.read_provenance()
    networks = [provenance.get("networks", {}), {source.network: source.hash for source in sources}]
    data_hashes = [str(provenance.get("data", {}).get("hash", "unknown")), data.content_hash]
    hashes = [
        {"data_hash": of_data} | {f"source of {name}": text for name, text in of_networks.items()}
        for of_data, of_networks in zip(data_hashes, networks, strict=True)
    ]
    old, new = there.identity | hashes[0], spec.identity | hashes[1]
    different = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if different:
        short = [{name: text[:12] for name, text in of_sweep.items()} for of_sweep in hashes]
        said = [{**s.as_dict(), **texts} for s, texts in zip((there, spec), short, strict=True)]
        changes = ", ".join(f"{name} {said[0].get(name)} there and {said[1].get(name)} here" for name in different)
        raise ResultsError(
            f"{str(folder.path)!r} holds another sweep: {changes}. Give this one another name, or repeat that one"
        )


def _write_head(folder: Folder, spec: Spec, data: Data, sources: Sequence[Source], session: Mapping[str, Any]) -> None:
    asked = {name: value for name, value in spec.as_dict().items() if name != "preset"}  # its options are all here
    if folder.exists:
        asked["trials"] = max(spec.trials, int(folder.read_spec()["trials"]))
    before = folder.read_provenance()
    # A study that its folder named, once and for all: another folder of this name on one database is another study.
    study = {"study": before.get("study", f"{spec.name}-{uuid4().hex[:12]}")} if spec.storage else {}
    networks = {"networks": {source.network: source.hash for source in sources}} if sources else {}
    preset = {"preset": spec.preset} if spec.preset else {}
    sessions = [*before.get("sessions", []), {**session, **preset}]
    folder.write_provenance(before | study | networks | {"data": data_provenance(data), "sessions": sessions})
    folder.write_spec(asked)
