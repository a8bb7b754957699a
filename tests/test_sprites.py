"""Images that are drawn: the grid, and what stands where."""

import colorsys
import hashlib
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vae.data import DataConfig, factor_grid, lazy, load_data, prepare
from vae.data.lazy import LazyImages
from vae.data.raw import RawData
from vae.data.sets import sprites as module
from vae.data.sets.grids import COLOUR_SPRITES, SHAPES, SPRITES, TINY_SPRITES
from vae.data.sets.sprites import (
    LARGEST,
    MARGIN,
    draw_shapes,
    draw_sprites,
    draw_tiny_sprites,
    hue_of,
    paint,
)
from vae.errors import DataError

GOLDEN_SPRITES = ["1b04603c0f2a3a79", "251c1ebb7720b626", "21643945eca5663d"]  # of 64, 32 and 16 pixels a side
GOLDEN_SHAPES = "4127c267d5660217"

Images = npt.NDArray[np.uint8]


def drawing(raw: RawData) -> LazyImages:
    assert isinstance(raw.images, LazyImages)
    return raw.images


RAW = draw_sprites(None)
GRID = drawing(RAW)
assert RAW.factors is not None
FACTORS = RAW.factors


def draw(*factors: int) -> Images:
    """The image of (shape, scale, orientation, x, y)."""
    image: Images = paint(np.array([factors]), SPRITES, 64)[0]
    return image


def pointwise(side: int, shape: int, scale: int, turn: int, x: int, y: int) -> list[list[bool]]:
    """The image from the formulas, a point at a time: what the vectorised drawing has to equal."""
    angle, radius = 2 * math.pi * turn / 40, LARGEST * (0.5 + scale / 10)
    centre = [MARGIN + (1 - 2 * MARGIN) * place / 31 for place in (x, y)]

    def inside(column: int, row: int) -> bool:
        right, down = (
            ((place + 0.5) / (3 * side) - at) / radius for place, at in zip((column, row), centre, strict=True)
        )
        u = math.cos(angle) * right + math.sin(angle) * down
        v = math.cos(angle) * down - math.sin(angle) * right
        if shape < 2:
            return max(abs(u), abs(v)) <= 0.7 if shape == 0 else u**2 + 4 * v**2 <= 1
        u, v = 1.35 * u, 0.1 - 1.35 * v
        return (u**2 + v**2 - 1) ** 3 <= u**2 * v**3

    pixels = range(side)
    three = range(3)
    return [[sum(inside(3 * c + i, 3 * r + j) for i in three for j in three) > 4 for c in pixels] for r in pixels]


@pytest.mark.parametrize("side", [16, 30])
def test_images_equal_the_formulas_point_by_point(side: int) -> None:
    rows = np.random.default_rng(1).integers(0, tuple(SPRITES.values()), (24, 5))
    images = paint(rows, SPRITES, side)
    expected = np.array([pointwise(side, *row) for row in rows.tolist()])
    assert images.dtype == np.uint8
    assert (images != expected).sum() <= 2  # a point on an edge falls either way in single precision
    assert images.any(axis=(1, 2)).all()


def test_golden_images() -> None:
    """Other images are other results: when this changes on purpose, say so in the changelog."""
    every = np.arange(0, len(GRID), 7373)
    digests = [
        hashlib.sha256(np.asarray(drawing(draw_sprites(side))[every]).data).hexdigest()[:16] for side in (None, 32, 16)
    ]
    assert digests == GOLDEN_SPRITES
    assert hashlib.sha256(np.asarray(drawing(draw_shapes(None))).data).hexdigest()[:16] == GOLDEN_SHAPES


def test_the_grid_is_that_of_dsprites_in_its_order() -> None:
    assert GRID.shape == (737_280, 64, 64)
    indices = np.array([0, 1, 32, 32 * 32, 40 * 32 * 32, 737_279])
    expected = [[0] * 5, [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [2, 5, 39, 31, 31]]
    assert FACTORS[indices].tolist() == expected
    strides = np.array([6 * 40 * 32 * 32, 40 * 32 * 32, 32 * 32, 32, 1])
    np.testing.assert_array_equal(FACTORS @ strides, np.arange(len(GRID)))
    assert (FACTORS.min(axis=0).tolist(), FACTORS.max(axis=0).tolist()) == ([0] * 5, [2, 5, 39, 31, 31])


@pytest.mark.parametrize("scale", range(6))
def test_an_upright_square_has_its_area(scale: int) -> None:
    side = 2 * 0.7 * LARGEST * (0.5 + scale / 10) * 64
    assert int(draw(0, scale, 0, 16, 16).sum()) == pytest.approx(
        side**2, abs=1.4 * side
    )  # a third of a pixel all around


@pytest.mark.parametrize("shape", [0, 1])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (7, 20), (31, 31)])
def test_a_sprite_is_centred_on_its_place(shape: int, x: int, y: int) -> None:
    rows, columns = np.nonzero(draw(shape, 5, 7, x, y))
    wanted = [(MARGIN + (1 - 2 * MARGIN) * place / 31) * 64 for place in (y, x)]
    assert [rows.mean() + 0.5, columns.mean() + 0.5] == pytest.approx(wanted, abs=0.35)


