"""Maps of codes: planes of known spaces, grids, and what the report shows of them."""

from pathlib import Path

import numpy as np
import pytest

import vaekit
from analysis.latent_space.codes import AXES, Plane, at_marks, code_table, grid
from analysis.latent_space.figures import Map, code_maps
from analysis.latent_space.section import latent_space_sections
from analysis.presentation.view import View
from tests.synthetic import write_sweep

RNG = np.random.default_rng(0)


def test_a_latent_space_of_two_is_its_own_plane() -> None:
    codes = RNG.normal(3.0, 1.0, (50, 2)).astype(np.float32)
    plane = Plane.of(codes)
    np.testing.assert_array_equal(plane.of_codes(codes), codes)
    assert plane.share == 1.0


def test_one_dimension_lies_on_the_first_axis() -> None:
    codes = RNG.normal(size=(50, 1)).astype(np.float32)
    places = Plane.of(codes).of_codes(codes)
    np.testing.assert_array_equal(places, np.column_stack([codes[:, 0], np.zeros(50)]))


def test_the_plane_holds_the_largest_variance_and_leads_back() -> None:
    axes = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    codes = (RNG.normal(size=(20_000, 6)) * [3.0, 2.0, 0.5, 0.5, 0.5, 0.5] @ axes.T + 4.0).astype(np.float32)
    plane = Plane.of(codes)
    assert plane.share == pytest.approx(13 / 14, abs=0.005)
    assert np.abs(plane.axes.T @ axes[:, :2]) == pytest.approx(np.eye(2), abs=0.02)
    places = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(plane.of_codes(plane.codes_at(places)), places, atol=1e-5)


def test_codes_that_are_all_alike_have_a_plane() -> None:
    plane = Plane.of(np.ones((5, 4), np.float32))
    assert plane.share == 1.0
    np.testing.assert_allclose(plane.of_codes(np.ones((5, 4), np.float32)), 0.0, atol=1e-6)


def test_a_grid_covers_the_central_codes_and_its_first_row_is_the_topmost() -> None:
    places = np.column_stack([np.linspace(0, 100, 1001), np.linspace(-50, 50, 1001)])
    across, up = grid(places, 3)
    np.testing.assert_allclose(across, [1.0, 50.0, 99.0])
    np.testing.assert_allclose(up, [-49.0, 0.0, 49.0])
    at = at_marks(across, up)
    np.testing.assert_allclose(at[:3], [[1.0, 49.0], [50.0, 49.0], [99.0, 49.0]])
    np.testing.assert_allclose(at[-1], [99.0, -49.0])


def test_maps_of_one_scale_have_the_same_axes_and_dots_are_where_codes_are() -> None:
    wide, narrow, other = (
        code_table(RNG.normal(size=(30, 2)) * size, np.arange(30), {"x": np.arange(30) % 3}) for size in (9, 1, 99)
    )
    maps = [Map(title="a", codes=wide, scale="vae"), Map(title="b", codes=narrow, scale="vae")]
    figure = code_maps([*maps, Map(title="c", codes=other, scale="ae")], ["x"], {"x": ("no", "one", "two")})
    first, second, third, key = figure.axes
    assert first.get_xlim() == second.get_xlim() != third.get_xlim()
    for axes, codes in ((first, wide), (second, narrow), (third, other)):
        np.testing.assert_allclose(np.asarray(axes.collections[0].get_offsets()), codes[list(AXES)])
    assert [text.get_text() for text in key.get_yticklabels()] == ["no", "one", "two"]
    several = code_maps(maps, ["x", "image"], {})
    assert len(several.axes) == 4 + 2


def test_a_report_maps_codes_by_label_and_decodes_the_plane(tmp_path: Path) -> None:
    sweep = vaekit.open(write_sweep(tmp_path / "s", trials=4, seeds=1, pixels=64).path)
    of_codes, decoded = latent_space_sections(View(sweep))
    table = of_codes.table
    assert set(table["role"]) == {"first", "last"}
    run = sweep.run(int(table["run"].iloc[0]))
    codes = run.encode(sweep.images("test"))[0]
    own = table[table["role"] == "first"]
    np.testing.assert_allclose(own[list(AXES)], Plane.of(codes).of_codes(codes), atol=1e-5)
    labels = sweep.factors("test")
    assert labels is not None
    assert own["label"].tolist() == labels[own["image"], 0].tolist()
    assert decoded.figure is not None
    assert len(decoded.table) == 2 * 81


def test_without_weights_there_is_no_map(tmp_path: Path) -> None:
    (section,) = latent_space_sections(View(vaekit.open(write_sweep(tmp_path / "s", trials=2).path)))
    assert section.left_out == "no weights of the first trial were kept"
