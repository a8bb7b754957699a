import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pandas.testing import assert_frame_equal
from scipy import stats

from analysis.effects.effect import BINS, COLUMNS, effect
from analysis.frames.sweep import Sweep, open_sweep
from analysis.kl.by_rank import kl_by_rank
from analysis.plane.frontier import frontier
from analysis.presentation.view import View
from analysis.presentation.words import cells, interval, listed, number, texts
from analysis.statistics.dominance import dominated, on_lower_left_hull
from analysis.statistics.intervals import half_width, replicates, trial_means
from analysis.statistics.leaderboard import leaderboard
from analysis.statistics.states import failures, is_complete, states
from analysis.summary.summary import summary
from analysis.training.curves import learning_curves, standings
from tests.synthetic import write_sweep
from vae.columns import RUNS, TOTALS, parse_objectives
from vae.parameters import ALWAYS


def runs_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of the runs frame; what a row does not say is plain."""
    plain: dict[str, Any] = {"seed": 0, "model": "vae", "state": "COMPLETE"}
    plain |= {"latent_dim": 2, "beta": 1.0, "hidden_dim": 64}
    plain |= dict.fromkeys([*TOTALS, "seconds"], 0.0)
    return pd.DataFrame([plain | {"run": i} | row for i, row in enumerate(rows)])[list(RUNS)]


def points_frame(points: Sequence[tuple[float, float]]) -> pd.DataFrame:
    return runs_frame([{"trial": i, "rate_nats": r, "distortion_nats": d} for i, (r, d) in enumerate(points)])


def trials_frame(**columns: Any) -> pd.DataFrame:
    count = len(columns["state"])
    plain: dict[str, Any] = {
        "trial": range(count),
        "latent_dim": range(2, 2 + count),
        "beta": 1.0,
        "hidden_dim": 64,
    }
    return pd.DataFrame(plain | {"seconds": 1.0, "error": ""} | columns)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return open_sweep(write_sweep(tmp_path_factory.mktemp("s") / "digits", failed={5: "run 15: NaN"}).path)


# Intervals


def test_half_width_against_scipy() -> None:
    values = [1.0, 2.5, 4.0]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    means = replicates(pd.DataFrame({"trial": 0, "x": values}), ["trial"], ["x"])
    assert means["x"].item() == 2.5
    assert means["n"].item() == 3
    assert means["x_half_width"].item() == pytest.approx((high - low) / 2)
    assert means["x_half_width"].item() == pytest.approx(4.302652729911275 * 1.5 / math.sqrt(3))


def test_half_width_of_one_value_is_unknown() -> None:
    assert np.isnan(half_width(pd.Series([np.nan]), pd.Series([1]))).all()


def test_trial_means_leave_out_autoencoders_and_failed_runs() -> None:
    rows: list[dict[str, Any]] = [{"trial": 0, "elbo_nats": -1.0}, {"trial": 0, "seed": 1, "elbo_nats": -3.0}]
    rows += [{"trial": 0, "model": "ae", "elbo_nats": -100.0}, {"trial": 1, "state": "FAIL"}]
    means = trial_means(runs_frame(rows), ["elbo_nats"])
    assert means[["trial", "n", "elbo_nats"]].values.tolist() == [[0, 2, -2.0]]  # noqa: PD011


# Frontier


HULLS = {
    "corner": ([(0, 4), (1, 1), (4, 0), (3, 3)], [True, True, True, False]),
    "above the edge": ([(0, 4), (2, 3), (4, 0)], [True, False, True]),
    "on the edge": ([(0, 4), (2, 2), (4, 0)], [True, True, True]),
    "duplicates": ([(0, 4), (0, 4), (1, 1), (1, 1), (4, 0)], [True] * 5),
    "a duplicate above the edge": ([(0, 4), (2, 3), (2, 3), (4, 0)], [True, False, False, True]),
    "the rising part": ([(0, 1), (1, 0), (2, 0), (3, 5)], [True, True, False, False]),
    "one column": ([(1, 1), (1, 2), (1, 3)], [True, False, False]),
    "one point": ([(2, 2)], [True]),
    "negative distortions": ([(0, -1), (1, -5), (2, -6), (2, -3)], [True, True, True, False]),
}


@pytest.mark.parametrize(("points", "expected"), HULLS.values(), ids=HULLS.keys())
def test_hull_of_hand_made_points(points: list[tuple[float, float]], expected: list[bool]) -> None:
    assert frontier(points_frame(points))["on_frontier"].tolist() == expected


def test_dominated_of_hand_made_points() -> None:
    points = [(0, 4), (1, 1), (1, 1), (1, 2), (4, 0), (5, 0), (0.5, 3)]
    assert frontier(points_frame(points))["dominated"].tolist() == [
        False,
        False,
        False,
        True,
        False,
        True,
        False,
    ]


def plane(least: int, most: int) -> st.SearchStrategy[np.ndarray]:
    """Points on whole numbers, so that ties and collinear points are common and exact."""
    shape = st.tuples(st.integers(least, most), st.just(2))
    return hnp.arrays(np.float64, shape, elements=st.integers(-5, 5).map(float))


@given(plane(1, 12))
def test_hull_twin(points: np.ndarray) -> None:
    """A point is on the hull where some weighting of rate and distortion, each counted, likes it best."""
    slopes = {(q[1] - p[1]) / (q[0] - p[0]) for p in points for q in points if p[0] != q[0]}
    betas = sorted({-slope for slope in slopes if slope < 0} | {0.001, 1000.0})
    betas += [(a + b) / 2 for a, b in itertools.pairwise(betas)]
    expected = np.zeros(len(points), dtype=bool)
    for beta in betas:
        cost = points @ (beta, 1.0)
        expected |= np.isclose(cost, cost.min(), atol=1e-9, rtol=0)
    assert on_lower_left_hull(points).tolist() == expected.tolist()


@given(plane(1, 30))
def test_no_point_lies_below_the_hull(points: np.ndarray) -> None:
    hull = np.unique(points[on_lower_left_hull(points)], axis=0)
    below = np.interp(points[:, 0], hull[:, 0], hull[:, 1])
    assert (points[:, 1] >= below - 1e-9).all()
    assert (points[:, 0] >= hull[0, 0]).all()


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=st.integers(0, 4).map(float)))
def test_dominated_twin(points: np.ndarray) -> None:
    expected = [any((q <= p).all() and (q < p).any() for q in points) for p in points]
    assert dominated(points).tolist() == expected


def test_frontier_is_of_means_over_seeds() -> None:
    rows = [
        {"trial": 3, "seed": s, "rate_nats": 1.0 + s, "distortion_nats": 4.0, "elbo_nats": -5.0 - s} for s in (0, 1)
    ]
    row = frontier(runs_frame(rows)).iloc[0]
    assert (row["rate_nats"], row["distortion_nats"], row["elbo_nats"], row["n"]) == (1.5, 4.0, -5.5, 2)
    assert row["rate_nats_half_width"] == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(0.5) / np.sqrt(2))
    assert row["distortion_nats_half_width"] == 0


# Leaderboard


@pytest.mark.parametrize(
    ("objective", "order"), [("elbo", [2, 0, 1]), ("rate_nats:min", [1, 0, 2]), ("rate_nats:max", [2, 0, 1])]
)
def test_leaderboard_puts_the_best_first(objective: str, order: list[int]) -> None:
    trials = trials_frame(state=["COMPLETE"] * 3 + ["FAIL", "RUNNING"], value=[-3.0, -4.0, -2.0, np.nan, np.nan])
    runs = runs_frame([{"trial": i, "latent_dim": 2 + i, "elbo_nats": -float(i)} for i in range(3)])
    board = leaderboard(trials, runs, parse_objectives(objective))
    assert board["trial"].tolist() == order
    assert board["elbo_nats"].tolist() == [-float(i) for i in order]
    assert board["elbo_nats_half_width"].isna().all()
    assert board["n"].tolist() == [1, 1, 1]


def test_leaderboard_of_a_pareto_study() -> None:
    objectives = parse_objectives("rate_nats:min,distortion_nats:min")
    rates, distortions = [3.0, 1.0, 2.0, 0.5], [1.0, 2.0, 3.0, 9.0]
    trials = trials_frame(state=["COMPLETE"] * 4, value_rate_nats=rates, value_distortion_nats=distortions)
    board = leaderboard(trials, runs_frame([{"trial": i, "latent_dim": 2 + i} for i in range(4)]), objectives)
    assert board["trial"].tolist() == [3, 1, 0, 2]
    assert board["dominated"].tolist() == [False, False, False, True]


def test_equal_trials_stand_in_the_order_they_were_asked() -> None:
    trials = trials_frame(state=["COMPLETE"] * 3, value=[1.0, 1.0, 1.0])
    assert leaderboard(trials, runs_frame([{"trial": 0}]), parse_objectives("elbo"))["trial"].tolist() == [
        0,
        1,
        2,
    ]


def test_a_point_asked_twice_shares_its_runs() -> None:
    trials = trials_frame(state=["COMPLETE"] * 2, value=[-1.0, -1.0], latent_dim=[2, 2])
    board = leaderboard(trials, runs_frame([{"trial": 0, "elbo_nats": -1.5}]), parse_objectives("elbo"))
    assert board["elbo_nats"].tolist() == [-1.5, -1.5]


def test_leaderboard_of_a_sweep_has_the_value_as_its_mean(sweep: Sweep) -> None:
    board = leaderboard(sweep.trials, sweep.runs, sweep.objectives)
    assert len(board) == 23
    assert set(board["n"]) == {3}
    assert board["value"].is_monotonic_decreasing
    np.testing.assert_allclose(board["value"], board["validation_elbo_nats"])


# Effects


def test_effect_averages_trials_within_a_seed_and_then_seeds() -> None:
    rates = {(0, 0): 1.0, (0, 1): 3.0, (1, 0): 5.0, (1, 1): 7.0, (2, 0): 10.0, (2, 1): 10.0}
    betas = {0: 0.5, 1: 0.5, 2: 2.0}
    rows = [{"trial": t, "seed": s, "beta": betas[t], "rate_nats": r} for (t, s), r in rates.items()]
    rows.append({"trial": 3, "seed": 0, "beta": 2.0, "rate_nats": 99.0})  # lacks a seed
    width = stats.t.ppf(0.975, 1) * np.sqrt(2) / np.sqrt(2)
    expected = pd.DataFrame(
        {
            "value": [0.5, 2.0],
            "lowest": [0.5, 2.0],
            "highest": [0.5, 2.0],
            "trials": [2, 1],
            "quantity": "rate_nats",
            "mean": [4.0, 10.0],
            "low": [4.0 - width, 10.0],
            "high": [4.0 + width, 10.0],
            "n": [2, 2],
        }
    )
    assert_frame_equal(effect(runs_frame(rows), "beta", ["rate_nats"]), expected)


def test_many_values_are_gathered_in_bins_that_hold_every_trial_once() -> None:
    rows = [{"trial": i, "beta": float(2**i), "rate_nats": float(i)} for i in range(5 * BINS)]
    means = effect(runs_frame(rows), "beta", ["rate_nats"])
    assert means["trials"].tolist() == [5] * BINS
    assert means["mean"].tolist() == [5 * i + 2.0 for i in range(BINS)]
    assert means["value"].tolist() == [2.0 ** (5 * i + 2) for i in range(BINS)]
    assert (means["highest"].iloc[:-1].to_numpy() < means["lowest"].iloc[1:].to_numpy()).all()
    assert means["low"].isna().all()


def test_effect_of_no_runs_is_an_empty_frame() -> None:
    empty = effect(runs_frame([{"trial": 0, "state": "FAIL"}]), "beta")
    assert empty.empty
    assert tuple(empty) == COLUMNS


# Curves


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [("first", 10)]),
        (2, [("first", 10), ("last", 11)]),
        (3, [("first", 10), ("last", 12), ("median", 11)]),
        (6, [("first", 10), ("last", 15), ("median", 13)]),
    ],
)
def test_standings(count: int, expected: list[tuple[str, int]]) -> None:
    board = pd.DataFrame({"trial": np.arange(10, 10 + count)})
    assert list(standings(board).itertuples(index=False, name=None)) == expected


def test_learning_curves_are_means_over_seeds(sweep: Sweep) -> None:
    board = leaderboard(sweep.trials, sweep.runs, sweep.objectives)
    curves = learning_curves(board, sweep.runs, sweep.history)
    assert len(curves) == 3 * 2 * 40
    best = curves[(curves["standing"] == "first") & (curves["split"] == "train")]
    runs = sweep.runs.loc[sweep.runs["trial"] == board["trial"].iloc[0], "run"]
    history = sweep.history[sweep.history["run"].isin(runs)]
    expected = history.groupby("epoch")["train_elbo_nats"].mean()
    np.testing.assert_allclose(best["elbo_nats"], expected)
    assert best["epoch"].tolist() == list(range(1, 41))


def test_a_point_asked_twice_has_one_curve(sweep: Sweep) -> None:
    board = leaderboard(sweep.trials, sweep.runs, sweep.objectives)
    twice = pd.concat([board, board.tail(1).assign(trial=99)], ignore_index=True)
    assert_frame_equal(
        learning_curves(twice, sweep.runs, sweep.history), learning_curves(board, sweep.runs, sweep.history)
    )


def test_kl_is_sorted_within_a_run_before_seeds_are_averaged() -> None:
    runs = runs_frame([{"trial": 0, "seed": 0}, {"trial": 0, "seed": 1}])
    dims = pd.DataFrame({"run": [0, 0, 1, 1], "dim": [0, 1, 0, 1], "kl_nats": [3.0, 0.0, 1.0, 5.0]})
    kl = kl_by_rank(runs, dims)
    assert kl["rank"].tolist() == [1, 2]
    assert kl["kl_nats"].tolist() == [4.0, 0.5]


# States


def test_states_name_every_state() -> None:
    counts = states(trials_frame(state=["COMPLETE", "FAIL", "COMPLETE", "RUNNING"], value=0.0))
    assert dict(zip(counts["state"], counts["trials"], strict=True)) == {
        "COMPLETE": 2, "PRUNED": 0, "FAIL": 1, "RUNNING": 1, "WAITING": 0,
    }  # fmt: skip


def test_failures_keep_their_reason() -> None:
    failed = failures(trials_frame(state=["COMPLETE", "FAIL"], value=0.0, error=["", "loss was NaN"]))
    assert failed[["trial", "error"]].values.tolist() == [[1, "loss was NaN"]]  # noqa: PD011


@pytest.mark.parametrize(
    ("ended", "expected"),
    [(["COMPLETE", "FAIL"], True), (["COMPLETE"], False), (["COMPLETE", "FAIL", "RUNNING"], False)],
)
def test_complete_is_every_trial_of_the_spec_ended(ended: list[str], expected: bool) -> None:
    assert is_complete(trials_frame(state=ended, value=0.0), {"trials": 2}) is expected


# Summary


def test_summary_is_json(sweep: Sweep) -> None:
    told = json.loads(json.dumps(summary(View(sweep)), allow_nan=False))
    assert list(told) == [
        "name",
        "state",
        "mode",
        "counts",
        "training",
        "choice",
        "refined",
        "best",
        "pareto",
        "leaderboard",
    ]
    assert (told["name"], told["state"], told["mode"]) == ("digits", "complete", "explore")
    assert told["counts"] == {"COMPLETE": 23, "PRUNED": 0, "FAIL": 1, "RUNNING": 0, "WAITING": 0}
    first = told["leaderboard"][0]
    point = {name: first[name] for name in ALWAYS}
    best = told["best"]
    assert (best["trial"], best["params"], best["value"]) == (first["trial"], point, first["value"])
    assert best["is_sure"] is not bool(best["tied_with"])
    assert (told["pareto"], told["training"]["still_improving"], told["training"]["runs"]) == ([], 0, 69)
    assert isinstance(first["trial"], int)
    assert isinstance(first["latent_dim"], int)


def test_summary_of_one_seed_has_no_nan(tmp_path: Path) -> None:
    told = summary(View(open_sweep(write_sweep(tmp_path / "s", trials=3, seeds=1, asked=2).path)))
    assert told["state"] == "incomplete"
    assert told["leaderboard"][0]["elbo_nats_half_width"] is None
    json.dumps(told, allow_nan=False)


def test_summary_of_a_pareto_study_and_of_nothing(tmp_path: Path) -> None:
    pareto: dict[str, Any] = {"objective": "rate_nats:min,distortion_nats:min", "trials": 3}
    several = summary(View(open_sweep(write_sweep(tmp_path / "p", **pareto).path)))
    front = [row["trial"] for row in several["leaderboard"] if not row["dominated"]]
    assert (several["best"], several["pareto"]) == (None, front)
    told = summary(View(open_sweep(write_sweep(tmp_path / "n", trials=1, failed={0: "NaN"}).path)))
    assert (told["best"], told["leaderboard"]) == (None, [])


# Words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (-3, "−3"),
        (12345.678, "12346"),
        (-38.2517, "−38.25"),
        (0.123456, "0.1235"),
        (2.0, "2"),
        (0.0, "0"),
        (math.nan, "–"),
        (math.inf, "inf"),
        ("<b>", "<b>"),
    ],
)
def test_number(value: object, text: str) -> None:
    assert number(value) == text


def test_interval() -> None:
    assert interval(-38.2517, 0.2099) == "−38.25 ± 0.21"
    assert interval(-38.2517, math.nan) == "−38.25"
    assert interval(math.nan, math.nan) == "–"


def test_a_half_width_joins_its_mean() -> None:
    frame = pd.DataFrame({"trial": [3, 4], "x": [1.234, -2.0], "x_half_width": [0.5, math.nan]})
    assert cells(frame) == [["3", "1.23 ± 0.50"], ["4", "−2.00"]]


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("value", [-32.15, -32.0, math.nan], ["−32.15", "−32.00", "–"]),
        ("elbo_nats", [-32.0], ["−32.00"]),
        ("kl_nats", [0.004123, 0.0], ["0.0041", "0.0000"]),
        ("beta", [0.78276], ["0.78"]),
        ("beta", [0.15461, 15.3921, 4.0], ["0.15", "15.39", "4.00"]),
        ("beta", [0.125, 1.0, 4.0], ["0.125", "1.000", "4.000"]),
        ("beta", [1.0, 4.0], ["1", "4"]),
        ("learning_rate", [0.000312764, 0.01], ["0.00031", "0.01000"]),
        ("hidden_dim", [64, 128], ["64", "128"]),
        ("active_units", [2.0, 1.3333], ["2.0", "1.3"]),
        ("active_units", [2.0, 3.0], ["2", "3"]),
        ("share", [0.0671, 0.2441], ["0.0671", "0.2441"]),
        ("p_value", [0.00012, 0.9], ["0.0001200", "0.9000"]),
        ("within", [True, False], ["yes", "no"]),
        ("metric", ["recall", None], ["recall", "–"]),
    ],
)
def test_a_column_has_one_number_of_decimals(column: str, values: list[object], shown: list[str]) -> None:
    assert texts(column, values) == shown


def test_listed() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
