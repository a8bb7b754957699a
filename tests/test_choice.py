"""The choice among trials: what is best, as good, at the edge and undecided in studies whose truth is known."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.choice.axes import Searched, searched
from analysis.choice.choice import choice
from analysis.choice.contenders import dunnett
from analysis.choice.noise import noise_of
from analysis.choice.pareto import knee
from analysis.choice.section import paragraphs
from analysis.choice.sharpen import steps
from analysis.choice.verdict import verdict
from analysis.frames.sweep import open_sweep
from analysis.presentation.view import View
from tests.studies import SHAPES, SPEC, Floats, Study, drawn, edge, gentle, nothing, peak, plateau, study
from tests.synthetic import write_sweep
from vae.columns import parse_objectives
from vae.errors import ConfigError, ResultsError

RARE = 0.95
"""Of the draws, in which a claim must hold."""
PLAIN: list[Any] = [(shape, {}) for shape in SHAPES.values()]
"""Studies of 24 trials and 3 seeds, which share what a seed does."""
SLOW: list[Any] = [
    (shape, {"trials": trials, "seeds": seeds, "growth": growth})
    for shape in SHAPES.values()
    for trials, seeds, growth in ((24, 3, 0.0), (24, 3, 0.3), (96, 3, 0.0), (96, 10, 0.0))
]
"""And of more trials and seeds, and of noise that grows threefold away from the optimum."""
Shape = Callable[[Floats, Floats, Floats], Floats]


def are_recovered(studies: list[Study]) -> None:
    """The truly best trial is not called worse, and what is recommended costs little, 95 times in 100."""
    choices = [each.choice for each in studies]
    both = list(zip(studies, choices, strict=True))
    kept = [max(each.truth[list(found.not_worse)]) == each.truth.max() for each, found in both]
    cheap = [each.regret(found.recommended) <= 1.5 for each, found in both]
    assert np.mean(kept) >= RARE
    assert np.mean(cheap) >= RARE


@pytest.mark.parametrize(("shape", "how"), PLAIN, ids=lambda value: getattr(value, "__name__", ""))
def test_the_best_is_not_called_worse_and_the_recommended_costs_little(shape: Shape, how: dict[str, Any]) -> None:
    are_recovered(drawn(20, shape=shape, **how))


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "how"), SLOW, ids=lambda value: getattr(value, "__name__", str(value)))
def test_so_it_is_in_a_hundred_draws_of_each_kind(shape: Shape, how: dict[str, Any]) -> None:
    are_recovered(drawn(100, shape=shape, **how))


def test_a_study_of_noise_is_undecided() -> None:
    found = [each.choice for each in drawn(40, shape=nothing)]
    assert np.mean([one.verdict == "undecided" for one in found]) >= RARE
    assert all(one.edges == () for one in found if one.verdict == "undecided")


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"trials": 96}, {"seeds": 10}, {"more": dict.fromkeys(range(5), 10)}], ids=str)
def test_so_are_a_hundred(how: dict[str, Any]) -> None:
    assert np.mean([each.choice.verdict == "undecided" for each in drawn(100, shape=nothing, **how)]) >= RARE


def test_an_optimum_at_the_edge_is_said_to_be_there() -> None:
    found = [each.choice.edges for each in drawn(20, shape=edge)]
    assert np.mean([("latent_dim", True) in [(e.searched.name, e.is_high) for e in ends] for ends in found]) >= RARE


@pytest.mark.parametrize("shape", [plateau, gentle])
def test_one_within_the_range_is_not(shape: Shape) -> None:
    found = [each.choice.edges for each in drawn(20, shape=shape)]
    assert np.mean([not ends for ends in found]) >= RARE


def test_the_equal_region_is_recovered() -> None:
    """Trials from 10 latent dimensions on are equal, and betas of 0.4 to 2."""
    found = [study(np.random.default_rng(seed), plateau, trials=96, seeds=10).choice for seed in range(5)]
    for one in found:
        latent, beta = (region for region in one.regions if region.parameter in ("latent_dim", "beta"))
        assert latent.low is not None
        assert beta.low is not None
        assert beta.high is not None
        assert 9 <= latent.low <= 12
        assert latent.high == 32
        assert 0.35 <= beta.low <= 0.6
        assert 1.4 <= beta.high <= 2.2


def test_many_seeds_make_the_recommendation_simpler_than_the_best() -> None:
    found = [study(np.random.default_rng(seed), plateau, trials=96, seeds=10) for seed in range(10)]
    dims = [each.points["latent_dim"].to_numpy() for each in found]
    chosen = [(of[each.choice.recommended], of[each.best]) for of, each in zip(dims, found, strict=True)]
    assert all(simple <= best for simple, best in chosen)
    assert np.mean([simple < best for simple, best in chosen]) > 0.5


def test_what_luck_gave_the_best_is_estimated() -> None:
    """Of pure noise it is all luck: the best's mean above that of all."""
    found = [(each, each.choice) for each in drawn(30, shape=nothing, of_seeds=0.0)]
    true = np.mean([each.points["value"].max() - each.points["value"].mean() for each, _ in found])
    assert np.mean([one.luck for _, one in found]) == pytest.approx(true, rel=0.25)


