"""A folder of image files as raw data: looked at first, decoded when asked for, a block at a time."""

import math
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.images.kind import Kind, kind_of, notes_of
from vae.data.images.listing import Listing, list_folder
from vae.data.images.picture import look, no_warnings, read_picture
from vae.data.lazy import BLOCK, Indices, LazyImages
from vae.data.raw import RawData
from vae.data.transforms import area_average
from vae.data.white import white_of
from vae.data_config import MINIMUM_IMAGES, DataConfig
from vae.errors import DataError
from vae.streams import say

BLOCK_BYTES = 2**26
"""Of images that are decoded at once, for BLOCK of them may be large."""
MOST_VALUES = 2**22
"""Of an image, beyond which no fully-connected network takes it."""
MOST_THREADS = 8
SECONDS_BETWEEN_LINES = 10.0


def read_image_folder(folder: Path, config: DataConfig) -> RawData:
    """Read a folder of image files, whose subfolders are labels; raises DataError, some when images are decoded.

    Sizes may differ where the config has a size: images are cropped to their centre and averaged over areas.
    """
    listing = list_folder(folder)
    if len(listing.names) < MINIMUM_IMAGES:
        got = f"{len(listing.names)} in '{folder}'"
        raise DataError(f"data must hold at least {MINIMUM_IMAGES} images, got {got}")
    with no_warnings():
        counts = _traits(listing)
        kind = kind_of(counts, config.white is not None)
        shape = read_picture(folder / listing.names[0], kind).shape
    if config.size is None and math.prod(shape) > MOST_VALUES:
        rule = f"images must have at most {MOST_VALUES:,} values, or be given a size by --size"
        raise DataError(f"{rule}, got {' x '.join(map(str, shape))} in '{listing.names[0]}' of '{folder}'")
    pictures = _Pictures(listing, kind, config.white, config.size, shape)
    side = f"{config.size} x {config.size}"
    cropped = [] if config.size is None else [f"images are cropped to their central square and averaged to {side}"]
    labels = None if listing.labels is None else np.array(listing.labels, dtype=np.int64)[:, None]
    return RawData(
        images=LazyImages(np.arange(len(listing.names)), pictures.shape, pictures.blocks, pictures.dtype),
        scale=1.0 if pictures.dtype == np.float32 else 1 / pictures.white,
        factors=labels,
        factor_names=() if labels is None else ("label",),
        factor_levels={} if labels is None else {"label": listing.levels},
        first_test=listing.first_test,
        notes=(*listing.notes, *notes_of(counts), *cropped),
    )


def _traits(listing: Listing) -> "Counter[str]":
    counts: Counter[str] = Counter()
    progress = _Progress("looked at", len(listing.names))
    for done, name in enumerate(listing.names):
        counts.update(look(listing.folder / name))
        progress(done)
    return counts


@dataclass(frozen=True, eq=False)
class _Pictures:
    """The images of a listing, as arrays of one kind."""

    listing: Listing
    kind: Kind
    declared: float | None
    """White, as the user says."""
    size: int | None
    first: tuple[int, ...]
    """Shape of the first image."""

    @property
    def white(self) -> float:
        """The value in the files that is pixel value 1."""
        return self.declared or self.kind.white

    @property
    def shape(self) -> tuple[int, ...]:
        """Of every image, once it is read."""
        return self.first if self.size is None else (self.size, self.size, *self.first[2:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 where that holds what the files hold."""
        is_plain = self.size is None and self.white <= 255 and float(self.white).is_integer()
        return np.dtype(np.uint8 if is_plain and self.kind.white <= 255 else np.float32)

    def blocks(self, rows: Indices) -> Iterator[npt.NDArray[Any]]:
        """Decode the images at these rows, in threads: Pillow lets go of Python's lock."""
        n_at_once = max(1, min(BLOCK, BLOCK_BYTES // (math.prod(self.shape) * self.dtype.itemsize)))
        progress = _Progress("read", len(rows))
        brightest = 0
        with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
            for start in range(0, len(rows), n_at_once):
                with no_warnings():
                    block = list(pool.map(self._read, rows[start : start + n_at_once]))
                brightest = max(brightest, *(high for high, _ in block))
                yield np.stack([image for _, image in block])
                progress(start)
        if self.declared is not None or self.kind.white == 65535:
            white_of(self.listing.folder, brightest, self.declared, self.kind.white)

    def _read(self, row: int) -> tuple[int, npt.NDArray[Any]]:
        """Return the largest value in a file and its image."""
        path = self.listing.folder / self.listing.names[row]
        image = read_picture(path, self.kind)
        brightest = int(image.max())
        if self.size is not None:
            return brightest, area_average(image[None], 1 / self.white, self.size)[0]
        if image.shape != self.first:
            height, width = image.shape[:2]
            first = f"{self.first[0]} x {self.first[1]} in '{self.listing.names[0]}'"
            raise DataError(
                f"images must have one size, or be given one by --size, got {first} and {height} x {width} in '{path}'"
            )
        is_plain = self.dtype == np.uint8
        return brightest, image if is_plain else np.divide(image, np.float32(self.white), dtype=np.float32)


class _Progress:
    """A line now and then where there are many files."""

    def __init__(self, verb: str, total: int) -> None:
        self._verb, self._total = verb, total
        self._last = monotonic()

    def __call__(self, done: int) -> None:
        if monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = monotonic()
            say(f"{done:,} of {self._total:,} images {self._verb}")
