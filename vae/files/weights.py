"""Weights as safetensors, several runs in a file: read from anywhere with one clear error, written with a checksum."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.numpy

from vae.errors import ResultsError

if TYPE_CHECKING:
    from torch import Tensor

Arrays = Mapping[str, np.ndarray]
"""Tensors by RUN.PARAMETER."""
MOST_HEADER_BYTES = 2**22
"""Thirty times the header of the largest stack; a header is parsed whole before anything in it is checked."""
_CHECKSUM = "sha256"
MOST_OF_A_NAME = 500
"""Characters of a parameter's name in a module of the user's own."""
_NAME = re.compile(r"(\d{1,18})\.[a-z0-9_]+(?:\.[a-z]+)?")
_OWN = re.compile(rf"\d{{1,18}}\.module\..{{1,{MOST_OF_A_NAME}}}")
"""A tensor of a module of the user's own, whose names are free and whose buffers may count."""
_OF_BUFFERS = frozenset(("F64", "I64", "I32", "I16", "I8", "U8", "BOOL"))
_DAMAGE = (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError, MemoryError)


def weights_bytes(tensors: Arrays) -> bytes:
    """Return the tensors as safetensors with their checksum among the metadata."""
    return safetensors.numpy.save(dict(tensors), {_CHECKSUM: checksum(tensors)})


def checksum(tensors: Arrays) -> str:
    """Return the SHA-256, in hex, of names, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, tensor.dtype.str, tensor.shape]).encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


def is_intact(path: Path) -> bool:
    """Whether the tensors of a file have the checksum that they were written with; raises ResultsError."""
    with _opened(path, "numpy") as file:
        written = (file.metadata() or {}).get(_CHECKSUM)
        return bool(written == checksum({name: file.get_tensor(name) for name in file.keys()}))  # noqa: SIM118


def names(path: Path) -> list[str]:
    """Return the names of the tensors in a file; raises ResultsError."""
    with _opened(path, "numpy") as file:
        return list(file.keys())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return all tensors of a file as arrays; raises ResultsError."""
    with _opened(path, "numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def read_run(path: Path, run: int) -> "dict[str, Tensor]":
    """Return the tensors of one run by parameter, none where the file has no such run; raises ResultsError."""
    prefix = f"{run}."
    with _opened(path, "pt") as file:
        found = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        return {name.removeprefix(prefix): file.get_tensor(name) for name in found}


def run_of(name: str) -> int:
    """Return the run that a tensor belongs to."""
    return int(name.partition(".")[0])


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    """Open a file, mapped, after its header's length and every tensor's name and type were checked."""
    try:
        with path.open("rb") as start:
            length = int.from_bytes(start.read(8), "little")
        if length > MOST_HEADER_BYTES:
            raise ValueError(f"a header of {length:,} bytes")
        with safetensors.safe_open(path, framework=framework) as file:
            for name in file.keys():  # noqa: SIM118
                is_own, dtype = name.isprintable() and _OWN.fullmatch(name), file.get_slice(name).get_dtype()
                if not (is_own or _NAME.fullmatch(name)) or not (dtype == "F32" or (is_own and dtype in _OF_BUFFERS)):
                    raise ValueError(f"{name[:80]!r}, which is no RUN.PARAMETER of 32-bit floats")
            yield file
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise ResultsError(f"{str(path)!r} is not valid safetensors: {reason}") from None
