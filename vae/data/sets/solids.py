"""Where rays meet a cube, a cylinder, a sphere or a capsule that stands in the middle of a floor."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Rays(NamedTuple):
    """Where rays begin and where they go: (3, 1) or (3, ray), x to the right, y up, z to the viewer."""

    origin: Floats
    direction: Floats

    def at(self, distance: Floats) -> Floats:
        """Return the points (3, ray) at these distances, in lengths of the directions."""
        return self.origin + distance * self.direction


class Hits(NamedTuple):
    """Where rays meet an object."""

    distance: Floats
    """(ray,): infinite where they pass it."""
    normal: Floats
    """(3, ray): of length 1, out of the object; anything where they pass it."""


def _cube(rays: Rays, half: float) -> Hits:
    reach = np.full((3, 1), 0.8 * half)
    middle = np.array([[0.0], [0.8 * half], [0.0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [(middle + sign * reach - rays.origin) / rays.direction for sign in (-1, 1)]
    enters, leaves = np.minimum(*ends), np.maximum(*ends)
    enter = enters.max(axis=0)
    axis = enters.argmax(axis=0)
    normal = np.where(np.arange(3)[:, None] == axis, -np.sign(rays.direction), 0.0)
    return Hits(np.where((enter < leaves.min(axis=0)) & (enter > 0), enter, np.inf), normal)


def _sphere(rays: Rays, half: float) -> Hits:
    return _ball(rays, half, half)


def _cylinder(rays: Rays, half: float) -> Hits:
    wall = _tube(rays, 0.8 * half, 0.0, 1.6 * half)
    lid_distance = (1.6 * half - rays.origin[1]) / rays.direction[1]
    x, _, z = rays.at(lid_distance)
    is_lid = (x * x + z * z < (0.8 * half) ** 2) & (lid_distance > 0) & (lid_distance < wall.distance)
    up = np.array([[0.0], [1.0], [0.0]])
    return Hits(np.where(is_lid, lid_distance, wall.distance), np.where(is_lid, up, wall.normal))


def _capsule(rays: Rays, half: float) -> Hits:
    radius, height = 0.6 * half, 2.2 * half
    parts = (
        _tube(rays, radius, radius, height - radius),
        _ball(rays, radius, radius),
        _ball(rays, radius, height - radius),
    )
    distance, normal = parts[0]
    for part in parts[1:]:
        normal = np.where(part.distance < distance, part.normal, normal)
        distance = np.minimum(part.distance, distance)
    return Hits(distance, normal)


def _ball(rays: Rays, radius: float, height: float) -> Hits:
    """Of a ball with its middle at `height` over the middle of the room."""
    x, y, z = rays.origin
    dx, dy, dz = rays.direction
    y = y - height
    distance = _root(dx * dx + dy * dy + dz * dz, x * dx + y * dy + z * dz, x * x + y * y + z * z - radius * radius)
    px, py, pz = rays.at(np.where(np.isfinite(distance), distance, 0.0))
    return Hits(distance, np.stack([px, py - height, pz]) / radius)


def _tube(rays: Rays, radius: float, low: float, high: float) -> Hits:
    """Of an upright tube without lids."""
    x, _, z = rays.origin
    dx, _, dz = rays.direction
    distance = _root(dx * dx + dz * dz, x * dx + z * dz, x * x + z * z - radius * radius)
    px, py, pz = rays.at(np.where(np.isfinite(distance), distance, 0.0))
    is_met = (py > low) & (py < high)
    return Hits(np.where(is_met, distance, np.inf), np.stack([px, np.zeros_like(px), pz]) / radius)


def _root(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return the smaller root of a t^2 + 2 b t + c, infinite where it is complex or not positive."""
    inside = b * b - a * c
    root = (-b - np.sqrt(np.maximum(inside, 0))) / a
    return np.where((inside > 0) & (root > 0), root, np.inf)


SOLIDS = (_cube, _cylinder, _sphere, _capsule)
"""In the order of Shapes3D: a function of rays and half the height of the sphere."""
