"""Images from an .npz archive, dSprites' own file included."""

import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from vae.data.raw import RawData, check_raw_data
from vae.errors import DataError

_IMAGES = ("images", "imgs")
_FACTORS = ("factors", "latents_classes", "labels")
_DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "x", "y")
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What zipfile, its decompressors and numpy's header parser raise on a file that is not what it should be.
_DAMAGE = (
    OSError,
    EOFError,
    MemoryError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def read_npz(path: Path) -> RawData:
    """Read images (or imgs) and, if there, factors, latents_classes or labels; raises DataError."""
    try:
        with zipfile.ZipFile(path) as archive:
            images_key = _first_key(archive, _IMAGES)
            if images_key is None:
                raise DataError(f"an .npz file must hold 'images', got {_keys(archive)} in '{path}'")
            factors_key = _first_key(archive, _FACTORS)
            images = _read_array(archive, images_key, path)
            factors = None if factors_key is None else _read_array(archive, factors_key, path)
    except _DAMAGE as error:
        raise DataError(f"'{path}' is no readable .npz file: {' '.join(str(error).split())}") from error
    if factors_key is None or factors is None:
        return check_raw_data(path, images)
    factors, names = _named_factors(path, factors_key, factors)
    return check_raw_data(path, images, factors, names)


def _first_key(archive: zipfile.ZipFile, candidates: tuple[str, ...]) -> str | None:
    return next((key for key in candidates if f"{key}.npy" in archive.namelist()), None)


def _keys(archive: zipfile.ZipFile) -> str:
    return ", ".join(repr(name.removesuffix(".npy")) for name in archive.namelist()) or "nothing"


def _read_array(archive: zipfile.ZipFile, key: str, path: Path) -> npt.NDArray[Any]:
    """Read one array after its header was found to fit the file: numpy would allocate whatever it claims."""
    entry = archive.getinfo(f"{key}.npy")
    with archive.open(entry) as stream:
        shape, dtype = _read_header(stream, key, path)
        expected_bytes = stream.tell() + math.prod(shape) * dtype.itemsize
    if dtype.hasobject:
        got = f"Python objects (images of different shapes?) in '{path}'"
        raise DataError(f"'{key}' must be one array of numbers, got {got}")
    if expected_bytes != entry.file_size:
        got = f"found {entry.file_size} in '{path}'"
        raise DataError(f"'{key}' must hold {expected_bytes} bytes by its header, {got}")
    with archive.open(entry) as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _read_header(stream: IO[bytes], key: str, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADER_READERS:
        raise DataError(f"'{key}' must be a plain array of numbers, got .npy version {version} in '{path}'")
    try:
        shape, _, dtype = _HEADER_READERS[version](stream)
    except (SyntaxError, TypeError, tokenize.TokenError) as error:  # numpy's parser lets these through
        raise DataError(f"'{key}' must begin with an .npy header, got a damaged one in '{path}'") from error
    return shape, dtype


def _named_factors(path: Path, key: str, factors: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    if key == "labels":
        if factors.ndim != 1:
            raise DataError(f"labels must have shape (image,), got {factors.shape} in '{path}'")
        return factors[:, None], ("label",)
    if factors.ndim != 2 or factors.shape[1] == 0:
        raise DataError(f"{key} must have shape (image, factor), got {factors.shape} in '{path}'")
    if key == "factors" or factors.shape[1] != len(_DSPRITES_FACTORS):
        return factors, tuple(f"factor_{column}" for column in range(factors.shape[1]))
    # dSprites is white throughout: a factor that never varies says nothing about a latent.
    varying = np.flatnonzero((factors != factors[:1]).any(axis=0))
    return factors[:, varying], tuple(_DSPRITES_FACTORS[column] for column in varying)
