"""A folder of prepared images: written whole or not at all, and named by the hash of what is in it."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from vae.data.dataset import SCALING, SPLITS, Data, open_data
from vae.data.lazy import Lazy
from vae.errors import DataError

_OPTIONAL = ("factors", *SCALING)
"""Arrays that not all data have."""


def content_hash(data: Data) -> str:
    """Hash everything that changes results; the name, where the images came from, does not."""
    arrays = _arrays(data)
    about = {
        "scale": data.scale,
        "factor_names": data.factor_names,
        "resample": data.resample,
        "arrays": {name: [array.shape, array.dtype.str] for name, array in arrays.items()},
    }
    names = {"factor_levels": data.factor_levels, "feature_names": data.feature_names}
    about |= {name: value for name, value in names.items() if value}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def write_images(images: Lazy, half: Path) -> npt.NDArray[Any]:
    """Make images into the folder `half`, block by block, and return the file, mapped: all may not fit in memory.

    Written and not mapped from the start: a full disk is then an error, where a map would kill the process.
    """
    with durable(half / "images.npy") as file:
        header = {"descr": images.dtype.str, "fortran_order": False, "shape": images.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in images.blocks():
            file.write(np.ascontiguousarray(block).data)
    mapped: npt.NDArray[Any] = np.load(half / "images.npy", mmap_mode="r")
    return mapped


def write(data: Data, half: Path, folder: Path) -> None:
    """Complete the folder `half`, which is nobody else's, and move it to `folder` in one step."""
    arrays = _arrays(data)
    for name, array in arrays.items():
        if isinstance(array, np.memmap) and (half / f"{name}.npy").exists():
            continue  # there already
        with durable(half / f"{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    plain = [field.name for field in dataclasses.fields(data) if field.name not in (*arrays, *_OPTIONAL, "notes")]
    with durable(half / "data.json") as file:
        file.write(json.dumps({name: getattr(data, name) for name in plain}, indent=2).encode() + b"\n")
    move(half, folder)


def move(half: Path, folder: Path) -> None:
    """Move a complete folder to its place in one step, where a damaged one may lie."""
    try:
        if folder.is_dir() and not is_whole(folder):
            folder.replace(half.with_name("damaged"))
        half.replace(folder)
    except OSError:
        if not is_whole(folder):  # else another process wrote the same images first
            raise


def is_whole(folder: Path) -> bool:
    """Whether the folder is there and can be opened; contents are not hashed again."""
    try:
        return folder.is_dir() and open_data(folder).content_hash == folder.name
    except DataError:
        return False


@contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """Open a file whose content outlives a power cut: else the folder could be there and its files empty."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _arrays(data: Data) -> dict[str, npt.NDArray[Any]]:
    arrays = {"images": data.images} | {name: data.split(name) for name in SPLITS}
    optional = {name: getattr(data, name) for name in _OPTIONAL}
    return arrays | {name: array for name, array in optional.items() if array is not None}
