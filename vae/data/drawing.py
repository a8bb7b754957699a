"""Images that are drawn when they are asked for: a square, an ellipse or a heart at a place."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = 0.18
"""Radius of the largest sprite, as a share of the image's side."""
MARGIN = 0.2
"""Share of the side that a sprite's centre keeps from the border, so that no sprite is cut."""
SUPERSAMPLING = 3
"""Points a pixel's side: a pixel is on where most of its points lie inside the sprite."""
BLOCK = 256
"""Images drawn at once: few enough that their points stay in cache."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Images that are drawn when they are asked for: an index chooses among them, `blocks` draws."""

    factors: npt.NDArray[np.int64]
    """(image, factor): (shape, x, y) or (shape, scale, orientation, x, y), each from 0."""
    sizes: tuple[int, ...]
    """Values of each factor."""
    side: int
    """Height and width in pixels."""

    def __len__(self) -> int:
        return len(self.factors)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(image, height, width)."""
        return len(self), self.side, self.side

    def __getitem__(self, indices: npt.NDArray[np.int64] | slice) -> "Drawing":
        """Choose the images at `indices`, and draw nothing."""
        return replace(self, factors=self.factors[indices])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.uint8]:
        """Draw every image: (image, height, width), 0 or 1."""
        images = np.concatenate(list(self.blocks()))
        return images if dtype is None else images.astype(dtype)

    def blocks(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Draw the images in their order, a few hundred at a time: (image, height, width), 0 or 1."""
        for start in range(0, len(self), BLOCK):
            yield self._draw(self.factors[start : start + BLOCK])

    def _draw(self, factors: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        shape, *pose, column, row = factors.T
        scale, turn = pose or (np.full(len(factors), 5), np.zeros(len(factors)))
        radius = LARGEST * (0.5 + scale / 10)
        angle = 2 * np.pi * turn / (self.sizes[2] if pose else 1)
        cosine, sine = (np.cos(angle) / radius).astype(np.float32), (np.sin(angle) / radius).astype(np.float32)
        left, right = self._window(_place(column, self.sizes[-2]))
        top, down = self._window(_place(row, self.sizes[-1]))
        images = np.zeros((len(factors), self.side, self.side), dtype=np.uint8)
        for kind, is_inside in enumerate((_in_square, _in_ellipse, _in_heart)):
            of_kind = np.flatnonzero(shape == kind)
            c, s = cosine[of_kind, None, None], sine[of_kind, None, None]
            x, y = right[of_kind, None, :], down[of_kind, :, None]
            on = _most(is_inside(c * x + s * y, c * y - s * x))
            images[of_kind[:, None, None], top[of_kind, :, None], left[of_kind, None, :]] = on
        return images

    def _window(self, place: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """Give the pixels (image, pixel) that can be on, of one axis, and how far their points are from `place`."""
        width = min(self.side, math.ceil(2 * LARGEST * self.side) + 2)
        first = np.floor((place - LARGEST) * self.side).astype(np.int64).clip(0, self.side - width)
        pixels = first[:, None] + np.arange(width)
        n_points = self.side * SUPERSAMPLING
        points = ((np.arange(n_points) + 0.5) / n_points).astype(np.float32)
        of_pixels = points.reshape(self.side, SUPERSAMPLING)[pixels].reshape(len(place), -1)
        return pixels, of_pixels - place[:, None]


def _place(position: npt.NDArray[np.int64], places: int) -> Floats:
    return (MARGIN + (1 - 2 * MARGIN) * position / (places - 1)).astype(np.float32)


def _most(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say of each pixel whether most of its points are inside."""
    points, step = inside.view(np.uint8), SUPERSAMPLING
    counts = sum(points[:, down::step, right::step] for down in range(step) for right in range(step))
    on: npt.NDArray[np.bool_] = np.asarray(counts) > step**2 / 2
    return on


def _in_square(u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    return np.maximum(np.abs(u), np.abs(v)) <= np.float32(0.7)


def _in_ellipse(u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    return u * u + (2 * v) ** 2 <= 1


def _in_heart(u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    """The sextic heart (u^2 + v^2 - 1)^3 <= u^2 v^3, upright, shrunk into the unit circle."""
    x, y = np.float32(1.35) * u, np.float32(0.1) - np.float32(1.35) * v
    square = x * x + y * y - 1
    inside: npt.NDArray[np.bool_] = square * square * square <= x * x * y * y * y
    return inside
