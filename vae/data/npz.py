"""Images from an .npz archive, dSprites' own file included."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from vae.data.npy import Header, read_header
from vae.data.raw import RawData, check_raw_data
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

_IMAGES = ("images", "imgs")
_FACTORS = ("factors", "latents_classes")
_LABELS, _NAMES = "labels", "factor_names"
_DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "x", "y")
# What zipfile and its decompressors raise on a file that is not what it should be.
_DAMAGE = (
    OSError,
    EOFError,
    MemoryError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def read_npz(path: Path, config: DataConfig) -> RawData:
    """Read images (or imgs) and, if there, factors or latents_classes (with factor_names), and labels.

    Raises DataError.
    """
    with open_npz(path) as archive:
        images_key, factors_key = _first(archive.names, _IMAGES), _first(archive.names, _FACTORS)
        if images_key is None:
            raise DataError(f"an .npz file must hold 'images', got {archive.listed} in '{path}'")
        keys = [key for key in (images_key, factors_key, _LABELS, _NAMES) if key in archive.names]
        arrays = dict(zip(keys, archive.read(keys), strict=True))
    blocks: list[npt.NDArray[Any]] = []
    names: list[str] = []
    if factors_key is not None:
        block, block_names = _named_factors(path, factors_key, arrays[factors_key], arrays.get(_NAMES))
        blocks.append(block)
        names += block_names
    if _LABELS in arrays and "label" not in names:
        if arrays[_LABELS].ndim != 1:
            raise DataError(f"labels must have shape (image,), got {arrays[_LABELS].shape} in '{path}'")
        blocks.append(arrays[_LABELS][:, None])
        names.append("label")
    columns = [column for block in blocks for column in block.T]
    return check_raw_data(path, arrays[images_key], columns, names, config=config)


class Archive:
    """An open .npz file: the names of its arrays, and their reading."""

    def __init__(self, file: zipfile.ZipFile, path: Path) -> None:
        self.names = [name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy")]
        self._file = file
        self._path = path

    @property
    def listed(self) -> str:
        """The names, for a message."""
        return ", ".join(map(repr, self.names))[:200] or "nothing"

    def read(self, names: Sequence[str]) -> list[npt.NDArray[Any]]:
        """Return these arrays, after the headers of all were found to fit the file."""
        n_bytes = sum(self.header(name).value_bytes for name in names)
        check_growth(n_bytes, self._path, FREE_IMAGES, DataError)
        arrays: list[npt.NDArray[Any]] = []
        for name in names:
            with self._file.open(f"{name}.npy") as stream:
                arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
        return arrays

    def header(self, name: str) -> Header:
        """Return an array's header, which fits the file."""
        entry = self._file.getinfo(f"{name}.npy")
        with self._file.open(entry) as stream:
            header = read_header(stream, name, self._path)
        if header.file_bytes != entry.file_size:
            got = f"found {entry.file_size} in '{self._path}'"
            raise DataError(f"'{name}' must hold {header.file_bytes} bytes by its header, {got}")
        return header

    @contextmanager
    def values(self, name: str) -> Iterator[IO[bytes]]:
        """Open the bytes of an array's values; the archive's checksum is checked at their end."""
        with self._file.open(f"{name}.npy") as stream:
            read_header(stream, name, self._path)
            yield stream


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """Open an .npz file; whatever is wrong with it is one DataError."""
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(file, path)
    except _DAMAGE as error:
        raise DataError(f"'{path}' is no readable .npz file: {' '.join(str(error).split())[:200]}") from error


def _first(names: Sequence[str], candidates: tuple[str, ...]) -> str | None:
    return next((key for key in candidates if key in names), None)


def _named_factors(
    path: Path, key: str, factors: npt.NDArray[Any], names: npt.NDArray[Any] | None
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    if factors.ndim != 2 or factors.shape[1] == 0:
        raise DataError(f"{key} must have shape (image, factor), got {factors.shape} in '{path}'")
    if names is not None:
        return factors, _texts(path, names, factors.shape[1])
    if key == "factors" or factors.shape[1] != len(_DSPRITES_FACTORS):
        return factors, tuple(f"factor_{column}" for column in range(factors.shape[1]))
    # dSprites is white throughout: a factor that never varies says nothing about a latent.
    varying = np.flatnonzero((factors != factors[:1]).any(axis=0))
    return factors[:, varying], tuple(_DSPRITES_FACTORS[column] for column in varying)


def _texts(path: Path, names: npt.NDArray[Any], factors: int) -> tuple[str, ...]:
    texts = tuple(map(str, names.ravel().tolist()))
    if names.dtype.kind != "U" or len(set(texts)) != len(texts) or len(texts) != factors:
        got = f"{len(texts)} of type {names.dtype}"
        raise DataError(f"{_NAMES} must be {factors} different texts, one a factor, got {got} in '{path}'")
    return texts
