"""Intrinsic dimensions of data that have known ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import cli
from analysis.frames.sweep import open_sweep
from analysis.intrinsic_dimension.estimates import (
    COLUMNS,
    FEWEST,
    MOST,
    intrinsic_dimension,
    maximum_likelihood,
    two_nn,
)
from analysis.intrinsic_dimension.section import intrinsic_dimension_sections
from analysis.presentation.view import View
from tests.drawn import dots, places
from tests.synthetic import write_sweep

RNG = np.random.default_rng


def dimension(samples: np.ndarray) -> pd.Series:
    return intrinsic_dimension(samples).set_index("estimator")["dimension"]


def gaussian(dimensions: int, features: int = 64, count: int = 2500) -> np.ndarray:
    rng = RNG(0)
    turned = np.linalg.qr(rng.standard_normal((features, dimensions)))[0]
    return np.asarray(rng.standard_normal((count, dimensions)) @ turned.T)


def swiss_roll(count: int = 2500) -> np.ndarray:
    rng = RNG(0)
    turn = 1.5 * np.pi * (1 + 2 * rng.uniform(size=count))
    return np.stack([turn * np.cos(turn), 21 * rng.uniform(size=count), turn * np.sin(turn)], axis=1)


def test_five_dimensions_among_64_features() -> None:
    assert_allclose(dimension(gaussian(5)), 5, atol=0.5)


def test_a_swiss_roll_has_two() -> None:
    assert_allclose(dimension(swiss_roll()), 2, atol=0.2)


def test_a_line_has_one_whatever_its_unit() -> None:
    line = gaussian(1)
    assert_allclose(dimension(line), 1, atol=0.1)
    assert_allclose(dimension(1e6 * line + 3e6), dimension(line), rtol=1e-3)


def test_ratios_of_a_known_law() -> None:
    """Of d dimensions the ratio is Pareto's, with 1 - F(mu) = mu**-d: at its quantiles the line is exact."""
    shares = (np.arange(1, 1001)) / 1001
    ratios = (1 - shares) ** (-1 / 3)
    assert two_nn(ratios) == pytest.approx(3, rel=0.01)
    assert maximum_likelihood(np.array([0.1, 0.3])) == pytest.approx(5)


def test_duplicates_are_dropped_and_counted() -> None:
    samples = gaussian(3, count=600)
    twice = np.concatenate([samples, samples[:200]])[RNG(1).permutation(800)]
    table = intrinsic_dimension(twice)
    assert (table["duplicates"] == 200).all()
    assert_allclose(table["dimension"], intrinsic_dimension(samples)["dimension"])


def test_many_samples_are_drawn_from_and_images_are_flat() -> None:
    samples = gaussian(4, count=3 * MOST // 2)
    table = intrinsic_dimension(samples.reshape(-1, 8, 8))
    assert (table["samples"] == MOST).all()
    assert_allclose(table["dimension"], 4, atol=0.4)
    pd.testing.assert_frame_equal(table, intrinsic_dimension(samples))


def test_the_interval_holds_the_estimate_and_narrows() -> None:
    few, many = (intrinsic_dimension(gaussian(3, count=count)) for count in (200, 2400))
    for table in (few, many):
        assert (table["low"] < table["dimension"]).all()
        assert (table["dimension"] < table["high"]).all()
    assert ((few["high"] - few["low"]) > 2 * (many["high"] - many["low"])).all()


@pytest.mark.parametrize("samples", [np.ones((500, 3)), gaussian(2, count=FEWEST - 1)], ids=["all alike", "few"])
def test_of_too_few_nothing_is_said(samples: np.ndarray) -> None:
    table = intrinsic_dimension(samples)
    assert table.empty
    assert tuple(table.columns) == COLUMNS


def test_the_figure_has_it_on_the_axis_of_latent_dimensions(tmp_path: Path) -> None:
    view = View(open_sweep(write_sweep(tmp_path / "s", trials=16, seeds=2).path))
    (section,) = intrinsic_dimension_sections(view)
    assert section.figure is not None
    axes = section.figure.axes[0]
    np.testing.assert_allclose(
        places(dots(axes)[0]), view.board.sort_values("trial")[["latent_dim", "active_units"]].to_numpy()
    )
    upright = [float(np.asarray(line.get_xdata())[0]) for line in axes.lines if "data, " in str(line.get_label())]
    np.testing.assert_allclose(upright, section.table["dimension"])
    assert "The first trial has " in section.sentence
    assert section.table["samples"].iloc[0] == view.sweep.count("train")


def test_without_the_data_it_is_left_out(tmp_path: Path) -> None:
    view = View(open_sweep(write_sweep(tmp_path / "s", trials=4, data=str(tmp_path / "gone.npz")).path))
    (section,) = intrinsic_dimension_sections(view)
    assert "gone.npz" in section.left_out


def test_data_info_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["data", "info", "digits"], standalone_mode=False)
    assert "by Two-NN and" in capsys.readouterr().out