def test_one_seed_tells_nothing() -> None:
    found = study(np.random.default_rng(0), peak, seeds=1).choice
    assert (found.verdict, len(found.not_worse), found.recommended) == ("undecided", 24, found.best)
    assert np.isnan(found.noise)


def test_trials_with_fewer_seeds_are_told_with_less_certainty() -> None:
    each = study(np.random.default_rng(3), peak, more={0: 10, 1: 10, 2: 10})
    rows = each.choice.candidates.set_index("n")["shortfall_half_width"]
    assert rows[10].max() < rows[3].min()


# Of a sweep


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View(open_sweep(write_sweep(tmp_path_factory.mktemp("s") / "digits", failed={3: "loss was NaN"}).path))


def test_a_sweep_is_chosen_from_its_complete_trials(view: View) -> None:
    found = choice(view)
    assert found is choice(view)
    assert (found.best, 3 in set(found.candidates["trial"])) == (int(view.board["trial"].iloc[0]), False)
    assert found.candidates["value"].iloc[0] == pytest.approx(view.board["value"].iloc[0])
    assert found.candidates["weights"].gt(0).all()


def test_it_can_be_by_another_measure_on_test(view: View) -> None:
    found = choice(view, "rate_nats:min")
    least = int(view.board["rate_nats"].to_numpy().argmin())
    assert (found.objective, found.best) == ("rate_nats", view.board["trial"].iloc[least])
    assert found.candidates["shortfall"].min() >= 0
    with pytest.raises(ResultsError, match="has no mig"):
        choice(view, "mig")
    with pytest.raises(ConfigError, match="by one measure"):
        choice(view, "rate,elbo")


def test_each_step_has_its_command(tmp_path: Path) -> None:
    points = [{"latent_dim": 2 + trial, "beta": 1.0, "hidden_dim": 64} for trial in range(8)]
    axes: dict[str, Any] = {"latent_dim": "2:9", "beta": "1", "hidden_dim": "64"}
    sweep = open_sweep(write_sweep(tmp_path / "s", points=points, trials=8, **axes).path)
    said = {step.kind: step.command for step in steps(View(sweep))}
    assert said["wider"] == f"vaekit sweep {sweep.path}/sweep.toml --latent-dim 2:18 --name s-wider"
    text = "\n".join(paragraphs(View(sweep)))
    assert "latent dimensions 9 is the last value of its range; widen it: vaekit sweep" in text
    alike = [point | {"latent_dim": 9, "beta": 1 + 0.01 * trial} for trial, point in enumerate(points)]
    tied = View(open_sweep(write_sweep(tmp_path / "t", points=alike, trials=8).path))
    assert [step.command for step in steps(tied)] == [f"vaekit refine {tmp_path}/t --top 1 --seeds 10"]


