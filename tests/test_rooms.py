"""Coloured rooms: the grid of Shapes3D, and what is seen where."""

import colorsys
import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vae.data import SOURCES, DataConfig, factor_grid, load_data
from vae.data.sets.grids import SHAPES3D
from vae.data.sets.rooms import draw_rooms
from vae.data.sets.scene import HALF_OBJECT, HALF_ROOM, N_ORIENTATIONS, WHITE, brightness, empty_room

GOLDEN = {32: "a2146c51eff256d3", 8: "284abfdc7204d7c9"}
CUBE, CYLINDER, SPHERE, CAPSULE = range(4)
SIZES = tuple(SHAPES3D.values())
LIGHT = (-2 / 7, 6 / 7, 3 / 7)

Point = tuple[float, float, float]
Images = npt.NDArray[np.uint8]


def room(*levels: int, side: int = 64) -> Images:
    """The image of (floor hue, wall hue, object hue, scale, shape, orientation)."""
    row = np.ravel_multi_index(levels, SIZES)
    image: Images = np.asarray(draw_rooms(side).images[np.array([row])])[0]
    return image


def rgb(hue: int, shade: float) -> list[int]:
    return [round(round(255 * channel) * round(255 * shade) / 255) for channel in colorsys.hsv_to_rgb(hue / 10, 1, 1)]


def test_golden_images() -> None:
    """Other images are other results: when this changes on purpose, say so in the changelog."""
    every = np.arange(0, 480_000, 4_801)
    got = {side: hashlib.sha256(np.asarray(draw_rooms(side).images[every]).data).hexdigest()[:16] for side in GOLDEN}
    assert got == GOLDEN


def test_the_grid_is_that_of_shapes3d_in_its_order(tmp_path: Path) -> None:
    raw = draw_rooms(8)
    assert raw.images.shape == (480_000, 8, 8, 3)
    assert raw.factors is not None
    assert raw.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert raw.factors[[0, 1, 15, 60, 480, 4800, 48_000, -1]].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [9, 9, 9, 7, 3, 14],
    ]
    assert factor_grid(load_data(DataConfig(source="rooms", size=8, limit=20), tmp_path)) == (10, 10, 10, 8, 4, 15)
    assert "not DeepMind's file" in SOURCES["rooms"].description


@pytest.mark.parametrize("hue", range(10))
def test_colours_are_the_hues_of_their_levels_in_the_light(hue: int) -> None:
    """Upright floor, back wall and cube front have normals whose angle to the light is known: 6/7, 3/7, 3/7."""
    image = room(hue, (hue + 3) % 10, (hue + 6) % 10, 7, CUBE, 7)
    assert image[63, 2].tolist() == rgb(hue, 0.5 + 0.5 * 6 / 7)
    assert image[2, 20].tolist() == rgb((hue + 3) % 10, 0.5 + 0.5 * 3 / 7)
    assert image[34, 32].tolist() == rgb((hue + 6) % 10, 0.5 + 0.5 * 3 / 7)


def test_a_factor_moves_its_own_pixels_only() -> None:
    """A hue changes the pixels of its surface, and none of the others that show it not at all."""
    share = brightness(empty_room(3, 32), 5, SPHERE) > 0
    for factor in range(3):
        levels = [1, 4, 7, 5, SPHERE, 3]
        before = room(*levels, side=32)
        levels[factor] += 2
        changed = (room(*levels, side=32) != before).any(axis=2)
        np.testing.assert_array_equal(changed, share[factor])


def test_the_object_grows_with_its_scale_and_the_camera_turns() -> None:
    areas = [(brightness(empty_room(7, 32), scale, SPHERE)[2] > 0).sum() for scale in range(8)]
    assert areas == sorted(set(areas))
    assert areas[7] / areas[0] == pytest.approx((1.25 / 0.75) ** 2, rel=0.15)
    left, middle, right = (empty_room(orientation, 32) for orientation in (0, 7, 14))
    np.testing.assert_array_equal(middle.is_floor.reshape(128, 128), middle.is_floor.reshape(128, 128)[:, ::-1])
    np.testing.assert_array_equal(left.is_floor.reshape(128, 128), right.is_floor.reshape(128, 128)[:, ::-1])
    assert (left.is_floor != middle.is_floor).mean() > 0.02


def test_every_scene_differs_from_every_other() -> None:
    scenes = [
        brightness(seen, scale, shape).tobytes()
        for seen in (empty_room(orientation, 16) for orientation in range(15))
        for scale in range(8)
        for shape in range(4)
    ]
    assert len(set(scenes)) == 480


@pytest.mark.parametrize("shape", range(4))
@pytest.mark.parametrize(("scale", "orientation"), [(0, 0), (7, 9)])
def test_scenes_equal_a_march_along_every_ray(shape: int, scale: int, orientation: int) -> None:
    """A twin that knows distances to surfaces and no formula for where a ray meets them."""
    side = 6
    got = brightness(empty_room(orientation, side), scale, shape).astype(int)
    expected = np.array(marched(side, scale, shape, orientation))
    assert got.sum(axis=0).max() <= WHITE
    # Rays along an edge fall either way: a ray's share of a pixel is a sixteenth.
    assert np.abs(got - expected).max() <= 255
    assert (np.abs(got - expected) > 16).mean() < 0.05


