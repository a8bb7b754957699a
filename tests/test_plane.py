"""The rate-distortion plane: its zero-rate point, the area under its frontier, and the slope that beta gives it."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from analysis.frames.sweep import open_sweep
from analysis.plane.convergence import COLUMNS, slopes
from analysis.plane.frontier import AREA, area_below, frontier, frontier_area, frontier_corners
from analysis.plane.section import plane_sections, slope_sections
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.statistics.intervals import half_width, jackknife_half_width
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.make import make_spec
from tests.synthetic import write_sweep
from tests.test_analysis import points_frame, runs_frame
from tests.test_sweep import Inline
from vae.zero_rate import zero_rate_distortion_nats

SIGNAL = 4.0 * 0.8 ** np.arange(12)
"""Variances of the principal components of a linear-Gaussian problem."""
NOISE = 0.25
BETAS = (0.25, 0.5, 1.0, 2.0, 4.0)


def water_filling(beta: float, latent_dim: int = 12) -> tuple[float, float]:
    """Rate and distortion of the linear VAE at its optimum: Gaussian decoder of variance NOISE, least D + beta R.

    The water level is beta NOISE: a component of variance s keeps error min(s, level) at 1/2 log(s / level) nats.
    """
    kept, lost = SIGNAL[:latent_dim], SIGNAL[latent_dim:]
    level = np.minimum(kept, beta * NOISE)
    return float(0.5 * np.log(kept / level).sum()), float((level.sum() + lost.sum()) / (2 * NOISE))


def optimal_runs(betas: Sequence[float], seeds: int = 1, noise: float = 0.0, **shape: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for trial, beta in enumerate(betas):
        rate, distortion = water_filling(beta, shape.get("latent_dim", 12))
        for seed in range(seeds):
            nats = {"rate_nats": rate, "distortion_nats": distortion + noise * rng.standard_normal()}
            rows.append({"trial": trial, "seed": seed, "beta": beta} | nats | shape)
    return runs_frame(rows)


def seeded(points: Sequence[Sequence[tuple[float, float]]]) -> pd.DataFrame:
    """Runs of points (trial, seed) of (rate, distortion)."""
    return runs_frame(
        [
            {"trial": trial, "seed": seed, "rate_nats": r, "distortion_nats": d, "beta": 1.0 + trial}
            for trial, seeds in enumerate(points)
            for seed, (r, d) in enumerate(seeds)
        ]
    )


# The interval


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.array([1.0, 2.5, 4.0, -1.0])
    without_one = np.array([np.delete(values, i).mean() for i in range(4)])
    expected = half_width(pd.Series([values.std(ddof=1)]), pd.Series([4]))
    assert jackknife_half_width(without_one) == pytest.approx(expected[0])


def test_the_jackknife_of_one_seed_is_unknown() -> None:
    assert np.isnan(jackknife_half_width(np.zeros((0, 3)))).tolist() == [True] * 3


# The zero-rate point


def test_the_zero_rate_point_is_a_corner_and_dominates() -> None:
    points = [(0.1, 11.0), (0.05, 9.0), (4.0, 5.0), (8.0, 4.0)]
    plain, ended = frontier(points_frame(points)), frontier(points_frame(points), 10.0)
    assert plain["on_frontier"].tolist() == [False, True, True, True]
    assert ended["on_frontier"].tolist() == [False, True, True, True]
    assert ended["dominated"].tolist() == [True, False, False, False]
    assert frontier(points_frame(points), 8.0)["on_frontier"].tolist() == [False, False, True, True]
    assert frontier(points_frame(points), 8.0)["dominated"].tolist() == [True, True, False, False]
    assert list(plain) == list(ended)
    assert frontier_corners(points_frame(points), 8.0).tolist() == [[0.0, 8.0], [4.0, 5.0], [8.0, 4.0]]


def test_a_collapsed_run_lies_at_the_zero_rate_point(tmp_path: Path) -> None:
    options = {"beta": "1000", "latent_dim": "2", "hidden_dim": "16", "trials": 1, "seeds": 1, "epochs": 150}
    rest = {"learning_rate": 3e-3, "data": "digits", "out": str(tmp_path), "name": "s", "report": False}
    run_sweep(make_spec(options | rest), engine=Inline())
    sweep = open_sweep(tmp_path / "s")
    end = zero_rate_distortion_nats(sweep.images("train"), sweep.images("test"))
    run = sweep.runs.iloc[0]
    assert run["rate_nats"] == pytest.approx(0.0, abs=0.01)
    assert run["distortion_nats"] == pytest.approx(end, rel=0.01)


# The area


def test_area_of_a_hand_made_hull() -> None:
    # 0..4: mean of 10 and 4 times 4; 4..8: mean of 4 and 2 times 4; (5, 6) is above the hull
    runs = points_frame([(4.0, 4.0), (8.0, 2.0), (5.0, 6.0)])
    row = frontier_area(runs, 10.0).iloc[0]
    assert (row["rate_low_nats"], row["rate_high_nats"]) == (0.0, 8.0)
    assert row["area_nats2"] == pytest.approx(28.0 + 12.0)
    assert row["mean_distortion_nats"] == pytest.approx(5.0)
    assert row["zero_rate_nats"] == 10.0
    assert np.isnan(row["area_nats2_half_width"])
    without = frontier_area(runs).iloc[0]
    assert (without["rate_low_nats"], without["area_nats2"]) == (4.0, pytest.approx(12.0))
    assert np.isnan(without["zero_rate_nats"])


def test_area_over_a_given_interval_goes_on_level() -> None:
    runs = points_frame([(4.0, 4.0), (8.0, 2.0)])
    assert frontier_area(runs, 10.0, until_rate_nats=10.0)["area_nats2"].item() == pytest.approx(40.0 + 4.0)
    assert frontier_area(runs, 10.0, until_rate_nats=6.0)["area_nats2"].item() == pytest.approx(28.0 + 7.0)


def test_area_converges_to_the_exact_curve() -> None:
    end = SIGNAL.sum() / (2 * NOISE)
    runs = optimal_runs(np.geomspace(0.1, SIGNAL.max() / NOISE, 400).tolist())
    row = frontier_area(runs, end).iloc[0]
    curve = np.array([water_filling(beta) for beta in np.geomspace(0.1, SIGNAL.max() / NOISE, 20_000)])[::-1]
    assert row["area_nats2"] == pytest.approx(integrate.trapezoid(curve[:, 1], curve[:, 0]), rel=1e-4)


def test_area_knows_neither_beta_nor_the_order_of_runs() -> None:
    runs = optimal_runs(BETAS, seeds=3, noise=0.1)
    area = frontier_area(runs, 40.0)
    for other in (runs.sample(frac=1.0, random_state=0), runs.assign(beta=runs["beta"] ** 2 + 7)):
        pd.testing.assert_frame_equal(frontier_area(other, 40.0), area)


def test_area_of_a_better_trial_is_smaller() -> None:
    points = [(4.0, 4.0), (8.0, 2.0)]
    better = frontier_area(points_frame([*points, (6.0, 2.5)]), 10.0)["area_nats2"].item()
    assert better < frontier_area(points_frame(points), 10.0)["area_nats2"].item()


def test_interval_of_the_area_where_it_is_linear_in_the_seeds() -> None:
    # equal rates, all on the hull: the area is linear in D, so the jackknife is Student's t of the areas by seed
    shifts = np.array([0.0, 0.3, -0.1])
    runs = seeded([[(0.0, 10 + s) for s in shifts], [(4.0, 4 + s) for s in shifts], [(8.0, 2 + s) for s in shifts]])
    row = frontier_area(runs).iloc[0]
    expected = stats.t.ppf(0.975, 2) * stats.sem(40.0 + 8.0 * shifts)
    assert row["area_nats2_half_width"] == pytest.approx(expected)
    assert row["mean_distortion_nats_half_width"] == pytest.approx(expected / 8.0)
    assert row["n"] == 3


def test_area_of_nothing_and_of_one_point() -> None:
    nothing = frontier_area(points_frame([(1.0, 1.0)]).assign(model="ae"))
    assert nothing.empty
    assert tuple(nothing) == AREA
    row = frontier_area(points_frame([(1.0, 1.0)])).iloc[0]
    assert row["area_nats2"] == 0.0
    assert np.isnan(row["mean_distortion_nats"])


def test_area_below_negative_distortions_is_negative() -> None:
    assert area_below(np.array([[0.0, -1.0], [2.0, -3.0]]), 0.0, 2.0) == pytest.approx(-4.0)


# The slope


def test_the_exact_curve_falls_by_beta() -> None:
    pairs = slopes(optimal_runs(BETAS))
    assert list(pairs) == ["latent_dim", "hidden_dim", *COLUMNS]
    assert pairs[["beta_low", "beta_high"]].to_numpy().tolist() == [list(p) for p in itertools.pairwise(BETAS)]
    assert pairs["within"].all()
    assert pairs["expected"].tolist() == pytest.approx([-math.sqrt(a * b) for a, b in itertools.pairwise(BETAS)])
    assert pairs["slope_half_width"].isna().all()


def test_between_close_betas_the_slope_is_beta() -> None:
    pairs = slopes(optimal_runs([0.999, 1.001]))
    assert pairs["slope"].item() == pytest.approx(-1.0, abs=1e-3)


def test_a_run_that_was_not_trained_to_its_optimum_is_seen() -> None:
    runs = optimal_runs(BETAS)
    runs.loc[runs["beta"] == 0.25, "distortion_nats"] += 3.0
    assert slopes(runs)["within"].tolist() == [False, True, True, True]


def test_pairs_differ_in_beta_alone() -> None:
    runs = pd.concat([optimal_runs(BETAS, latent_dim=d, hidden_dim=h) for d, h in ((4, 64), (8, 64), (4, 128))])
    pairs = slopes(runs.assign(trial=np.arange(len(runs))))
    assert len(pairs) == 3 * (len(BETAS) - 1)
    assert (pairs["beta_low"] < pairs["beta_high"]).all()
    assert pairs["within"].all()
    assert pairs.groupby(["latent_dim", "hidden_dim"]).ngroups == 3


@pytest.mark.parametrize("shape", [{"latent_dim": [2, 3, 4, 5, 6]}, {"hidden_dim": [16, 32, 64, 128, 256]}])
def test_no_pairs_where_something_else_differs(shape: dict[str, list[int]]) -> None:
    assert slopes(optimal_runs(BETAS).assign(**shape)).empty


def test_neither_autoencoders_nor_failed_runs_make_pairs() -> None:
    runs = optimal_runs(BETAS)
    assert slopes(runs.assign(model="ae")).empty
    assert slopes(runs.assign(state="FAIL")).empty


def test_interval_of_a_slope_at_known_rates() -> None:
    # the rates do not vary, so the slope is linear in D and the jackknife is Student's t of the slopes by seed
    fall = np.array([2.0, 2.6, 1.7])
    pairs = slopes(seeded([[(5.0, 1.0)] * 3, [(4.0, 1.0 + f) for f in fall]]))
    assert pairs["slope"].item() == pytest.approx(-fall.mean())
    assert pairs["slope_half_width"].item() == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(fall))
    assert pairs["n"].item() == 3


def test_equal_rates_have_no_slope() -> None:
    pairs = slopes(seeded([[(1.0, 2.0)], [(1.0, 3.0)]]))
    assert np.isnan(pairs["slope"].item())
    assert not pairs["within"].item()


# The sections


def plane(path: Path, **case: Any) -> dict[str, Section]:
    sweep = open_sweep(write_sweep(path / "s", **case).path)
    view = View(sweep)
    return {part.slug: part for part in [*plane_sections(view), *slope_sections(view)]}


def grid(betas: Sequence[float], **shape: Any) -> dict[str, Any]:
    points = [{"latent_dim": 8, "beta": beta, "hidden_dim": 64} | shape for beta in betas]
    return {"points": points, "trials": len(points), "sampler": "grid"}


def test_sections_of_a_grid(tmp_path: Path) -> None:
    parts = plane(tmp_path, **grid(BETAS), offset=0.0)
    assert list(parts) == ["frontier", "frontier_area", "convergence"]
    assert all(part.figure is not None for part in parts.values())
    assert len(parts["convergence"].table) == 4
    assert "of 4 pairs" in parts["convergence"].sentence
    end = parts["frontier_area"].table["zero_rate_nats"].item()
    assert f"{end:.2f}" in parts["frontier"].reading
    assert "0 pruned and 0 failed trials" in parts["frontier"].reading


def test_sections_of_a_design_without_pairs(tmp_path: Path) -> None:
    parts = plane(tmp_path, trials=6)
    assert parts["convergence"].figure is None
    assert "no two complete trials" in parts["convergence"].sentence
    assert parts["frontier"].figure is not None


def test_without_its_images_the_plane_is_still_shown(tmp_path: Path) -> None:
    parts = plane(tmp_path, **grid(BETAS), data=str(tmp_path / "moved.npz"))
    assert "the images can no longer be read" in parts["frontier"].reading
    assert parts["frontier_area"].table["zero_rate_nats"].isna().all()
    assert "the frontier's first point" in parts["frontier_area"].sentence


def test_trials_that_are_no_better_than_nothing_have_no_area(tmp_path: Path) -> None:
    parts = plane(tmp_path, **grid(BETAS), offset=50.0)
    assert parts["frontier"].table["dominated"].all()
    assert parts["frontier_area"].sentence == "Left out: the frontier is a single point."


def test_nothing_complete(tmp_path: Path) -> None:
    parts = plane(tmp_path, trials=1, failed={0: "NaN"})
    assert all(part.sentence.startswith("Left out") and part.figure is None for part in parts.values())


@pytest.mark.parametrize("betas", [(0.0, 1.0), (0.0, 0.5, 1.0), (50.0, 100.0, 200.0)])
def test_betas_at_the_edge(tmp_path: Path, betas: tuple[float, ...]) -> None:
    assert len(plane(tmp_path, **grid(betas))["convergence"].table) == len(betas) - 1


def test_a_zero_rate_point_outside_the_frame_is_named(tmp_path: Path) -> None:
    figure = plane(tmp_path, **grid((0.1, 0.2)), offset=900.0)["frontier"].figure
    assert figure is not None
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert any("outside: R = 0" in text.get_text() for text in legend.get_texts())
