"""The grids of factors that are known by name, their factors in the order of their images."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Grid = Mapping[str, int]
"""Values of each factor, the last varies fastest."""

SPRITES: Grid = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
"""dSprites' own (Matthey et al. 2017)."""
COLOUR_SPRITES: Grid = {**SPRITES, "hue": 10}
"""Ten times as many combinations as there are images: every sprite has one hue."""
TINY_SPRITES: Grid = {"shape": 3, "scale": 6, "x": 16, "y": 16}
SHAPES: Grid = {"shape": 3, "x": 16, "y": 16}
SHAPES3D: Grid = {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15}
"""Shapes3D's own (Burgess and Kim 2018), of `rooms` as well."""
SOLID_NAMES = ("cube", "cylinder", "sphere", "capsule")
MPI3D: Grid = {
    "object_color": 6,
    "object_shape": 6,
    "object_size": 2,
    "camera_height": 3,
    "background_color": 3,
    "horizontal_axis": 40,
    "vertical_axis": 40,
}
"""MPI3D's own (Gondal et al. 2019)."""
MPI3D_LEVELS = {
    "object_color": ("white", "green", "red", "blue", "brown", "olive"),
    "object_shape": ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere"),
    "object_size": ("small", "large"),
    "camera_height": ("top", "center", "bottom"),
    "background_color": ("purple", "sea green", "salmon"),
}
SMALLNORB: Grid = {"category": 5, "instance": 10, "elevation": 9, "azimuth": 18, "lighting": 6}
"""Small NORB's own (LeCun, Huang and Bottou 2004)."""
CARS3D: Grid = {"elevation": 4, "azimuth": 24, "car": 183}
"""Of the cars of Reed et al. 2015, in the order of Locatello et al. 2019."""

KNOWN = (SPRITES, COLOUR_SPRITES, TINY_SPRITES, SHAPES, SHAPES3D, MPI3D, SMALLNORB, CARS3D)


def n_combinations(grid: Grid) -> int:
    """Combinations of the factors' values."""
    return math.prod(grid.values())


def levels_at(rows: npt.NDArray[np.int64], grid: Grid) -> npt.NDArray[np.int64]:
    """Return the factors (image, factor) of the images at `rows`, in row-major order of the grid."""
    return np.stack(np.unravel_index(rows, tuple(grid.values())), axis=1).astype(np.int64)
