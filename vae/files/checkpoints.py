"""Runs that are not finished, on disk: safetensors, several runs in a file, read with one clear error."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from vae.columns import DIMS, HISTORY, TOTALS
from vae.errors import ResultsError
from vae.trained import TrainedRun

MOST_HEADER_BYTES = 2**22
CHECKSUM = "sha256"
"""Its name among the metadata."""
_HISTORY, _PLACE, _STATE = "history", "place", "state"
_NAME = re.compile(rf"(?:0|[1-9]\d{{0,17}})\.(?:{_HISTORY}|{_PLACE}|{_STATE})")
_DAMAGE = (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError)

Arrays = dict[str, np.ndarray]


def checkpoint_bytes(runs: Mapping[int, TrainedRun]) -> bytes:
    """Return runs that have a state as safetensors, with a checksum among the metadata."""
    arrays: Arrays = {}
    for run, trained in runs.items():
        arrays[f"{run}.{_HISTORY}"] = np.stack([trained.history[name] for name in HISTORY])
        arrays[f"{run}.{_PLACE}"] = np.array([trained.steps, trained.has_ended])
        arrays[f"{run}.{_STATE}"] = np.frombuffer(trained.state, dtype=np.uint8)
    content: bytes = safetensors.numpy.save(arrays, {CHECKSUM: checkpoint_checksum(arrays)})
    return content


def read_checkpoint(path: Path) -> dict[int, TrainedRun]:
    """Return the runs of a checkpoint; ResultsError where it is damaged."""
    try:
        return {run: _run(parts) for run, parts in _read(path).items()}
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise ResultsError(f"{str(path)!r} is no valid checkpoint: {reason}") from None


def _read(path: Path) -> dict[int, Arrays]:
    with path.open("rb") as start:
        length = int.from_bytes(start.read(8), "little")
    if length > MOST_HEADER_BYTES:
        raise ValueError(f"a header of {length:,} bytes")
    with safetensors.safe_open(path, framework="numpy") as file:
        names, metadata = list(file.keys()), file.metadata() or {}
        for name in names:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r}, which is no part of a run")
        arrays = {name: file.get_tensor(name) for name in names}
    if metadata.get(CHECKSUM) != checkpoint_checksum(arrays):
        raise ValueError("it does not match its checksum")
    runs: dict[int, Arrays] = {}
    for name, array in arrays.items():
        run, _, part = name.partition(".")
        runs.setdefault(int(run), {})[part] = array
    return runs


def _run(parts: Arrays) -> TrainedRun:
    history, place, state = parts[_HISTORY], parts[_PLACE], parts[_STATE]
    kinds = [(array.dtype.str, array.ndim) for array in (history, place, state)]
    if kinds != [("<f8", 2), ("<i8", 1), ("|u1", 1)] or len(history) != len(HISTORY) or len(place) != 2:
        raise ValueError("a run of other types or shapes")
    steps, has_ended = place.tolist()
    if steps < 0 or has_ended not in (0, 1):
        raise ValueError("a run that is nowhere")
    return TrainedRun(
        history=dict(zip(HISTORY, history, strict=True)),
        totals=dict.fromkeys(TOTALS, np.nan),
        dims=dict.fromkeys(DIMS, np.empty(0)),
        weights={},
        scores={},
        seconds=float(history[HISTORY.index("seconds")].sum()),
        state=state.tobytes(),
        steps=steps,
        has_ended=bool(has_ended),
    )


def checkpoint_checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256, in hex, of names and values."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