def test_of_several_objectives_the_front_and_its_knee(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", objective="rate_nats:min,distortion_nats:min")
    found = choice(view := View(open_sweep(folder.path)))
    assert (found.verdict, list(found.pareto)) == ("several", view.pareto)
    assert found.recommended in found.pareto
    assert f"has its knee at trial {found.recommended}" in verdict(view)


# The noise


def table_of(rng: np.random.Generator, counts: list[int], of_seeds: float = 5.0) -> pd.DataFrame:
    values = rng.normal(size=(len(counts), max(counts))) + of_seeds * rng.normal(size=max(counts))
    values += np.arange(len(counts))[::-1, None] * 0.1
    for trial, count in enumerate(counts):
        values[trial, count:] = np.nan
    return pd.DataFrame(values)


@pytest.mark.parametrize("counts", [[3] * 4, [5, 5, 3, 3], [4, 3, 5, 2]])
def test_the_fit_is_that_of_least_squares(counts: list[int]) -> None:
    """A naive twin: a column a trial and one a seed, all trials in one fit."""
    table = table_of(np.random.default_rng(1), counts)
    tall = table.rename_axis("trial").reset_index().melt("trial", var_name="seed", value_name="value").dropna()
    trials, seeds = (pd.get_dummies(tall[name]).to_numpy(dtype=float) for name in ("trial", "seed"))
    both = pd.concat([table, table - 1000], ignore_index=True)  # the better half are the four
    noise = noise_of(both)
    design = np.column_stack([trials, seeds])
    fitted, *_ = np.linalg.lstsq(design, tall["value"].to_numpy(), rcond=None)
    spare = len(design) - np.linalg.matrix_rank(design)
    variance = np.square(tall["value"] - design @ fitted).sum() / spare
    assert noise.pooled == pytest.approx(variance)
    np.testing.assert_allclose(noise.means[:4] - noise.means[0], fitted[:4] - fitted[0], atol=1e-9)
    inverse = np.linalg.pinv(design.T @ design)
    contrasts = np.zeros((4, design.shape[1]))
    contrasts[:, 0] -= 1
    contrasts[range(4), range(4)] += 1
    naive = np.sqrt(np.diag(contrasts @ inverse @ contrasts.T) * variance)
    same = noise.variances[:4] == noise.pooled  # where all variances agree, none is moderated
    assert same.all()
    np.testing.assert_allclose(noise.errors(0)[:4], naive, atol=1e-9)


def test_a_noisy_trial_has_a_larger_variance_only_where_variances_differ() -> None:
    rng = np.random.default_rng(5)
    alike = noise_of(pd.DataFrame(rng.normal(size=(40, 4))))
    assert alike.variances.max() < 1.5 * alike.variances.min()
    spread = np.where(np.arange(40) % 2, 0.05, 2.0)
    apart = noise_of(pd.DataFrame(spread[:, None] * rng.normal(size=(40, 4)) + rng.normal(size=(40, 1)) * 100))
    assert np.median(apart.variances[1::2]) < np.median(apart.variances[::2]) / 2


@pytest.mark.parametrize(
    ("comparisons", "degrees", "quantile"),
    [(1, 10, 1.81), (3, 10, 2.34), (9, 20, 2.60), (9, 1e6, 2.42), (5, 15, 2.44)],
)
def test_quantiles_are_those_of_dunnetts_table(comparisons: int, degrees: float, quantile: float) -> None:
    """Dunnett 1955, table 1a: one-sided, 95 %."""
    assert dunnett(comparisons, degrees, True) == pytest.approx(quantile, abs=0.006)
    assert dunnett(comparisons, degrees, False) >= dunnett(comparisons, degrees, True) - 1e-9


# Ranges


@pytest.mark.parametrize(
    ("name", "text", "values", "low", "high"),
    [
        ("latent_dim", "2:32", [5, 20], "1:32", "2:64"),
        ("latent_dim", "1:32", [5, 20], "", "1:64"),
        ("beta", "0.1:16:log", [0.2, 5.0], "0.025:16:log", "0.1:64:log"),
        ("hidden_dim", "64:256", [64, 128, 256], "16,32,64", "256,512,1024"),
        ("latent_dim", "2,8,16", [2, 8, 16], "1,2", "16,32,64"),
        ("learning_rate", "damaged", [0.001, 0.01], "0.0001,1e-05,0.001", "0.01,0.1,1"),
    ],
)
def test_what_lies_beyond_a_range(name: str, text: str, values: list[float], low: str, high: str) -> None:
    axis = searched({name: text}, pd.DataFrame({name: values}), name)
    assert axis is not None
    assert sorted(axis.beyond(is_high=False).split(",")) == sorted(low.split(","))
    assert axis.beyond(is_high=True) == high


def test_nothing_is_searched_of_names_and_of_one_value() -> None:
    board = pd.DataFrame({"network": ["mlp", "conv"], "beta": [1.0, 1.0]})
    assert searched(SPEC, board, "network") is None
    assert searched(SPEC, board, "beta") is None


def test_places_are_as_the_search_spreads_them() -> None:
    np.testing.assert_allclose(Searched(name="beta", low=0.1, high=10, is_log=True).places([0.1, 1, 10]), [0, 0.5, 1])
    np.testing.assert_allclose(Searched(name="latent_dim", low=2, high=32).places([2, 17]), [0, 0.5])
    choices = Searched(name="hidden_dim", low=64, high=256, choices=(64, 128, 256))
    np.testing.assert_allclose(choices.places([64, 128, 256]), [0, 0.5, 1])


# Several objectives


def front(rates: list[float], distortions: list[float]) -> pd.DataFrame:
    columns = {"trial": range(len(rates)), "value_rate_nats": rates, "value_distortion_nats": distortions}
    return pd.DataFrame(columns).assign(dominated=False)


def test_the_knee_lies_furthest_below_the_line_through_the_ends() -> None:
    both = parse_objectives("rate_nats:min,distortion_nats:min")
    assert knee(front([0, 1, 2, 5, 10], [100, 40, 12, 10, 9]), both) == 2
    assert knee(front([0, 1, 2], [2, 1, 0]), both) is None  # a straight line
    assert knee(front([0, 10], [1, 0]), both) is None
    assert knee(front([0, 6, 10], [10, 9, 0]), both) is None  # above the line
