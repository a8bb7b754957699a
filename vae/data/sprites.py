"""Images drawn over a grid of factors, without any file: `sprites` and `shapes`.

`sprites` has the factor grid of dSprites (Matthey et al. 2017, github.com/google-deepmind/dsprites-dataset); the images
are drawn here and are not DeepMind's file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.raw import RawData

SPRITES = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
SHAPES = {"shape": 3, "x": 16, "y": 16}
SPRITES_SIDE, SHAPES_SIDE = 64, 32
LARGEST = 0.18
"""Radius of the largest sprite, as a share of the image's side."""
MARGIN = 0.2
"""Share of the side that a sprite's centre keeps from the border, so that no sprite is cut."""
SUPERSAMPLING = 3
"""Points a pixel's side: a pixel is on where most of its points lie inside the sprite."""
BLOCK = 256
"""Images drawn at once: few enough that their points stay in cache."""


@dataclass(frozen=True)
class Drawing:
    """Images of a factor grid, in row-major order of the factors, drawn when they are indexed: uint8, 0 or 1."""

    sizes: tuple[int, ...]
    """Values of each factor; (shape, x, y) or (shape, scale, orientation, x, y)."""
    side: int

    def __len__(self) -> int:
        return int(np.prod(self.sizes))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(image, height, width)."""
        return len(self), self.side, self.side

    def __getitem__(self, indices: npt.NDArray[np.int64] | slice) -> npt.NDArray[np.uint8]:
        """Draw the images at `indices`: (image, height, width)."""
        chosen = np.arange(len(self))[indices]
        images = np.empty((len(chosen), self.side, self.side), dtype=np.uint8)
        for start in range(0, len(chosen), BLOCK):
            images[start : start + BLOCK] = self._draw(self.factors(chosen[start : start + BLOCK]))
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.uint8]:
        """Draw every image."""
        return self[:]

    def factors(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Factors of the images at `indices`: (image, factor)."""
        return np.stack(np.unravel_index(indices, self.sizes), axis=1).astype(np.int64)

    def _draw(self, factors: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        shape, *pose, column, row = factors.T
        scale, turn = pose or (np.full(len(factors), 5), np.zeros(len(factors)))
        radius = LARGEST * (0.5 + scale / 10)[:, None, None]
        angle = (2 * np.pi * turn / (self.sizes[2] if pose else 1))[:, None, None]
        points = ((np.arange(self.side * SUPERSAMPLING) + 0.5) / (self.side * SUPERSAMPLING)).astype(np.float32)
        right = points[None, None, :] - _place(column, self.sizes[-2])[:, None, None]
        down = points[None, :, None] - _place(row, self.sizes[-1])[:, None, None]
        cosine, sine = (np.cos(angle) / radius).astype(np.float32), (np.sin(angle) / radius).astype(np.float32)
        inside = np.zeros((len(factors), len(points), len(points)), dtype=bool)
        for kind, is_inside in enumerate((_in_square, _in_ellipse, _in_heart)):
            of_kind = shape == kind
            c, s, x, y = cosine[of_kind], sine[of_kind], right[of_kind], down[of_kind]
            inside[of_kind] = is_inside(c * x + s * y, c * y - s * x)
        tiles = inside.reshape(len(factors), self.side, SUPERSAMPLING, self.side, SUPERSAMPLING)
        on: npt.NDArray[np.bool_] = tiles.sum(axis=(2, 4)) > SUPERSAMPLING**2 / 2
        return on


def draw_sprites(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 6 scales x 40 orientations x 32 x 32 places, images of 64 (or `size`) a side."""
    return _raw(SPRITES, size or SPRITES_SIDE)


def draw_shapes(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 16 x 16 places, images of 32 (or `size`) a side."""
    return _raw(SHAPES, size or SHAPES_SIDE)


def _raw(grid: dict[str, int], side: int) -> RawData:
    drawing = Drawing(tuple(grid.values()), side)
    factors = drawing.factors(np.arange(len(drawing)))
    return RawData(images=drawing, scale=1.0, factors=factors, factor_names=tuple(grid))


def _place(position: npt.NDArray[np.int64], places: int) -> npt.NDArray[np.float32]:
    return (MARGIN + (1 - 2 * MARGIN) * position / (places - 1)).astype(np.float32)


def _in_square(u: npt.NDArray[np.float32], v: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    return np.maximum(np.abs(u), np.abs(v)) <= np.float32(0.7)


def _in_ellipse(u: npt.NDArray[np.float32], v: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    return u * u + (2 * v) ** 2 <= 1


def _in_heart(u: npt.NDArray[np.float32], v: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """The sextic heart (u^2 + v^2 - 1)^3 <= u^2 v^3, upright, shrunk into the unit circle."""
    x, y = np.float32(1.35) * u, np.float32(0.1) - np.float32(1.35) * v
    square = x * x + y * y - 1
    inside: npt.NDArray[np.bool_] = square * square * square <= x * x * y * y * y
    return inside
