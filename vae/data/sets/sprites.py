"""A square, an ellipse or a heart at a place, drawn over a grid of factors without any file.

`sprites` has the factor grid of dSprites (Matthey et al. 2017, github.com/google-deepmind/dsprites-dataset); the images
are drawn here and are not DeepMind's file.
"""

import math

import numpy as np
import numpy.typing as npt

from vae.data.lazy import Images, Indices, drawn
from vae.data.raw import RawData
from vae.data.sets.grids import COLOUR_SPRITES, SHAPES, SPRITES, TINY_SPRITES, Grid, levels_at, n_combinations
from vae.data.sets.hues import HUES, N_HUES

LARGEST = 0.18
"""Radius of the largest sprite, as a share of the image's side."""
MARGIN = 0.2
"""Share of the side that a sprite's centre keeps from the border, so that no sprite is cut."""
SUPERSAMPLING = 3
"""Points a pixel's side: a pixel is on where most of its points lie inside the sprite."""
TINY_AVERAGE = 4
"""Pixels a side that one of `tiny-sprites` is the mean of."""
SPRITES_SIDE, TINY_SIDE, SHAPES_SIDE = 64, 16, 32

Floats = npt.NDArray[np.float32]


def draw_sprites(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 6 scales x 40 orientations x 32 x 32 places, images of 64 (or `size`) a side."""
    return _binary(SPRITES, size or SPRITES_SIDE)


def draw_shapes(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 16 x 16 places, images of 32 (or `size`) a side."""
    return _binary(SHAPES, size or SHAPES_SIDE)


def draw_tiny_sprites(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 6 scales x 16 x 16 places, averaged to 16 (or `size`) grey pixels a side."""
    side = size or TINY_SIDE
    factors = levels_at(np.arange(n_combinations(TINY_SPRITES)), TINY_SPRITES)

    def draw(rows: Indices) -> Images:
        fine = paint(factors[rows], TINY_SPRITES, TINY_AVERAGE * side)
        tiles = fine.reshape(len(rows), side, TINY_AVERAGE, side, TINY_AVERAGE)
        levels: Images = tiles.sum(axis=(2, 4), dtype=np.uint8)
        return levels

    return RawData(
        images=drawn(len(factors), (side, side), draw),
        scale=1 / TINY_AVERAGE**2,
        factors=factors,
        factor_names=tuple(TINY_SPRITES),
    )


def draw_colour_sprites(size: int | None) -> RawData:
    """Return `sprites` on black, each in one of ten hues, images of 64 (or `size`) a side and three channels.

    The hue of a sprite is a hash of its number: none of the other factors tells it.
    """
    side = size or SPRITES_SIDE
    rows = np.arange(n_combinations(SPRITES))
    factors = np.column_stack([levels_at(rows, SPRITES), hue_of(rows)])

    def draw(rows: Indices) -> Images:
        sprites = paint(factors[rows, :-1], SPRITES, side)
        return sprites[..., None] * HUES.astype(np.uint8)[factors[rows, -1], None, None, :]

    return RawData(
        images=drawn(len(factors), (side, side, 3), draw),
        scale=1 / 255,
        factors=factors,
        factor_names=tuple(COLOUR_SPRITES),
    )


def hue_of(rows: Indices) -> Indices:
    """Return the hue of the sprites with these numbers, 0 to 9, by multiplicative hashing (Knuth, TAOCP 3, 6.4)."""
    hashed = rows * 2_654_435_769 % 2**32
    return hashed * N_HUES >> 32


def _binary(grid: Grid, side: int) -> RawData:
    factors = levels_at(np.arange(n_combinations(grid)), grid)
    images = drawn(len(factors), (side, side), lambda rows: paint(factors[rows], grid, side))
    return RawData(images=images, scale=1.0, factors=factors, factor_names=tuple(grid))


def paint(factors: npt.NDArray[np.int64], grid: Grid, side: int) -> Images:
    """Draw a sprite for each row of factors (image, factor), each from 0: (image, side, side), 0 or 1.

    Without a scale sprites have the largest, without an orientation they are upright.
    """
    level = dict(zip(grid, factors.T, strict=True))
    radius = LARGEST * (0.5 + level.get("scale", np.full(len(factors), 5)) / 10)
    angle = 2 * np.pi * level.get("orientation", np.zeros(len(factors))) / grid.get("orientation", 1)
    cosine, sine = (np.cos(angle) / radius).astype(np.float32), (np.sin(angle) / radius).astype(np.float32)
    left, right = _window(_place(level["x"], grid["x"]), side)
    top, down = _window(_place(level["y"], grid["y"]), side)
    images = np.zeros((len(factors), side, side), dtype=np.uint8)
    for kind, is_inside in enumerate((_in_square, _in_ellipse, _in_heart)):
        of_kind = np.flatnonzero(level["shape"] == kind)
        c, s = cosine[of_kind, None, None], sine[of_kind, None, None]
        x, y = right[of_kind, None, :], down[of_kind, :, None]
        on = _most(is_inside(c * x + s * y, c * y - s * x))
        images[of_kind[:, None, None], top[of_kind, :, None], left[of_kind, None, :]] = on
    return images


def _window(place: Floats, side: int) -> tuple[Indices, Floats]:
    """Give the pixels (image, pixel) that can be on, of one axis, and how far their points are from `place`."""
    width = min(side, math.ceil(2 * LARGEST * side) + 2)
    first = np.floor((place - LARGEST) * side).astype(np.int64).clip(0, side - width)
    pixels = first[:, None] + np.arange(width)
    n_points = side * SUPERSAMPLING
    points = ((np.arange(n_points) + 0.5) / n_points).astype(np.float32)
    of_pixels = points.reshape(side, SUPERSAMPLING)[pixels].reshape(len(place), -1)
    return pixels, of_pixels - place[:, None]


def _place(position: Indices, places: int) -> Floats:
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