def test_turning_repeats_with_the_symmetry_of_the_shape() -> None:
    square, ellipse, heart = ([draw(shape, 5, turn, 16, 16) for turn in (3, 13, 23)] for shape in range(3))
    assert (square[0] != square[1]).mean() < 0.01
    assert (ellipse[0] != ellipse[2]).mean() < 0.01
    assert (ellipse[0] != ellipse[1]).mean() > 0.01
    assert (heart[0] != heart[2]).mean() > 0.01


def test_no_sprite_touches_the_border() -> None:
    indices = np.random.default_rng(0).choice(len(GRID), 500, replace=False)
    images = np.asarray(GRID[indices])
    assert not images[:, [0, -1]].any()
    assert not images[:, :, [0, -1]].any()
    assert (images.sum(axis=(1, 2)) > 20).all()


def test_a_limit_draws_the_chosen_images_only_and_alike(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="sprites", limit=300), tmp_path)
    assert data.images.shape == (300, 64, 64)
    assert data.factor_names == ("shape", "scale", "orientation", "x", "y")
    assert data.factors is not None
    for image, factors in zip(data.images[:20], data.factors, strict=False):
        np.testing.assert_array_equal(image, draw(*factors))
    assert (data.scale, data.low, data.high) == (1.0, 0.0, 1.0)
    assert data.content_hash == load_data(DataConfig(source="sprites", limit=300), tmp_path / "again").content_hash


def test_a_size_draws_smaller_binary_images(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="sprites", limit=50, size=32), tmp_path)
    assert data.images.shape == (50, 32, 32)
    assert set(np.unique(data.images)) == {0, 1}


def test_shapes_are_a_whole_small_grid(tmp_path: Path) -> None:
    data = load_data("shapes", tmp_path)
    assert data.images.shape == (np.prod(list(SHAPES.values())), 32, 32)
    assert data.factors is not None
    assert len(np.unique(data.factors, axis=0)) == len(data.images)
    assert len(np.unique(data.images.reshape(len(data.images), -1), axis=0)) == len(data.images)


def test_a_limit_is_the_rows_of_the_whole(tmp_path: Path) -> None:
    """The chosen images are those that a source of plain arrays would give under the same limit."""
    whole = draw_shapes(8)
    np.savez(tmp_path / "x.npz", images=np.asarray(whole.images), factors=whole.factors)  # type: ignore[arg-type]
    drawn = load_data(DataConfig(source="shapes", size=8, limit=99), tmp_path)
    read = load_data(DataConfig(source=str(tmp_path / "x.npz"), limit=99), tmp_path)
    np.testing.assert_array_equal(drawn.images, read.images)
    np.testing.assert_array_equal(drawn.factors, read.factors)
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(drawn.split(split), read.split(split))


def test_splits_share_no_image_and_cover_all(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="sprites", limit=200, size=16), tmp_path)
    assert sorted(np.concatenate([data.train, data.validation, data.test])) == list(range(200))
    assert [len(data.train), len(data.validation), len(data.test)] == [160, 20, 20]


def test_images_are_drawn_in_blocks_into_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "BLOCK", 7)
    sizes = []

    def counted(factors: npt.NDArray[np.int64], grid: Any, side: int) -> Images:
        sizes.append(len(factors))
        return paint(factors, grid, side)

    monkeypatch.setattr(module, "paint", counted)
    monkeypatch.setattr(LazyImages, "__array__", None)  # nobody draws all at once
    data = load_data(DataConfig(source="sprites", size=8, limit=30), tmp_path)
    assert sizes == [7, 7, 7, 7, 2]
    assert isinstance(data.images, np.memmap)
    np.testing.assert_array_equal(data.images, paint(np.array(data.factors), SPRITES, 8))


