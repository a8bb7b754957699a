"""Any hyperparameter is an axis: a sweep of learning rates beside beta, in every analysis."""

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.choice.section import paragraphs as chosen
from analysis.comparison.section import side_by_side
from analysis.coverage.differences import by_prior, paired_differences
from analysis.coverage.maps import twins
from analysis.effects.effect import effect
from analysis.effects.section import effect_sections, quantities
from analysis.frames.sweep import Sweep, open_sweep
from analysis.health.flags import flags
from analysis.importance.section import importances
from analysis.kl.by_rank import kl_by_rank
from analysis.plane.convergence import slopes
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.report.explorer import explorer
from analysis.statistics.states import failures
from analysis.statistics.still_improving import COLUMNS
from analysis.summary.section import paragraphs
from analysis.summary.summary import summary
from analysis.trials.section import leaderboard_sections
from tests.synthetic import write_sweep

RATES = (1e-4, 1e-2)
BETAS = (0.5, 1.0, 4.0)
COST = 5.0
"""Nats of distortion that the larger learning rate costs."""


def swept(path: Path, betas: tuple[float, ...] = BETAS, **spec: Any) -> Sweep:
    """A sweep over RATES and betas; runs of the larger rate are worse, which no beta explains."""
    points = [{"latent_dim": 8, "beta": beta, "hidden_dim": 64} for _ in RATES for beta in betas]
    words = {"beta": ",".join(map(str, betas)), "learning_rate": ",".join(map(str, RATES))}
    sizes: dict[str, Any] = {"latent_dim": "8", "hidden_dim": "64", "trials": len(points), "seeds": 2, "epochs": 4}
    sweep = open_sweep(write_sweep(path, points=points, offset=0.0, **words | sizes | spec).path)
    trials, runs = sweep.trials, sweep.runs
    rate = {trial: RATES[place // len(betas)] for place, trial in enumerate(trials["trial"])}
    worse = runs["trial"].map(rate) == RATES[-1]
    runs["distortion_nats"] += COST * worse
    runs["elbo_nats"] -= COST * worse
    for name, frame in (("trials", trials), ("runs", runs)):  # cached properties of the sweep
        sweep.__dict__[name] = frame.assign(learning_rate=frame["trial"].map(rate))
    return sweep


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View(swept(tmp_path_factory.mktemp("axes") / "s"))


def test_the_view_knows_what_varies(view: View) -> None:
    assert view.parameters == ["latent_dim", "beta", "hidden_dim", "learning_rate"]
    assert view.varying == ["beta", "learning_rate"]
    assert len(view.board) == len(RATES) * len(BETAS)
    assert (view.board["n"] == 2).all()


def test_slopes_pair_only_equal_learning_rates(view: View) -> None:
    pairs = slopes(view.runs)
    expected = [[rate, *pair] for rate in RATES for pair in itertools.pairwise(BETAS)]
    assert pairs[["learning_rate", "beta_low", "beta_high"]].to_numpy().tolist() == expected


def test_flags_compare_only_equal_learning_rates() -> None:
    plain = {"state": "COMPLETE", "model": "vae", "seed": 0, "latent_dim": 8, "hidden_dim": 64, "active_units": 6}
    plain |= {"prior_mismatch_nats": 0.0}
    strong = {"beta": 4.0, "rate_nats": 4.0, "distortion_nats": 27.0, "elbo_nats": -31.0, "learning_rate": 1e-2}
    better = {"beta": 1.0, "rate_nats": 10.0, "distortion_nats": 20.0, "elbo_nats": -30.0}
    for rate, expected in ((1e-2, ["over-regularised"]), (1e-4, [])):
        rows = [plain | strong, plain | better | {"learning_rate": rate}]
        runs = pd.DataFrame([{"run": k, "trial": k} | row for k, row in enumerate(rows)])
        history, improving = pd.DataFrame({"run": [0, 1]}), pd.DataFrame(columns=list(COLUMNS))
        assert flags(runs, history, improving, 100.0)["flag"].tolist() == expected


def test_the_learning_rate_has_its_effect(view: View) -> None:
    parts = {part.slug: part for part in effect_sections(view)}
    effects = ["effect_beta", "effect_latent_dim", "effect_hidden_dim", "effect_learning_rate"]
    assert list(parts) == [*effects, "objective_map", "surrogate"]
    assert [slug for slug in effects if parts[slug].figure] == ["effect_beta", "effect_learning_rate"]
    means = parts["effect_learning_rate"].table.query("quantity == 'distortion_nats'")
    assert means["value"].tolist() == list(RATES)
    assert means["mean"].diff().iloc[-1] == pytest.approx(COST, abs=0.5)
    assert "From learning rate 0.0001 to 0.01" in parts["effect_learning_rate"].sentence
    assert effect(view.runs, "learning_rate", quantities(view)).equals(parts["effect_learning_rate"].table)
    figure = parts["effect_learning_rate"].figure
    assert figure is not None
    assert [axes.get_xscale() for axes in figure.axes[:4]] == ["log"] * 4
    assert figure.axes[0].get_xlabel().startswith("learning rate")


def test_colours_and_rows_go_by_beta_and_then_by_what_varies(view: View) -> None:
    kl = kl_by_rank(view.runs, view.sweep.dims)
    assert "learning_rate" in kl
    assert colour_by(kl) == "beta"
    assert colour_by(kl, without="beta") == "learning_rate"


def test_importance_knows_the_learning_rate(tmp_path: Path) -> None:
    betas = tuple(round(0.5 + 0.01 * step, 2) for step in range(15))
    sweep = swept(tmp_path / "s", betas, objective="distortion_nats:min")
    worse = sweep.runs["learning_rate"] == RATES[-1]
    sweep.runs["validation_distortion_nats"] += COST * worse
    table = importances(View(sweep)).set_index("parameter")
    assert list(table.index) == ["beta", "learning_rate"]
    assert table["main"].idxmax() == "learning_rate"


def test_the_leaderboard_and_the_summary_name_it(view: View) -> None:
    (section,) = leaderboard_sections(view)
    assert "learning_rate" in section.preview
    told = summary(view)
    assert told["best"]["params"]["learning_rate"] == RATES[0]
    assert list(told["leaderboard"][0])[1:5] == ["latent_dim", "beta", "hidden_dim", "learning_rate"]
    text = " ".join(paragraphs(view))
    assert "beta 0.5, 1.0 and 4.0 and learning rate 0.0001 and 0.01 varied" in text
    assert "hidden width 64, learning rate 0.0001: " in " ".join(chosen(view))


def test_the_explorer_filters_by_it(view: View) -> None:
    data = explorer(view)
    assert data is not None
    axis = next(axis for axis in data["axes"] if axis["name"] == "learning_rate")
    assert set(axis["values"]) == set(RATES)
    assert set(axis["positions"]) == {0.0, 1.0}
    assert "learning rate 0.0001<br>" in data["texts"][0]


def test_failures_and_side_by_side_have_it(view: View, tmp_path: Path) -> None:
    failed = failures(view.sweep.trials.assign(state="FAIL"))
    assert failed["learning_rate"].tolist() == [rate for rate in RATES for _ in BETAS]
    plain = View(open_sweep(write_sweep(tmp_path / "plain", trials=2).path))
    parts = {part.slug: part for part in side_by_side({"rates": view, "plain": plain})}
    assert "learning_rate" in parts["leaderboards"].preview
    assert parts["leaderboards"].table["learning_rate"].isna().sum() == 2
    assert "learning rate 0.0001: validation ELBO" in parts["best"].sentence


def test_twins_are_of_equal_learning_rates() -> None:
    point = {"latent_dim": 2, "beta": 1.0, "hidden_dim": 8, "seed": 0, "state": "COMPLETE"}
    rows = [(RATES[0], "vae"), (RATES[1], "ae")]
    runs = pd.DataFrame([point | {"learning_rate": rate, "model": model} for rate, model in rows]).assign(run=[0, 1])
    assert twins(runs).empty
    assert twins(runs.assign(learning_rate=RATES[0]))[["vae", "ae"]].to_numpy().tolist() == [[0, 1]]
    coverage = runs.drop(columns=["state", "run"]).assign(prior="raw", metric="hole_rate", value=[0.1, 0.5])
    assert paired_differences(coverage).empty
    several = pd.concat([coverage.assign(learning_rate=rate) for rate in RATES])
    table = paired_differences(several)
    assert table["learning_rate"].tolist() == list(RATES)
    assert by_prior(table, ["hole_rate"])["learning_rate"].tolist() == list(RATES)
