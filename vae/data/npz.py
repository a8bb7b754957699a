"""Samples from numpy's own files: .npy, and .npz archives, dSprites' own included."""

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

from vae.data.arrays import KNOWN, Found, choose, factor_columns
from vae.data.npy import Header, open_npy, read_header
from vae.data.raw import RawData, check_raw_data
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

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
    """Read the array of samples and, if there, factors or latents_classes (with factor_names), and labels.

    Raises DataError.
    """
    with open_npz(path) as archive:
        chosen = choose(path, archive.found, config.key)
        keys = (chosen.samples, *chosen.further)
        arrays = dict(zip(keys, archive.read(keys), strict=True))
    samples = arrays.pop(chosen.samples)
    return check_raw_data(path, samples, *factor_columns(path, arrays), config=config, notes=chosen.notes)


def read_npy(path: Path, config: DataConfig) -> RawData:
    """Read the one array in a file, the samples; raises DataError."""
    if config.key is not None:
        raise DataError(f"key is for files of several arrays, got '{config.key}' for '{path}'")
    return check_raw_data(path, np.asarray(open_npy(path)), config=config)


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

    @property
    def found(self) -> dict[str, Found]:
        """All arrays by name; of one that is none of numbers or text, the error is raised where it must be one."""
        arrays: dict[str, Found] = {}
        for name in self.names:
            try:
                header = self.header(name)
            except DataError:
                if name in KNOWN:
                    raise
                continue  # such as pickled metadata, which nobody reads
            arrays[name] = Found(header.shape, header.dtype)
        return arrays


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """Open an .npz file; whatever is wrong with it is one DataError."""
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(file, path)
    except _DAMAGE as error:
        raise DataError(f"'{path}' is no readable .npz file: {' '.join(str(error).split())[:200]}") from error
