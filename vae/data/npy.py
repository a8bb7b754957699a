"""Arrays in the .npy format from anywhere: nothing is allocated before the header was found to fit the file."""

import math
import tokenize
import warnings
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.errors import DataError

_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError, Warning)
"""What numpy's parser raises on a header that is none."""


class Header(NamedTuple):
    """What an .npy file says of its array."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    start: int
    """Bytes before the values."""

    @property
    def value_bytes(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def file_bytes(self) -> int:
        """Bytes of header and values."""
        return self.start + self.value_bytes


def read_header(stream: IO[bytes], name: str, path: Path) -> Header:
    """Read the header of the array `name`; raises DataError unless it is a plain array of numbers."""
    try:
        with warnings.catch_warnings():  # numpy warns of what Python 2 wrote, and reads it
            warnings.simplefilter("error")
            version = np.lib.format.read_magic(stream)
            if version not in _READERS:
                raise DataError(f"'{name}' must be a plain array of numbers, got .npy version {version} in '{path}'")
            shape, fortran_order, dtype = _READERS[version](stream)
    except _DAMAGE as error:
        raise DataError(f"'{name}' must begin with an .npy header, got a damaged one in '{path}'") from error
    if dtype.hasobject:
        got = f"Python objects (images of different shapes?) in '{path}'"
        raise DataError(f"'{name}' must be one array of numbers, got {got}")
    if min(shape, default=0) < 0 or dtype.itemsize == 0 or dtype.subdtype or dtype.names:
        raise DataError(f"'{name}' must be one array of numbers, got shape {shape} of {dtype} in '{path}'"[:400])
    return Header(shape, fortran_order, dtype, stream.tell())


def open_npy(path: Path) -> npt.NDArray[Any]:
    """Open the array in a file, mapped copy-on-write; raises DataError or OSError."""
    with path.open("rb") as file:
        header = read_header(file, path.stem, path)
    if header.file_bytes != path.stat().st_size or not header.value_bytes:
        got = f"{path.stat().st_size} in '{path}'"
        raise DataError(f"'{path.stem}' must hold {header.file_bytes} bytes by its header, and some values, got {got}")
    mapped: npt.NDArray[Any] = np.memmap(
        path, header.dtype, "c", header.start, header.shape, "F" if header.fortran_order else "C"
    )
    return mapped
