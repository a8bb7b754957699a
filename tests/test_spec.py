"""The spec, its axes and schedules, and which points come next."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sweeps.coordination.plan import plan_stacks, runs_of_trial, stack_size
from sweeps.engines.worker import Run
from sweeps.spec.axes import parse_axis
from sweeps.spec.make import make_spec, read_spec
from sweeps.spec.options import names_of
from sweeps.study import ask
from sweeps.study.space import distributions
from vae.columns import parse_objectives, value_columns
from vae.config import RunConfig
from vae.errors import ConfigError
from vae.files.results import Folder
from vae.schedules import BetaSchedule
from vae.stack.machine import MOST_RUNS, STANDARD
from vae.stack.planning import stack_key, working_set_bytes


@pytest.mark.parametrize(
    ("name", "text", "choices", "low", "high", "log"),
    [
        ("latent_dim", "2:32", (), 2, 32, False),
        ("latent_dim", "2,8,8,16", (2, 8, 16), None, None, False),
        ("latent_dim", "7", (7,), None, None, False),
        ("latent_dim", "7:7", (7,), None, None, False),
        ("beta", "0.1:16:log", (), 0.1, 16.0, True),
        ("beta", "0", (0.0,), None, None, False),
        ("hidden_dim", "60:600", (64, 128, 256, 512), None, None, False),
        ("hidden_dim", "400", (400,), None, None, False),
    ],
)
def test_axes(name: str, text: str, choices: Any, low: Any, high: Any, log: bool) -> None:
    axis = parse_axis(name, text)
    assert axis.choices == choices
    assert axis.log == log
    if low is not None:
        assert (axis.low, axis.high) == (low, high)


GAUSSIAN = {"likelihood": "gaussian", "sigma": 0.5}


def test_toml_takes_numbers_and_lists_for_axes_and_survives_a_round_trip(tmp_path: Path) -> None:
    spec = make_spec({"latent_dim": [2, 8], "beta": 1, "hidden_dim": 64, "timeout": 90, "jobs": 2} | GAUSSIAN)
    assert (spec.latent_dim, spec.beta, spec.hidden_dim, spec.jobs) == ("2,8", "1", "64", "2")
    assert spec.timeout_seconds == 90
    folder = Folder(tmp_path)
    folder.write_spec(spec.as_dict())
    assert make_spec(folder.read_spec()) == spec
    assert make_spec(read_spec(folder.spec)) == spec


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("latent_dim", range(2, 5), "2,3,4"),
        ("latent_dim", np.int64(7), "7"),
        ("latent_dim", (np.int32(2), 8), "2,8"),
        ("latent_dim", np.array([2, 8]), "2,8"),
        ("latent_dim", torch.tensor([2, 8]), "2,8"),
        ("beta", np.float64(0.5), "0.5"),
        ("beta", (0.5, 1), "0.5,1"),
        ("data", Path("digits"), "digits"),
        ("seeds", np.int64(2), 2),
    ],
)
def test_python_gives_its_own_numbers_ranges_and_paths(name: str, value: Any, text: Any) -> None:
    assert getattr(make_spec({name: value}), name) == text


@pytest.mark.parametrize("name", ["beta", "seeds", "name", "sigma"])
@pytest.mark.parametrize("value", [np.zeros((300, 2)), torch.zeros(300, 2)])
def test_an_array_never_lands_in_an_error(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape("an array of shape (300, 2)")) as raised:
        make_spec({name: value})
    assert len(str(raised.value)) < 200


def test_an_error_repeats_no_more_than_the_start_of_a_long_value() -> None:
    for name in ("beta", "seeds"):
        with pytest.raises(ConfigError) as raised:
            make_spec({name: np.full(300, np.nan)})
        assert len(str(raised.value)) < 200


def test_identity_is_everything_that_changes_results() -> None:
    base = make_spec({})
    same = {"trials": 5, "jobs": "1", "name": "x", "out": "y", "timeout": "1m", "keep_weights": "none", "report": False}
    same |= {"stop_after": 3, "refine": True, "quiet": True, "preset": "textbook"}
    same |= {"engine": "dask", "scheduler": "tcp://a:1", "storage": "postgresql+psycopg://u@h/d"}
    assert set(same) == set(names_of("place"))
    assert make_spec(same).identity == base.identity
    for change in ({"epochs": 41}, {"seed": 1}, {"beta": "1"}, {"sampler": "random"}, {"limit": 100}):
        assert make_spec(change).identity != base.identity
    for spelling in ({"beta": "0.1:16.0:log"}, {"objective": "elbo_nats:max"}, {"batch": 8}, {"sigma": 2.0}):
        assert make_spec(spelling).identity == base.identity
    assert make_spec({"mode": "optimize", "batch": 8}).identity != make_spec({"mode": "optimize"}).identity


def test_defaults_that_depend_on_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = {"sampler": "grid", "latent_dim": "2,4", "beta": "1,2,3", "hidden_dim": "64"}
    assert make_spec(grid).trials == 6
    assert make_spec({"mode": "optimize"}).sampler == "tpe"
    (tmp_path / "images.npz").touch()
    monkeypatch.chdir(tmp_path)
    mine = make_spec({"data": "images.npz"})
    assert (mine.name, mine.data) == ("images", str(tmp_path / "images.npz"))
    assert make_spec(grid | {"trials": 7}).trials == 6


@pytest.mark.parametrize("sampler", ["qmc", "random", "grid"])
def test_more_points_extend_fewer(sampler: str) -> None:
    space = {"latent_dim": "1,2,3", "beta": "0.5,1,2,4", "hidden_dim": "16,32"} if sampler == "grid" else {}
    spec = make_spec({"sampler": sampler, "seed": 3} | space)
    many = ask.explore(spec, [], 24)
    assert ask.explore(spec, [], 9) == many[:9]
    assert len({tuple(point.values()) for point in many}) == 24
    assert all(list(point) == ["latent_dim", "beta", "hidden_dim"] for point in many)


def test_qmc_covers_and_seeds_differ() -> None:
    points = ask.explore(make_spec({}), [], 64)
    assert {point["hidden_dim"] for point in points} == {64, 128, 256}
    for low, high in ((2, 9), (10, 17), (18, 24), (25, 32)):
        assert 10 <= sum(low <= float(point["latent_dim"]) <= high for point in points) <= 22
    assert ask.explore(make_spec({"seed": 1}), [], 64) != points


def test_tpe_depends_on_what_was_told_and_on_nothing_else() -> None:
    spec = make_spec({"mode": "optimize"})
    first = ask.optimize(spec, [], 16)
    assert first == ask.optimize(spec, [], 16)

    def told(value: float) -> list[optuna.trial.FrozenTrial]:
        space = distributions(spec.axes)
        return [
            optuna.trial.create_trial(params=dict(point), distributions=space, value=value * float(point["beta"]))
            for point in first
        ]

    assert ask.optimize(spec, told(1.0), 4) == ask.optimize(spec, told(1.0), 4)
    assert ask.optimize(spec, told(1.0), 4) != ask.optimize(spec, told(-1.0), 4)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_stacks_hold_every_run_once_at_equal_shape_within_the_cache(workers: int) -> None:
    spec = make_spec({"trials": 40})
    runs = [run for trial, point in enumerate(ask.explore(spec, [], 40)) for run in runs_of_trial(spec, trial, point)]
    stacks = plan_stacks(runs, (64,), workers)
    assert sorted(run.run for stack in stacks for run in stack) == [run.run for run in runs]
    for stack in stacks:
        assert len({stack_key(run.config) for run in stack}) == 1
        assert len(stack) <= stack_size(stack[0].config, (64,)) <= MOST_RUNS
    assert len(stacks) >= workers


@pytest.mark.parametrize(
    ("likelihoods", "runs", "workers", "sizes"),
    [
        (1, 16, 1, [16]),
        (1, 16, 2, [8, 8]),
        (2, 16, 2, [16, 16]),  # one whole shape a worker: fewer, larger stacks
        (3, 16, 2, [8, 8, 8, 8, 8, 8]),
        (1, 3, 2, [2, 1]),
        (1, 64, 1, [22, 21, 21]),
    ],
)
def test_stacks_are_as_large_as_keeps_every_worker_busy(
    likelihoods: int, runs: int, workers: int, sizes: list[int]
) -> None:
    kinds = ("bernoulli", "continuous_bernoulli", "gaussian")[:likelihoods]
    configs = [
        RunConfig(latent_dim=2, hidden_dim=16, likelihood=kind, seed=seed) for kind in kinds for seed in range(runs)
    ]
    machine = replace(STANDARD, call_seconds=2.5e-4)  # as long as five of these runs
    stacks = plan_stacks([Run(n, n, config) for n, config in enumerate(configs)], (64,), workers, machine=machine)
    assert sorted(map(len, stacks), reverse=True) == sizes


def test_a_gpu_takes_every_run_of_a_shape_at_once() -> None:
    configs = [RunConfig(latent_dim=2, hidden_dim=128, seed=seed) for seed in range(300)]
    runs = [Run(n, n, config) for n, config in enumerate(configs)]
    assert [len(stack) for stack in plan_stacks(runs, (784,), 1, "cuda")] == [300]
    assert max(len(stack) for stack in plan_stacks(runs, (784,), 1)) <= MOST_RUNS


def test_the_dearest_stack_is_trained_first() -> None:
    configs = [RunConfig(latent_dim=2, hidden_dim=hidden, seed=seed) for hidden in (16, 512, 128) for seed in range(2)]
    stacks = plan_stacks([Run(n, n, config) for n, config in enumerate(configs)], (64,), 1)
    assert [stack[0].config.hidden_dim for stack in stacks] == [512, 128, 16]


def test_the_working_set_counts_weights_and_activations() -> None:
    config = RunConfig(latent_dim=16, hidden_dim=16, batch_size=10)
    weights = 16 * 64 * 2 + 3 * 16 * 16 + 16 + 16 + 16 + 16 + 64
    activations = 2 * 64 + 3 * 16 + 6 * 16
    assert working_set_bytes(config, (64,)) == 4 * (4 * weights + 10 * activations)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("linear:0.5", [0, 0.5, 1, 1, 1]),
        ("linear:1", [0, 0.25, 0.5, 0.75, 1]),
        ("cyclic:1", [0, 0.5, 1, 1, 1]),
        ("cyclic:2", [0, 1, 0, 1, 1]),
    ],
)
def test_schedules_at_quarters_of_the_run(text: str, shares: list[float]) -> None:
    schedule = BetaSchedule.parse(text)
    assert [schedule.at(quarter / 4) for quarter in range(5)] == shares


@given(st.floats(0, 1), st.integers(1, 9), st.floats(0.01, 1))
def test_a_schedule_stays_between_none_and_all_of_beta(progress: float, cycles: int, share: float) -> None:
    for text in (f"cyclic:{cycles}", f"linear:{share}"):
        assert 0.0 <= BetaSchedule.parse(text).at(progress) <= 1.0


@pytest.mark.parametrize("text", ["", "linear", "linear:", "linear:0", "linear:1.1", "cyclic:0", "cyclic:1.5", "cos:1"])
def test_schedules_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="beta_schedule must be constant, linear:F"):
        BetaSchedule.parse(text)


def test_objectives_read_validation_columns_and_know_their_direction() -> None:
    (elbo,) = parse_objectives("elbo")
    assert (elbo.column, elbo.direction, value_columns((elbo,))) == ("validation_elbo_nats", "maximize", ("value",))
    pareto = parse_objectives("rate_nats:min,distortion_nats:max")
    assert [o.column for o in pareto] == ["validation_rate_nats", "validation_distortion_nats"]
    assert [o.direction for o in pareto] == ["minimize", "maximize"]
    assert value_columns(pareto) == ("value_rate_nats", "value_distortion_nats")
