"""Claiming a sweep's folder: one coordinator, one identity."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sweeps.provenance import data_provenance, session_provenance
from sweeps.spec import Spec, make_spec
from vae.data import Data
from vae.errors import ResultsError
from vae.results import Folder, unwritable


@contextmanager
def claim(spec: Spec, data: Data, workers: int) -> Iterator[Folder]:
    """Hold the sweep's folder: made, locked, its identity checked, its spec and provenance written.

    Raises ResultsError where it cannot be written, another process holds it, or it holds another sweep.
    """
    folder = Folder(Path(spec.out) / spec.name)
    lock = FileLock(folder.lock, timeout=0)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise ResultsError(f"one process runs a sweep at a time, got another one in {str(folder.path)!r}") from None
    except OSError as error:
        raise unwritable(folder.path, error) from error
    except ValueError as error:
        raise ResultsError(f"out must be a path, got {spec.out!r} ({error})") from None
    try:
        _check_identity(folder, spec, data)
        _write_head(folder, spec, data, workers)
        yield folder
    finally:
        lock.release()


def _check_identity(folder: Folder, spec: Spec, data: Data) -> None:
    if not folder.exists:
        return
    there = make_spec(folder.read_spec())
    hashes = [str(folder.read_provenance().get("data", {}).get("hash", "unknown")), data.content_hash]
    old, new = there.identity | {"data_hash": hashes[0]}, spec.identity | {"data_hash": hashes[1]}
    different = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if different:
        said = [{**s.as_dict(), "data_hash": text[:12]} for s, text in zip((there, spec), hashes, strict=True)]
        changes = ", ".join(f"{name} {said[0].get(name)} there and {said[1].get(name)} here" for name in different)
        raise ResultsError(
            f"{str(folder.path)!r} holds another sweep: {changes}; give this one its own --name, or repeat that one"
        )


def _write_head(folder: Folder, spec: Spec, data: Data, workers: int) -> None:
    asked = spec.as_dict()
    if folder.exists:
        asked["trials"] = max(spec.trials, int(folder.read_spec()["trials"]))
    sessions = folder.read_provenance().get("sessions", [])
    sessions.append(session_provenance(range(spec.seed, spec.seed + spec.seeds), workers))
    folder.write_provenance({"data": data_provenance(data), "sessions": sessions})
    folder.write_spec(asked)
