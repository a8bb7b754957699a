"""Images drawn over a grid of factors, without any file: `sprites` and `shapes`.

`sprites` has the factor grid of dSprites (Matthey et al. 2017, github.com/google-deepmind/dsprites-dataset); the images
are drawn here and are not DeepMind's file.
"""

import math

import numpy as np

from vae.data.drawing import Drawing
from vae.data.raw import RawData

SPRITES = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
SHAPES = {"shape": 3, "x": 16, "y": 16}
SPRITES_SIDE, SHAPES_SIDE = 64, 32


def draw_sprites(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 6 scales x 40 orientations x 32 x 32 places, images of 64 (or `size`) a side."""
    return _raw(SPRITES, size or SPRITES_SIDE)


def draw_shapes(size: int | None) -> RawData:
    """Return the grid of 3 shapes x 16 x 16 places, images of 32 (or `size`) a side."""
    return _raw(SHAPES, size or SHAPES_SIDE)


def _raw(grid: dict[str, int], side: int) -> RawData:
    """Row-major order of the factors, as in dSprites."""
    sizes = tuple(grid.values())
    factors = np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes), axis=1).astype(np.int64)
    return RawData(images=Drawing(factors, sizes, side), scale=1.0, factors=factors, factor_names=tuple(grid))
