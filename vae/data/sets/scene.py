"""A room with an object in it, seen by a camera that goes around it: which surface a pixel shows, and how bright.

Computed from +, -, *, / and square roots of float64 alone, which IEEE 754 rounds alike everywhere, and counted in whole
numbers, so that every machine gets the same bits.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vae.data.sets.solids import SOLIDS, Floats, Rays

SUPERSAMPLING = 4
"""Rays a pixel's side."""
WHITE = 255 * SUPERSAMPLING**2
"""Brightness of a pixel that shows one surface, fully lit."""
N_SURFACES = 3
FLOOR, WALL, OBJECT = range(N_SURFACES)
N_SCALES, N_ORIENTATIONS = 8, 15

HALF_ROOM, HALF_OBJECT = 3.5, 1.1
LARGEST_TURN = math.pi / 6
"""The camera turns by as much to either side, as in Shapes3D."""
CAMERA_DISTANCE, CAMERA_HEIGHT, LOOKS_AT_HEIGHT, FOCAL_LENGTH = 5.2, 2.5, 0.75, 2.1
LIGHT = np.array([[-2.0], [6.0], [3.0]]) / 7
"""Direction to the light, of length 1: it stays where it is when the camera turns."""
AMBIENT, SHADOWED = 0.5, 0.6

Shades = npt.NDArray[np.uint16]
"""Brightness in whole numbers: 0 to 255 of a ray, to WHITE of a pixel."""


class Room(NamedTuple):
    """What the camera sees of an empty room, at the points of an image of `side` pixels."""

    side: int
    rays: Rays
    is_floor: npt.NDArray[np.bool_]
    """(ray,): the others end at a wall."""
    shade: Shades
    """(ray,)."""
    floor_points: Floats
    """(3, ray on the floor)."""


def empty_room(orientation: int, side: int) -> Room:
    """Return the room as seen from an orientation, a level from 0."""
    rays = _camera(orientation, side)
    x, y, z = rays.direction
    with np.errstate(divide="ignore"):
        down = np.where(y < 0, -rays.origin[1] / y, np.inf)
    walls = [(np.sign(d) * HALF_ROOM - o) / d for d, o in ((x, rays.origin[0]), (z, rays.origin[2]))]
    is_floor = down < np.minimum(*walls)
    is_side = walls[0] < walls[1]
    zero = np.zeros_like(x)
    normal = np.stack([np.where(is_side, -np.sign(x), zero), zero, np.where(is_side, zero, -np.sign(z))])
    normal[:, is_floor] = [[0], [1], [0]]
    points = Rays(rays.origin, rays.direction[:, is_floor]).at(down[is_floor])
    return Room(side, rays, is_floor, _lit(normal), points)


def brightness(room: Room, scale: int, shape: int) -> Shades:
    """Return how bright floor, walls and object are in each pixel, (surface, side, side): their sum is at most WHITE.

    A pixel that shows two surfaces has some of both. Scale and shape (cube, cylinder, sphere, capsule) are levels
    from 0.
    """
    half = HALF_OBJECT * (0.75 + scale / (2 * (N_SCALES - 1)))  # 0.75 to 1.25, as in Shapes3D
    meets = SOLIDS[shape]
    met = meets(room.rays, half)
    is_object = np.isfinite(met.distance)
    in_shadow = np.zeros_like(is_object)
    in_shadow[room.is_floor] = np.isfinite(meets(Rays(room.floor_points, LIGHT), half).distance)
    behind = np.where(in_shadow, _whole(SHADOWED * room.shade.astype(np.float64)), room.shade)
    shade = np.where(is_object, _lit(met.normal), behind)
    surface = np.where(is_object, OBJECT, np.where(room.is_floor, FLOOR, WALL))
    fine = np.stack([np.where(surface == kind, shade, 0) for kind in range(N_SURFACES)])
    tiles = fine.reshape(N_SURFACES, room.side, SUPERSAMPLING, room.side, SUPERSAMPLING)
    summed: Shades = tiles.sum(axis=(2, 4), dtype=np.uint16)
    return summed


def _camera(orientation: int, side: int) -> Rays:
    """Return one ray for each point of the image, from its upper left in rows."""
    angle = LARGEST_TURN * (2 * orientation / (N_ORIENTATIONS - 1) - 1)
    # Rounded far above the last bit, in which machines' sines differ.
    sine, cosine = (round(value * 2**20) / 2**20 for value in (math.sin(angle), math.cos(angle)))
    slope = (CAMERA_HEIGHT - LOOKS_AT_HEIGHT) / CAMERA_DISTANCE
    length = math.sqrt(1 + slope * slope)
    ahead, up = 1 / length, slope / length  # along the ground, and of the vector that is up in the image
    n_points = side * SUPERSAMPLING
    points = (2 * np.arange(n_points) + 1) / n_points - 1
    right, above = np.tile(points, n_points), np.repeat(-points, n_points)
    forward = FOCAL_LENGTH * ahead + above * up
    height = above * ahead - FOCAL_LENGTH * up
    direction = np.stack([right * cosine - forward * sine, height, -right * sine - forward * cosine])
    origin = np.array([[CAMERA_DISTANCE * sine], [CAMERA_HEIGHT], [CAMERA_DISTANCE * cosine]])
    return Rays(origin, direction)


def _lit(normal: Floats) -> Shades:
    """Return the shade, 0 to 255, of surfaces (3, ray) under ambient and diffuse light (Lambert)."""
    towards = normal[0] * LIGHT[0] + normal[1] * LIGHT[1] + normal[2] * LIGHT[2]
    return _whole(255 * (AMBIENT + (1 - AMBIENT) * np.maximum(towards, 0)))


def _whole(shade: Floats) -> Shades:
    return (shade + 0.5).astype(np.uint16)
