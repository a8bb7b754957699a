"""Images that are read or drawn when they are asked for, a block at a time: all of them may not fit in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

BLOCK = 256
"""Images made at once: few enough that what is on the way to them stays in cache."""

Indices = npt.NDArray[np.int64]
Images = npt.NDArray[Any]


class Lazy(Protocol):
    """A view of images that are not there yet: an index chooses among them, `blocks` makes them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(image, height, width) or (image, height, width, channel)."""

    @property
    def dtype(self) -> "np.dtype[Any]":
        """uint8 or float32."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: npt.NDArray[np.int64]) -> "Lazy":
        """Choose the images at sorted `indices`, and make nothing."""

    def blocks(self) -> Iterator[npt.NDArray[Any]]:
        """Make the images in their order, as many at once as memory bears; raises DataError."""


@dataclass(frozen=True, eq=False)
class LazyImages:
    """Images of a set, made from their row numbers."""

    rows: Indices
    """(image,): which images of the whole set, ascending."""
    sample_shape: tuple[int, ...]
    """(height, width) or (height, width, channel)."""
    make: Callable[[Indices], Iterator[Images]]
    """Yields the images at these rows in their order, some at a time: (image, height, width[, channel])."""
    dtype: np.dtype[Any] = field(default=np.dtype(np.uint8))
    """uint8 or float32."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(image, height, width) or (image, height, width, channel)."""
        return len(self), *self.sample_shape

    def __getitem__(self, indices: Indices | slice) -> "LazyImages":
        """Choose the images at `indices`, ascending, and make none."""
        return replace(self, rows=self.rows[indices])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Images:
        """Make every image."""
        images = np.concatenate(list(self.blocks()))
        return images if dtype is None else images.astype(dtype)

    def blocks(self) -> Iterator[Images]:
        """Make the images in their order, some hundred at a time."""
        return self.make(self.rows)


def drawn(n_images: int, sample_shape: tuple[int, ...], draw: Callable[[Indices], Images]) -> LazyImages:
    """Return the images that `draw` makes of their numbers, from 0, a block at a time."""

    def make(rows: Indices) -> Iterator[Images]:
        for start in range(0, len(rows), BLOCK):
            yield draw(rows[start : start + BLOCK])

    return LazyImages(np.arange(n_images), sample_shape, make)
