"""Small NORB (LeCun, Huang and Bottou 2004): https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/.

A file is a little-endian matrix: a type, the number of axes, a length an axis (three at least), then the values.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.data.lazy import BLOCK, Images, Indices, LazyImages
from vae.data.raw import RawData
from vae.data.sets.grids import SMALLNORB
from vae.data.sets.members import file_in
from vae.errors import DataError

PARTS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
CATEGORIES = ("animal", "human", "plane", "truck", "car")
_TYPES = {0x1E3D4C55: "<u1", 0x1E3D4C54: "<i4"}
_MOST_AXES = 4
_MOST_FACTOR_BYTES = 1 << 26


class _Part(NamedTuple):
    """The training or the testing images."""

    path: Path
    shape: tuple[int, ...]
    """(pair, camera, height, width)."""
    factors: npt.NDArray[np.int64]


def read_smallnorb(folder: Path) -> RawData:
    """Read the left camera's images, its own testing images as the test split; raises DataError."""
    parts = [_part(folder, name) for name in PARTS]
    if parts[0].shape[1:] != parts[1].shape[1:]:
        raise DataError(f"smallnorb's images must have one shape, got {parts[0].shape} and {parts[1].shape}")
    factors = np.concatenate([part.factors for part in parts])

    def make(rows: Indices) -> Iterator[Images]:
        first = 0
        for part in parts:
            last = first + part.shape[0]
            yield from _left_images(part, rows[(rows >= first) & (rows < last)] - first)
            first = last

    return RawData(
        images=LazyImages(np.arange(len(factors)), parts[0].shape[2:], make),
        scale=1 / 255,
        factors=factors,
        factor_names=tuple(SMALLNORB),
        factor_levels={"category": CATEGORIES},
        first_test=len(parts[0].factors),
    )


def _part(folder: Path, name: str) -> _Part:
    path = _file(folder, name, "dat")
    with _opened(path) as stream:
        dtype, shape = _header(stream, path)
    category, info = (
        _matrix(file_in(folder, f"{name}-{what}.mat.gz", f"{name}-{what}.mat")) for what in ("cat", "info")
    )
    if dtype.itemsize != 1 or len(shape) != 4 or shape[1] != 2 or category.shape != shape[:1]:
        raise DataError(f"smallnorb must hold pairs of 8-bit images and a category for each, got {shape} in '{path}'")
    if info.shape != (shape[0], 4):
        raise DataError(f"smallnorb's info must be (image, 4), got {info.shape} beside '{path}'")
    factors = np.column_stack([category, info]).astype(np.int64)
    factors[:, 3] //= 2  # azimuths are 0, 2, ..., 34, in tens of degrees
    if (factors < 0).any() or (factors >= tuple(SMALLNORB.values())).any():
        raise DataError(f"smallnorb's factors must lie in {dict(SMALLNORB)}, got others beside '{path}'")
    return _Part(path, shape, factors)


def _file(folder: Path, name: str, what: str) -> Path:
    return file_in(folder, f"{name}-{what}.mat.gz", f"{name}-{what}.mat")


def _left_images(part: _Part, rows: Indices) -> Iterator[Images]:
    """Yield the images at these rows: the file is read to its end, by which gzip tells damage."""
    count, *pair = part.shape
    with _opened(part.path) as stream:
        _header(stream, part.path)
        for start in range(0, count, BLOCK):
            n_pairs = min(BLOCK, count - start)
            values = np.frombuffer(_exactly(stream, n_pairs * math.prod(pair), part.path), np.uint8)
            here = rows[(rows >= start) & (rows < start + n_pairs)] - start
            if len(here):
                yield values.reshape(n_pairs, *pair)[here, 0]
        if stream.read(1):
            raise DataError(f"'{part.path}' must hold {count} pairs of images by its header, found more")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"'{path}' is a damaged file: {' '.join(str(error).split())[:200]}") from error


def _header(stream: IO[bytes], path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    kind, n_axes = struct.unpack("<Ii", _exactly(stream, 8, path))
    if kind not in _TYPES or not 1 <= n_axes <= _MOST_AXES:
        got = f"type {kind:#x} and {n_axes} axes in '{path}'"
        raise DataError(f"a file of smallnorb must hold bytes or integers in 1 to {_MOST_AXES} axes, got {got}")
    lengths = struct.unpack(f"<{max(3, n_axes)}i", _exactly(stream, 4 * max(3, n_axes), path))[:n_axes]
    if min(lengths) < 1:
        raise DataError(f"axes must have positive lengths, got {lengths} in '{path}'")
    return np.dtype(_TYPES[kind]), lengths


def _matrix(path: Path) -> npt.NDArray[Any]:
    with _opened(path) as stream:
        dtype, shape = _header(stream, path)
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes > _MOST_FACTOR_BYTES:
            raise DataError(f"'{path}' must hold a few numbers for each image, got shape {shape}")
        return np.frombuffer(_exactly(stream, n_bytes, path), dtype).reshape(shape)


def _exactly(stream: IO[bytes], n_bytes: int, path: Path) -> bytes:
    content = stream.read(n_bytes)
    if len(content) != n_bytes:
        raise DataError(f"'{path}' ends early")
    return content