def distance_to(shape: int, half: float) -> Callable[[Point], float]:
    def cube(p: Point) -> float:
        q = [abs(p[0]) - 0.8 * half, abs(p[1] - 0.8 * half) - 0.8 * half, abs(p[2]) - 0.8 * half]
        return math.hypot(*(max(x, 0) for x in q)) + min(max(q), 0)

    def cylinder(p: Point) -> float:
        q = [math.hypot(p[0], p[2]) - 0.8 * half, abs(p[1] - 0.8 * half) - 0.8 * half]
        return math.hypot(*(max(x, 0) for x in q)) + min(max(q), 0)

    def sphere(p: Point) -> float:
        return math.dist(p, (0, half, 0)) - half

    def capsule(p: Point) -> float:
        return math.dist(p, (0, min(max(p[1], 0.6 * half), 1.6 * half), 0)) - 0.6 * half

    return (cube, cylinder, sphere, capsule)[shape]


def marched(side: int, scale: int, shape: int, orientation: int) -> list[list[list[int]]]:
    half = HALF_OBJECT * (0.75 + 0.5 * scale / 7)
    to_object = distance_to(shape, half)
    angle = math.radians(-30 + 60 * orientation / (N_ORIENTATIONS - 1))
    eye = (5.2 * math.sin(angle), 2.5, 5.2 * math.cos(angle))
    forward = unit((-eye[0], 0.75 - eye[1], -eye[2]))
    right = (math.cos(angle), 0.0, -math.sin(angle))
    up = cross(right, forward)
    sums = [[[0] * side for _ in range(side)] for _ in range(3)]
    for row in range(4 * side):
        for column in range(4 * side):
            u, v = (2 * column + 1) / (4 * side) - 1, 1 - (2 * row + 1) / (4 * side)
            ray = unit(tuple(2.1 * f + u * r + v * a for f, r, a in zip(forward, right, up, strict=True)))  # type: ignore[arg-type]
            surface, shade = looked(eye, ray, to_object)
            sums[surface][row // 4][column // 4] += shade
    return sums


def looked(eye: Point, ray: Point, to_object: Callable[[Point], float]) -> tuple[int, int]:
    at = walked(eye, ray, to_object)
    if at is not None:
        steps = [tuple(1e-5 * (axis == k) for k in range(3)) for axis in range(3)]
        slope = [to_object(plus(at, s, 1)) - to_object(plus(at, s, -1)) for s in steps]  # type: ignore[arg-type]
        return 2, shaded(unit(tuple(slope)))  # type: ignore[arg-type]
    planes: list[tuple[float, int, Point]] = []
    for axis, level, normal in (
        (1, 0.0, (0.0, 1.0, 0.0)),
        (0, -HALF_ROOM, (1.0, 0.0, 0.0)),
        (0, HALF_ROOM, (-1.0, 0.0, 0.0)),
        (2, -HALF_ROOM, (0.0, 0.0, 1.0)),
    ):
        far = (level - eye[axis]) / ray[axis]
        if far > 0 and ray[axis] * normal[axis] < 0:
            planes.append((far, 0 if axis == 1 else 1, normal))
    far, surface, normal = min(planes)
    shade = shaded(normal)
    if surface == 0 and walked(plus(eye, ray, far), LIGHT, to_object) is not None:
        shade = round(0.6 * shade)
    return surface, shade


def walked(start: Point, ray: Point, to_object: Callable[[Point], float]) -> Point | None:
    far = 0.0
    for _ in range(200):
        at = plus(start, ray, far)
        near = to_object(at)
        if near < 1e-6:
            return at
        far += near
        if far > 15:
            break
    return None


def shaded(normal: Point) -> int:
    return int(255 * (0.5 + 0.5 * max(0.0, sum(n * x for n, x in zip(normal, LIGHT, strict=True)))) + 0.5)


def plus(p: Point, q: Point, times: float) -> Point:
    return (p[0] + times * q[0], p[1] + times * q[1], p[2] + times * q[2])


def cross(p: Point, q: Point) -> Point:
    return (p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0])


def unit(p: Point) -> Point:
    length = math.hypot(*p)
    return (p[0] / length, p[1] / length, p[2] / length)


def test_a_limit_draws_the_chosen_images_only_and_alike(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="rooms", limit=40, size=16), tmp_path)
    assert data.images.shape == (40, 16, 16, 3)
    assert (data.scale, data.factor_names) == (1 / 255, tuple(SHAPES3D))
    assert data.factors is not None
    for image, levels in zip(data.images[:10], data.factors.tolist(), strict=False):
        np.testing.assert_array_equal(image, room(*levels, side=16))
    assert data.content_hash == load_data(DataConfig(source="rooms", limit=40, size=16), tmp_path / "b").content_hash
