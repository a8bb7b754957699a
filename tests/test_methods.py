"""Losses and weights against the seed: answers that are known of frames made for them."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import stats

from analysis.effects.section import effect_sections as effects_of_parameters
from analysis.frames.sweep import open_sweep
from analysis.methods.differences import AT, between_losses, between_weights
from analysis.methods.equal_rate import at_equal_rate
from analysis.methods.methods import WITHOUT_SCORES
from analysis.methods.ranking import agreement
from analysis.methods.section import method_sections, what_explains
from analysis.methods.shares import shares_of_variance, side_by_side
from analysis.methods.weighted import by_seed, others, over_weights, weighted
from analysis.metrics import udr
from analysis.notebook.sweep import open_sweep as open_notebook
from analysis.presentation.view import View
from analysis.scores.across_runs import udr_of_runs
from analysis.scores.section import effect_sections
from analysis.statistics.rank_correlation import rank_correlation
from analysis.statistics.selection import varying
from analysis.summary.section import paragraphs
from tests.drawing import draw_only
from tests.synthetic import write_sweep
from vae.columns import parse_objectives
from vae.errors import ResultsError

LOSSES = ("beta_vae", "beta_tc_vae")
Value = Callable[[str, float, int], float]


def runs_of(
    value: Value,
    losses: Sequence[str] = LOSSES,
    betas: Sequence[float] = (1.0, 2.0, 4.0),
    seeds: int = 6,
    widths: Sequence[int] = (64,),
) -> pd.DataFrame:
    """Weighted runs of a grid, whose score is a function of loss, beta and seed."""
    rows: list[dict[str, Any]] = []
    points = [(loss, beta, width) for loss in losses for beta in betas for width in widths]
    for trial, (loss, beta, width) in enumerate(points):
        for seed in range(seeds):
            row = {"run": len(rows), "trial": trial, "loss": loss, "beta": beta, "hidden_dim": width, "seed": seed}
            row |= {"model": "vae", "state": "COMPLETE", "latent_dim": 4, "mig": value(loss, beta, seed)}
            rows.append(row | {"rate_nats": 8.0 / beta + 0.01 * seed, "distortion_nats": 20.0 + beta})
    return weighted({}, pd.DataFrame(rows))


def noise(seed: int = 0, scale: float = 1.0) -> Callable[..., float]:
    rng = np.random.default_rng(seed)
    return lambda *_: float(scale * rng.standard_normal())


def shares(runs: pd.DataFrame) -> dict[str, float]:
    table = shares_of_variance(runs, ["mig"])
    return dict(zip(table["source"], table["share"], strict=True))


def test_a_score_that_the_loss_decides_is_explained_by_it() -> None:
    found = shares(runs_of(lambda loss, beta, seed: float(loss == "beta_vae")))
    assert found == pytest.approx({"loss": 1.0, "weight": 0.0, "seed": 0.0})


def test_a_score_that_the_weight_decides_is_explained_by_it() -> None:
    found = shares(runs_of(lambda loss, beta, seed: beta))
    assert found == pytest.approx({"loss": 0.0, "weight": 1.0, "seed": 0.0})


def test_a_seed_that_acts_alike_everywhere_is_the_seed_s() -> None:
    found = shares(runs_of(lambda loss, beta, seed: float(seed)))
    assert found == pytest.approx({"loss": 0.0, "weight": 0.0, "seed": 1.0})


def test_known_shares_are_found_within_their_intervals() -> None:
    error = noise(1)
    runs = runs_of(lambda loss, beta, seed: 2.0 * (loss == "beta_vae") + error(), betas=(1.0, 2.0), seeds=200)
    table = shares_of_variance(runs, ["mig"]).set_index("source")
    for source, truth in {"loss": 0.5, "weight": 0.0, "seed": 0.5}.items():
        row = table.loc[source]
        assert row["share"] == pytest.approx(truth, abs=0.06)
        assert abs(row["share"] - truth) <= 1.5 * row["share_half_width"]


def test_of_noise_only_the_seed_explains_anything_on_average() -> None:
    found = pd.DataFrame([shares(runs_of(noise(number), seeds=4)) for number in range(30)])
    error = found.sem()
    assert abs(found["loss"].mean()) < 3 * error["loss"]
    assert abs(found["weight"].mean()) < 3 * error["weight"]
    plain = 5 / 23  # of variance between 6 settings of 4 seeds that noise alone makes
    assert found["seed"].mean() > 1 - plain / 2


def test_shares_stand_side_by_side() -> None:
    table = side_by_side(shares_of_variance(runs_of(noise()), ["mig", "rate_nats"]))
    assert table["quantity"].tolist() == ["mig", "rate_nats"]
    assert table.filter(regex="^of_[a-z]*$").sum(axis=1).tolist() == pytest.approx([1.0, 1.0])


def test_shares_sum_to_one_and_need_two_seeds() -> None:
    assert sum(shares(runs_of(noise())).values()) == pytest.approx(1.0)
    assert shares_of_variance(runs_of(noise(), seeds=1), ["mig"]).empty
    two = shares_of_variance(runs_of(noise(), seeds=2), ["mig"])
    assert two["share_half_width"].isna().all()


def test_one_loss_has_no_share_of_its_own() -> None:
    assert list(shares(runs_of(lambda loss, beta, seed: beta, losses=("dip_vae_i",)))) == ["weight", "seed"]


def test_what_varies_beside_the_weight_is_named_with_it() -> None:
    runs = runs_of(lambda loss, beta, seed: beta, widths=(64, 128))
    assert others(runs) == ["hidden_dim"]
    assert list(shares(runs)) == ["loss", "weight, hidden_dim", "seed"]


def test_a_setting_without_a_seed_takes_no_part() -> None:
    runs = runs_of(lambda loss, beta, seed: beta)
    runs.loc[0, "mig"] = np.nan
    assert len(by_seed(runs, "mig", ["loss", "weight"])) == 5
    assert shares_of_variance(runs, ["mig"])["settings"].tolist() == [5, 5, 5]


def test_differences_between_weights_are_student_s_of_the_pairs() -> None:
    error = noise(3)
    runs = runs_of(lambda loss, beta, seed: 10.0 * seed + beta + error(), losses=("beta_vae",), betas=(1.0, 4.0))
    row = between_weights(runs, ["mig"]).iloc[0]
    values = by_seed(runs, "mig", ["weight"]).to_numpy()
    paired = stats.ttest_rel(values[1], values[0]).confidence_interval()
    assert (row["weight"], row["than"], row["n"]) == (4.0, 1.0, 6)
    assert row["difference"] - row["difference_half_width"] == pytest.approx(paired.low)
    assert row["difference"] + row["difference_half_width"] == pytest.approx(paired.high)
    assert row["among_all_half_width"] == pytest.approx(row["difference_half_width"])  # of one pair


def test_differences_among_three_weights_are_wider() -> None:
    table = between_weights(runs_of(noise(), losses=("beta_vae",)), ["mig"])
    assert len(table) == 3
    wider = stats.t.ppf(1 - 0.025 / 3, 5) / stats.t.ppf(0.975, 5)
    assert (table["among_all_half_width"] / table["difference_half_width"]).tolist() == pytest.approx([wider] * 3)


def test_weights_are_compared_where_all_else_is_equal() -> None:
    runs = runs_of(lambda loss, beta, seed: beta + seed, losses=("beta_vae",), betas=(1.0, 4.0), widths=(64, 128))
    runs = runs[~((runs["hidden_dim"] == 128) & (runs["weight"] == 4.0))].copy()
    runs.loc[runs["hidden_dim"] == 128, "mig"] += 100.0
    assert between_weights(runs, ["mig"])["difference"].tolist() == pytest.approx([3.0])


def test_of_noise_few_differences_are_told() -> None:
    told = [between_weights(runs_of(noise(number)), ["mig"])["is_told"] for number in range(20)]
    assert np.concatenate(told).mean() < 0.06


def test_losses_differ_at_their_means_and_at_their_best() -> None:
    table = between_losses(runs_of(lambda loss, beta, seed: beta * (loss == "beta_tc_vae") + seed), ["mig"])
    assert table["loss"].tolist() == ["beta_tc_vae"] * 2
    assert dict(zip(table["at"], table["difference"], strict=True)) == pytest.approx({AT[0]: 7 / 3, AT[1]: 4.0})
    assert table["is_told"].all()


def test_losses_are_told_among_all_pairs_and_places() -> None:
    table = between_losses(runs_of(noise(), losses=("beta_vae", "beta_tc_vae", "dip_vae_i")), ["mig"])
    wider = stats.t.ppf(1 - 0.025 / 6, 5) / stats.t.ppf(0.975, 5)
    assert (table["among_all_half_width"] / table["difference_half_width"]).tolist() == pytest.approx([wider] * 6)


def test_the_best_of_many_weights_gains_nothing_by_luck() -> None:
    found = []
    for number in range(30):
        error = noise(number)
        many = runs_of(error, losses=("beta_vae",), betas=tuple(map(float, range(1, 20))))
        few = runs_of(error, losses=("beta_tc_vae",), betas=(1.0,))
        table = between_losses(pd.concat([many, few]), ["mig"])
        found.append(float(table.loc[table["at"] == AT[1], "difference"].iloc[0]))
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))


def test_one_seed_tells_nothing() -> None:
    table = between_weights(runs_of(lambda loss, beta, seed: beta, seeds=1), ["mig"])
    assert table["difference_half_width"].isna().all()
    assert not table["is_told"].any()


def test_at_equal_rate_a_constant_gap_is_found_and_beta_does_not_matter() -> None:
    runs = runs_of(lambda loss, beta, seed: 8.0 / beta + 0.25 * (loss == "beta_tc_vae"))
    moved = runs["loss"] == "beta_tc_vae"
    runs.loc[moved, "rate_nats"] += 1.0  # the same curve, further to the right
    runs.loc[moved, "mig"] += 1.0
    row = at_equal_rate(runs, ["mig"]).iloc[0]
    assert (row["rate_low_nats"], row["rate_high_nats"]) == pytest.approx((3.05, 8.0))
    assert row["difference"] == pytest.approx(0.25, abs=0.02)
    assert row["difference_half_width"] == pytest.approx(0.0, abs=1e-9)


def test_losses_without_a_common_rate_are_not_compared() -> None:
    runs = runs_of(noise())
    runs.loc[runs["loss"] == "beta_tc_vae", "rate_nats"] += 100.0
    assert at_equal_rate(runs, ["mig"]).empty


def test_the_weight_of_an_annealed_vae_is_its_capacity() -> None:
    plain = {"run": range(4), "trial": range(4), "seed": 0, "model": "vae", "state": "COMPLETE", "mig": 0.0}
    runs = pd.DataFrame(plain | {"loss": ["beta_vae"] * 2 + ["annealed_vae"] * 2, "beta": [1.0, 4.0, 1000.0, 1000.0]})
    found = weighted({}, runs.assign(capacity=[25.0, 25.0, 5.0, 10.0]))
    assert found["weight"].tolist() == [1.0, 4.0, 5.0, 10.0]
    assert found["weight_of"].tolist() == ["beta", "beta", "capacity", "capacity"]
    assert others(found) == []
    assert over_weights(found, ["mig"])["value"].tolist() == [1.0, 4.0, 5.0, 10.0]


def test_a_loss_that_nobody_knows_is_compared_too(tmp_path: Path) -> None:
    points = [point | {"loss": loss} for loss in ("beta_vae", "mine") for point in POINTS]
    found = sections_of(tmp_path / "s", points, loss="beta_vae,mine")
    assert [title for title in TITLES if found[title].left_out] == [TITLES[-1]]


def test_the_interval_of_a_rank_correlation_covers() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        x = rng.standard_normal(12)
        y = 0.6 * x + 0.8 * rng.standard_normal(12)
        _, low, high = rank_correlation(x, y)
        covered += low <= 6 / np.pi * np.arcsin(0.3) <= high  # Spearman's of a normal pair of correlation 0.6
    assert 0.92 <= covered / 300 <= 0.99
    assert rank_correlation([1, 2, 3], [2, 4, 9])[0] == 1.0
    assert np.isnan(rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5])).all()
    assert np.isnan(rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])[1])


def test_udr_is_ranked_against_scores_of_all_and_of_each_loss() -> None:
    rng = np.random.default_rng(1)
    trials = pd.DataFrame({"loss": np.repeat(LOSSES, 6), "udr": rng.random(12)})
    table = agreement(trials.assign(mig=trials["udr"] ** 3, sap=-trials["udr"]), ["mig", "sap"])
    assert table["loss"].tolist() == ["all", *LOSSES] * 2
    assert table["rank_correlation"].tolist() == pytest.approx([1.0] * 3 + [-1.0] * 3)


POINTS = [{"latent_dim": 3, "beta": beta, "hidden_dim": 16} for beta in (1.0, 2.0, 4.0)]
TITLES = ["Scores by loss", "The plane by loss", "Losses at equal rate", "What explains the scores"]
TITLES += ["Differences between losses", "Differences between weights", "Ranking without factors"]


def sections_of(path: Path, points: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        draw_only(patch)
        spec: dict[str, Any] = {"seeds": 3, "epochs": 3, "sampler": "grid", "trials": len(points), **given}
        view = View(open_sweep(write_sweep(path, points=points, **spec).path))
        return {section.title: section for section in method_sections(view)} | {"": what_explains(view)}


def test_the_sections_of_a_sweep_of_several_losses(tmp_path: Path) -> None:
    points = [point | {"loss": loss} for loss in LOSSES for point in POINTS]
    found = sections_of(tmp_path / "s", points, loss="beta_vae,beta_tc_vae")
    assert list(found) == [*TITLES, ""]
    assert [title for title in TITLES if found[title].left_out] == [TITLES[-1]]  # there are no scores
    assert found[""].startswith("Of the variance of elbo_nats over runs, the loss explains ")


def test_a_notebook_has_the_tables_and_figures(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"seeds": 3, "epochs": 3, "sampler": "grid", "trials": 3}
    sweep = open_notebook(write_sweep(tmp_path / "s", points=POINTS, **spec).path)
    tables = sweep.methods()
    assert list(tables) == ["shares_of_variance", "differences_of_weights"]
    assert_frame_equal(tables["shares_of_variance"], shares_of_variance(weighted(spec, sweep.runs), WITHOUT_SCORES))
    assert len(sweep.plot.methods("shares_of_variance").axes) == 1
    drawn = open_notebook(write_sweep(tmp_path / "t", points=POINTS, **(spec | {"sampler": "qmc"})).path)
    assert drawn.methods() == {}
    with pytest.raises(ResultsError, match="^this sweep has no figure 'udr'$"):
        drawn.plot.methods("udr")


def test_one_loss_and_several_betas_have_no_comparison_of_losses(tmp_path: Path) -> None:
    assert list(sections_of(tmp_path / "s", POINTS)) == [TITLES[3], *TITLES[5:], ""]


def test_a_sweep_of_one_seed_says_so(tmp_path: Path) -> None:
    points = [point | {"loss": loss} for loss in LOSSES for point in POINTS]
    found = sections_of(tmp_path / "s", points, loss="beta_vae,beta_tc_vae", seeds=1)
    for title in TITLES[2:]:
        assert "the sweep has one seed" in found[title].left_out
    assert found[""] == ""


def test_drawn_settings_are_not_called_a_comparison(tmp_path: Path) -> None:
    points = [point | {"loss": loss} for loss in LOSSES for point in POINTS]
    found = sections_of(tmp_path / "s", points, loss="beta_vae,beta_tc_vae", sampler="qmc")
    assert "--sampler grid" in found["What explains the scores"].left_out
    assert not found["Scores by loss"].left_out


@pytest.mark.parametrize("sampler", ["grid", "qmc"])
def test_a_single_setting_and_drawn_betas_of_one_loss_have_no_section(tmp_path: Path, sampler: str) -> None:
    points = POINTS[:1] if sampler == "grid" else POINTS
    assert list(sections_of(tmp_path / "s", points, sampler=sampler)) == [""]


def test_udr_is_kept_and_computed_anew_for_a_trial_of_more_seeds(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", points=POINTS[:2], seeds=3, epochs=3, trials=2, pixels=64)
    sweep = open_sweep(folder.path)
    found = udr_of_runs(sweep, range(6))
    codes, kl = [sweep.codes(run) for run in range(3)], [group["kl_nats"] for _, group in sweep.dims.groupby("run")]
    assert found["udr"][:3].tolist() == pytest.approx(udr(codes, kl[:3]).details["by_run"])
    assert found["peers"].tolist() == [2] * 6
    shutil.rmtree(folder.stacks)
    write_sweep(folder.path, points=POINTS[:2], seeds=3, epochs=3, trials=2)  # no weights: nothing can be encoded
    assert_frame_equal(udr_of_runs(open_sweep(folder.path), range(6)), found)
    shutil.rmtree(folder.stacks)
    write_sweep(folder.path, points=POINTS[:2], seeds=4, epochs=3, trials=2, pixels=64)
    assert udr_of_runs(open_sweep(folder.path), range(8))["peers"].tolist() == [3] * 8


def test_a_summary_does_not_call_every_loss_a_weight_of_the_rate(tmp_path: Path) -> None:
    points = [point | {"loss": loss} for loss in LOSSES for point in POINTS]
    spec: dict[str, Any] = {"seeds": 3, "epochs": 3, "sampler": "grid", "trials": 6, "loss": ",".join(LOSSES)}
    said = [*paragraphs(View(open_sweep(write_sweep(tmp_path / "s", points=points, beta="usual", **spec).path)))]
    assert "beta at each loss's usual values" in said[0]
    view = View(open_sweep(tmp_path / "s"))
    effects = {section.title: section.left_out for section in effects_of_parameters(view)}
    assert effects["The effect of beta"] == "losses weigh other things by beta: it is shown by loss"
    assert effects["The effect of loss"] == ""
    assert said[-1].startswith("Every comparison is of the same ELBO, −R − D, whatever loss was minimised")
    plain = [*paragraphs(View(open_sweep(write_sweep(tmp_path / "t", points=POINTS, seeds=3, trials=3).path)))]
    assert plain[-1].endswith("whatever beta weighted R in training.")


def test_scores_are_not_pooled_over_losses_that_weigh_other_things(tmp_path: Path) -> None:
    runs = runs_of(noise())
    assert view_titles(runs) == ["Scores and loss"]
    assert view_titles(runs[runs["loss"] == "beta_vae"]) == ["Scores and beta"]


def view_titles(runs: pd.DataFrame) -> list[str]:
    runs = runs.assign(beta=runs["weight"], active_units=1.0, elbo_nats=0.0)
    spec = SimpleNamespace(scores=["mig"], runs=runs, is_table=False, objectives=parse_objectives("elbo"))
    view: Any = SimpleNamespace(sweep=spec, varying=varying(runs), own_runs=runs, runs=runs, vae_runs=runs)
    view.once = lambda find, *about: find(view, *about)
    with pytest.MonkeyPatch.context() as patch:
        draw_only(patch)
        return [section.title for section in effect_sections(view)]
