"""Points of a sweep: Optuna's, none of them twice, and all of the space where there are enough trials."""

import itertools
import math
import warnings
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.spec.axes import Axis, parse_axis, size_of
from sweeps.spec.make import make_spec
from sweeps.spec.spec import Spec
from sweeps.study import ask
from sweeps.study.space import Key, Point, distributions, key_of, point_at, shuffled_points

ONE: dict[str, Any] = {"latent_dim": "4", "hidden_dim": "64", "beta": "1"}


def keys(spec: Spec, points: list[Point]) -> list[Key]:
    return [key_of(spec.axes, point) for point in points]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": 7, "latent_dim": "2:64:log", "beta": "0.5:4"},
        {"latent_dim": "2,3,5", "hidden_dim": "16", "beta": "1,2"},
        {"latent_dim": "4", "hidden_dim": "64", "beta": "0:1"},
        {"learning_rate": "1e-4:1e-2:log", "batch_size": "32:256"},
        ONE,
    ],
)
def test_sobol_points_are_those_that_optuna_asks_one_by_one_without_repeats(options: dict[str, Any]) -> None:
    spec = make_spec(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.QMCSampler(seed=spec.seed, scramble=True, warn_independent_sampling=False)
    study = optuna.create_study(sampler=sampler)
    fixed = {axis.name: axis.choices[0] for axis in spec.axes if axis.is_fixed}
    asked = [fixed | study.ask(distributions(spec.axes)).params for _ in range(40)]
    distinct = [point for n, point in enumerate(asked) if point not in asked[:n]]
    points = ask.explore(spec, [], 40)
    assert points[: len(distinct)] == distinct
    assert len(points) == min(40, spec.size_of_space)
    assert ask.explore(spec, [], 3) == distinct[:3]
    assert ask.explore(spec, [], 0) == []


@st.composite
def finite_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Options of a small space: choices, integer ranges, fixed axes, and further parameters."""
    low = draw(st.integers(1, 5))
    options = {
        "latent_dim": draw(st.sampled_from([f"{low}:{low + draw(st.integers(0, 4))}", "2,3,7", "5"])),
        "beta": draw(st.sampled_from(["1", "0.5,1,4", "0,1", "1:1.0000000000000002"])),
        "hidden_dim": draw(st.sampled_from(["16", "16:64", "16,48"])),
        "seed": draw(st.integers(0, 99)),
    }
    further = {"learning_rate": ["0.001", "0.001,0.01"], "batch_size": ["128", "32:64"]}
    return options | {name: draw(st.sampled_from(texts)) for name, texts in further.items()}


def space_of(spec: Spec) -> set[Key]:
    return {key_of(spec.axes, point_at(spec.axes, place)) for place in range(spec.size_of_space)}


@given(finite_specs(), st.sampled_from(["qmc", "random", "grid"]), st.integers(1, 130), st.integers(0, 130))
def test_exploring_asks_each_point_of_a_finite_space_once(
    options: dict[str, Any], sampler: str, trials: int, before: int
) -> None:
    if sampler == "grid":
        options["latent_dim"], options["beta"] = "2,3,7", "0.5,1"
    spec = make_spec(options | {"sampler": sampler, "trials": trials})
    points, space = ask.explore(spec, [], spec.trials), space_of(spec)
    asked = set(keys(spec, points))
    assert spec.trials == min(trials, len(space)) == len(points) == len(asked)
    assert asked <= space
    assert points[:before] == ask.explore(spec, [], before)[: spec.trials]
    assert points == [*points[:before], *ask.explore(spec, points[:before], len(points) - len(points[:before]))]
    assert all(axis.has(point[axis.name]) for point in points for axis in spec.axes)


@settings(max_examples=25)
@given(finite_specs(), st.integers(1, 24), st.integers(2, 9), st.randoms())
def test_optimizing_asks_each_point_of_a_finite_space_once(
    options: dict[str, Any], trials: int, batch: int, random: Any
) -> None:
    spec = make_spec(options | {"mode": "optimize", "trials": trials})
    told: list[optuna.trial.FrozenTrial] = []
    while points := ask.optimize(spec, told, min(batch, trials - len(told))):
        assert points == ask.optimize(spec, told, min(batch, trials - len(told))), "the same study asks the same"
        told += [finished(spec, point, random.random()) for point in points]
    asked = [key_of(spec.axes, {**trial.user_attrs, **trial.params}) for trial in told]
    assert len(set(asked)) == len(asked) == spec.trials == min(trials, spec.size_of_space)
    assert set(asked) <= space_of(spec)


def finished(spec: Spec, point: Point, value: float | None) -> optuna.trial.FrozenTrial:
    """A trial that was told its value, or still runs where there is none."""
    space = distributions(spec.axes)
    params = {name: point[name] for name in space}
    fixed = {name: value for name, value in point.items() if name not in space}
    state = optuna.trial.TrialState.RUNNING if value is None else optuna.trial.TrialState.COMPLETE
    return optuna.trial.create_trial(state=state, params=params, distributions=space, user_attrs=fixed, value=value)


def test_a_killed_ask_is_finished_as_it_was_begun() -> None:
    spec = make_spec({"mode": "optimize", "latent_dim": "2:4", "beta": "1,2", "hidden_dim": "16"})
    first = [finished(spec, point, float(n)) for n, point in enumerate(ask.optimize(spec, [], 2))]
    batch = ask.optimize(spec, first, 4)
    for done in range(4):
        running = [finished(spec, point, None) for point in batch[:done]]
        assert ask.optimize(spec, [*first, *running], 4 - done) == batch[done:]


@pytest.mark.parametrize("sampler", ["qmc", "random"])
def test_a_folder_that_holds_repeats_goes_on_with_new_points(sampler: str) -> None:
    spec = make_spec({"sampler": sampler, "latent_dim": "2:4", "beta": "1", "hidden_dim": "16"})
    points = ask.explore(spec, [], 3)
    old = [points[1], points[1], points[1]]
    assert ask.explore(spec, old, 9) == [points[0], points[2]]


def test_all_three_betas_are_drawn() -> None:
    options = {"latent_dim": "2", "hidden_dim": "16", "beta": "0.5,1,4", "sampler": "random", "trials": 4}
    spec = make_spec(options)
    assert {point["beta"] for point in ask.explore(spec, [], spec.trials)} == {0.5, 1, 4}


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (ONE, 1),
        ({"latent_dim": "2:5", "beta": "1", "hidden_dim": "16:64"}, 12),
        ({"latent_dim": "2", "beta": "1:1.0000000000000002", "hidden_dim": "16"}, 2),
        ({"latent_dim": "2", "beta": "0:5e-324", "hidden_dim": "16", "batch_size": "32,64"}, 4),
    ],
)
def test_a_space_has_as_many_points_as_can_be_told_apart(options: dict[str, Any], size: int) -> None:
    spec = make_spec(options)
    assert spec.size_of_space == len(space_of(spec)) == size
    assert spec.trials == min(24, size)
    said: list[str] = []
    assert make_spec(options | {"trials": size}, said.append).trials == size
    assert not said
    assert make_spec(options | {"trials": size + 1}, said.append).trials == size
    (line,) = said
    assert f"instead of at {size + 1} trials" in line


def test_shuffled_points_are_all_points_in_another_order() -> None:
    axes = [parse_axis("latent_dim", "1:40"), parse_axis("beta", "1,2,3")]
    points = list(shuffled_points(axes, (1,)))
    assert len({key_of(axes, point) for point in points}) == len(points) == size_of(axes) == 120
    assert points == list(shuffled_points(axes, (1,))) != list(shuffled_points(axes, (2,)))
    assert [key_of(axes, point) for point in points] != sorted(key_of(axes, point) for point in points)
    many = shuffled_points([parse_axis("beta", "0:1e300"), parse_axis("learning_rate", "1e-300:1")], (1,))
    assert all(0 <= float(point["beta"]) <= 1e300 for point in itertools.islice(many, 9))


@given(st.floats(0, 1e308), st.floats(0, 1e308))
def test_floats_are_counted_in_their_order(one: float, other: float) -> None:
    low, high = sorted((one + 0.0, other + 0.0))
    axis = Axis("beta", (), low, high)
    assert (axis.at(0), axis.at(axis.size - 1)) == (low, high)
    assert axis.size == 1 or axis.at(1) == math.nextafter(low, math.inf)