@pytest.mark.parametrize("binarize", ["threshold", "sample"])
def test_binary_images_stay_as_they_are(tmp_path: Path, binarize: str) -> None:
    plain = load_data("shapes", tmp_path)
    binary = load_data(DataConfig(source="shapes", binarize=binarize), tmp_path)
    np.testing.assert_array_equal(binary.images, plain.images)
    assert (binary.scale, binary.resample) == (1.0, binarize == "sample")


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: LazyImages) -> Any:
        yield np.zeros((1, 64, 64), np.uint8)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LazyImages, "blocks", full)
    with pytest.raises(DataError, match=r"No space left on device.*VAEKIT_CACHE"):
        prepare(DataConfig(source="shapes"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


# Small and coloured sprites


def test_a_tiny_sprite_is_the_mean_of_sixteen_pixels(tmp_path: Path) -> None:
    data = load_data("tiny-sprites", tmp_path)
    assert data.images.shape == (3 * 6 * 16 * 16, 16, 16)
    assert (data.factor_names, factor_grid(data)) == (tuple(TINY_SPRITES), (3, 6, 16, 16))
    assert data.factors is not None
    rows = np.array([0, 1234, 4607])
    shape, scale, x, y = data.factors[rows].T
    fine = paint(np.stack([shape, scale, x, y], 1), TINY_SPRITES, 64)
    four = [slice(4 * place, 4 * place + 4) for place in range(16)]
    naive = [[[image[down, right].mean() for right in four] for down in four] for image in fine]
    np.testing.assert_array_equal(data.pixels(rows), np.array(naive).reshape(3, -1))
    assert (data.low, data.high) == (0.0, 1.0)
    assert draw_tiny_sprites(8).images.shape == (4608, 8, 8)


def test_a_coloured_sprite_is_a_sprite_times_its_hue(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="colour-sprites", limit=400, size=32), tmp_path)
    assert data.images.shape == (400, 32, 32, 3)
    assert (data.factor_names, factor_grid(data)) == (tuple(COLOUR_SPRITES), (3, 6, 40, 32, 32, 10))
    assert data.factors is not None
    for image, factors in zip(data.images, data.factors.copy(), strict=True):
        sprite = paint(factors[None, :5], SPRITES, 32)[0]
        expected = sprite[..., None] * np.array(colorsys.hsv_to_rgb(factors[5] / 10, 1, 1)) * 255
        np.testing.assert_allclose(image, expected, atol=1e-9)
    assert (data.scale, data.high) == (1 / 255, 1.0)


def test_no_other_factor_tells_the_hue_of_a_sprite() -> None:
    """Each value of each factor, and of each pair, has close to a tenth of its sprites in every hue."""
    hues = hue_of(np.arange(len(GRID)))
    assert np.abs(np.bincount(hues) / len(GRID) - 0.1).max() < 1e-3
    for first, second in itertools.combinations(range(5), 2):
        sizes = [tuple(SPRITES.values())[k] for k in (first, second)]
        cells = FACTORS[:, first] * sizes[1] + FACTORS[:, second]
        counts = np.bincount(10 * cells + hues, minlength=10 * math.prod(sizes)).reshape(-1, 10)
        assert np.abs(counts / counts.sum(1, keepdims=True) - 0.1).max() < 0.03


# The grid


def test_the_grid_of_drawn_images_is_known_however_few(tmp_path: Path) -> None:
    for limit in (10, 300):
        assert factor_grid(load_data(DataConfig(source="sprites", size=8, limit=limit), tmp_path)) == (3, 6, 40, 32, 32)
    assert factor_grid(load_data("shapes", tmp_path)) == (3, 16, 16)
    assert factor_grid(load_data("digits", tmp_path)) is None


def grid_of(tmp_path: Path, **arrays: npt.NDArray[Any]) -> tuple[int, ...] | None:
    n_images = len(next(iter(arrays.values())))
    images = {} if "imgs" in arrays else {"images": np.zeros((n_images, 2, 2), np.uint8)}
    np.savez(tmp_path / "x.npz", **images, **arrays)  # type: ignore[arg-type]
    return factor_grid(load_data(str(tmp_path / "x.npz"), tmp_path))


def test_the_grid_of_a_file(tmp_path: Path) -> None:
    product = np.array(list(itertools.product(range(3), range(4), range(5))))
    assert grid_of(tmp_path, factors=product) == (3, 4, 5)
    assert grid_of(tmp_path, factors=product[::-2]) == (3, 4, 5)
    assert grid_of(tmp_path, factors=product[:, :1]) is None  # one factor is no product
    assert grid_of(tmp_path, factors=product[:, :2]) is None  # combinations come twice
    assert grid_of(tmp_path, factors=2 * product) is None  # gaps
    assert grid_of(tmp_path, factors=product - 1) is None
    assert grid_of(tmp_path, labels=product[:, 0]) is None


def test_dsprites_own_file_and_the_drawn_sprites_have_one_grid_and_order(tmp_path: Path) -> None:
    rows = np.arange(0, len(GRID), 5001)
    latents = np.column_stack([np.zeros(len(rows), np.int64), FACTORS[rows]])
    images = np.asarray(GRID[rows])
    assert grid_of(tmp_path, imgs=images, latents_classes=latents) == (3, 6, 40, 32, 32)
    data = load_data(str(tmp_path / "x.npz"), tmp_path)
    assert (data.factor_names, data.scale) == (tuple(SPRITES), 1.0)
    np.testing.assert_array_equal(data.images, images)
    np.testing.assert_array_equal(data.factors, FACTORS[rows])


def test_all_sprites_can_be_prepared_with_bounded_memory(tmp_path: Path) -> None:
    """The whole grid, of one pixel a side to be quick: 737,280 rows, each with its factors."""
    data = load_data(DataConfig(source="sprites", size=1), tmp_path)
    assert data.images.shape == (737_280, 1, 1)
    np.testing.assert_array_equal(data.factors, FACTORS)
    assert [len(data.train), len(data.validation), len(data.test)] == [589_824, 73_728, 73_728]
    assert factor_grid(data) == (3, 6, 40, 32, 32)
