"""Coloured rooms with an object in them, drawn over the factor grid of Shapes3D without any file.

Shapes3D is DeepMind's (Burgess and Kim 2018, github.com/google-deepmind/3d-shapes): this is another rendering of its
grid and not its file.
"""

import functools

import numpy as np

from vae.data.lazy import Images, Indices, drawn
from vae.data.raw import RawData
from vae.data.sets.grids import SHAPES3D, SOLID_NAMES, levels_at, n_combinations
from vae.data.sets.hues import HUES
from vae.data.sets.scene import N_SURFACES, WHITE, Room, Shades, brightness, empty_room

ROOMS_SIDE = 64


def draw_rooms(size: int | None) -> RawData:
    """Return the grid of 10 x 10 x 10 hues x 8 scales x 4 shapes x 15 orientations, colour images of 64 (or `size`)."""
    side = size or ROOMS_SIDE
    sample_shape = (side, side, HUES.shape[1])
    factors = levels_at(np.arange(n_combinations(SHAPES3D)), SHAPES3D)

    @functools.cache
    def room(orientation: int) -> Room:
        return empty_room(orientation, side)

    @functools.cache
    def scene(scale: int, shape: int, orientation: int) -> Shades:
        return brightness(room(orientation), scale, shape)

    def draw(rows: Indices) -> Images:
        hues, scenes = factors[rows, :N_SURFACES], factors[rows, N_SURFACES:]
        lit = np.stack([scene(*levels) for levels in scenes.tolist()]).reshape(len(rows), N_SURFACES, -1)
        # Sums of whole numbers below 2^24, which float32 adds exactly in any order, and one division.
        mixed = lit.transpose(0, 2, 1).astype(np.float32) @ HUES.astype(np.float32)[hues]
        mixed += WHITE // 2  # rounded, not cut
        mixed /= WHITE
        return mixed.astype(np.uint8).reshape(-1, *sample_shape)

    return RawData(
        images=drawn(len(factors), sample_shape, draw),
        scale=1 / 255,
        factors=factors,
        factor_names=tuple(SHAPES3D),
        factor_levels={"shape": SOLID_NAMES},
    )
