"""Samples from an HDF5 file, Shapes3D's own included, read with h5py; 8-bit images a block at a time."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.arrays import LABELS, Found, channels_note, choose, factor_columns, is_channels_first
from vae.data.lazy import BLOCK, Images, Indices, LazyImages
from vae.data.raw import RawData, check_raw_data
from vae.data.sets.grids import SHAPES3D
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

MOST_BLOCK_BYTES = 2**28
MOST_LEVELS = 256
"""Different values of a column of labels; one that has more is continuous."""
_DAMAGE = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, MemoryError, ArithmeticError,
)  # fmt: skip

Array = npt.NDArray[Any]


def read_hdf5(path: Path, config: DataConfig) -> RawData:
    """Read the array of samples and, if there, factors or labels; 8-bit images when they are asked for.

    Raises DataError.
    """
    with open_hdf5(path) as file:
        arrays = _arrays(file)
        chosen = choose(path, {name: Found(a.shape, a.dtype) for name, a in arrays.items()}, config.key)
        further = {name: _read(path, arrays[name]) for name in chosen.further}
        samples = arrays[chosen.samples]
        is_lazy = samples.dtype == np.uint8 and len(samples.shape) in (3, 4) and 0 not in samples.shape
        values = lazy_images(path, samples) if is_lazy else _read(path, samples)
    notes = [channels_note(samples.shape)] if is_lazy and is_channels_first(samples.shape) else []
    columns, names = _labels(further, values.shape) or factor_columns(path, further)
    return check_raw_data(path, values, columns, names, config=config, notes=(*chosen.notes, *notes))


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file as one of h5py; whatever is wrong with it, or h5py missing, is one DataError."""
    if find_spec("h5py") is None:
        raise DataError(f"'{path}' needs h5py, which is not installed: pip install 'vaekit[hdf5]'")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except _DAMAGE as error:
        raise DataError(f"'{path}' is no readable HDF5 file: {' '.join(str(error).split())[:200]}") from error


def lazy_images(path: Path, array: Any) -> LazyImages:
    """Return the 8-bit images of an open array, channels last, of which each block opens the file again."""
    _check_own(path, array)
    check_growth(math.prod(array.shape), path, FREE_IMAGES, DataError)
    name, is_first = array.name, is_channels_first(array.shape)
    count, *sample = array.shape
    # Whole chunks: else each is unpacked again for every block that it reaches into.
    chunk = (array.chunks or (BLOCK,))[0]
    step = max(1, min(max(BLOCK, chunk), MOST_BLOCK_BYTES // math.prod(sample)))

    def make(rows: Indices) -> Iterator[Images]:
        with open_hdf5(path) as file:
            for start in range(0, count, step):
                here = rows[(rows >= start) & (rows < start + step)] - start
                if len(here):
                    images = file[name][start : start + step][here]
                    yield np.moveaxis(images, 1, -1) if is_first else images

    return LazyImages(np.arange(count), (*sample[1:], sample[0]) if is_first else tuple(sample), make)


def _arrays(file: Any) -> dict[str, Any]:
    """All arrays in a file by name, those in groups as GROUP/NAME; links are not followed."""
    arrays: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if hasattr(item, "chunks") and item.shape is not None:
            arrays[name] = item

    file.visititems(visit)
    return arrays


def _check_own(path: Path, array: Any) -> None:
    if array.is_virtual or array.external:
        raise DataError(f"an array must lie in its own file, got {array.name!r}, of other files, in '{path}'")


def _read(path: Path, array: Any) -> Array:
    _check_own(path, array)
    check_growth(array.size * max(8, array.dtype.itemsize), path, FREE_IMAGES, DataError)
    if array.dtype.kind in "OS":
        return np.asarray(array.asstr(errors="replace")[...], dtype=np.str_)
    values: Array = array[...]
    return values


def _labels(further: Mapping[str, Array], shape: tuple[int, ...]) -> tuple[list[Array], list[str]] | None:
    """Read labels (sample, factor), which Shapes3D has: the places of their values among the sorted ones."""
    labels = further.get(LABELS)
    if labels is None or labels.ndim != 2 or labels.dtype.kind not in "buif" or len(further) > 1:
        return None
    columns = []
    for column in labels.T:
        levels, places = np.unique(column, return_inverse=True)
        columns.append(places if len(levels) <= MOST_LEVELS and np.isfinite(levels).all() else column)
    is_shapes3d = shape[1:] == (64, 64, 3) and len(columns) == len(SHAPES3D)
    return columns, list(SHAPES3D) if is_shapes3d else [f"label_{place}" for place in range(len(columns))]
