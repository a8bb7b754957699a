"""Effects of hyperparameters: of a surrogate where trials lie anywhere, plain means on a grid, else dots alone."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import vaekit
from analysis.effects.effect import effect
from analysis.effects.effects import CURVES, TRUST, Effects, is_full_grid
from analysis.effects.pair import best_of_pairs
from analysis.effects.section import effect_sections
from analysis.frames.sweep import open_sweep
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.surrogate.surrogate import surrogate
from tests.drawn import band, dots, lines, places
from tests.synthetic import write_sweep
from tests.test_surrogate import NAMES, elbo, noise_alone, study
from vae.columns import parse_objectives
from vae.errors import ResultsError

(OBJECTIVE,) = parse_objectives("elbo")
COLUMN = OBJECTIVE.column


def found_in(runs: pd.DataFrame, **more: Any) -> Effects:
    runs = runs.assign(**{COLUMN: runs["value"], **more})
    surrogates = {column: surrogate(runs, column, NAMES) for column in (COLUMN, *more)}
    return Effects(runs, NAMES, OBJECTIVE, surrogates, is_full_grid(runs, NAMES))


def sections_of(path: Path, **spec: Any) -> dict[str, Section]:
    return {part.slug: part for part in effect_sections(View(open_sweep(write_sweep(path, **spec).path)))}


def axes_of(section: Section) -> list[Axes]:
    assert section.figure is not None, section.sentence
    return section.figure.axes


def test_a_grid_is_every_combination_of_few_values() -> None:
    grid = pd.DataFrame(itertools.product((1, 2), (0.5, 1.0, 2.0)), columns=["latent_dim", "beta"])
    assert is_full_grid(grid, ["latent_dim", "beta"])
    assert not is_full_grid(grid.iloc[1:], ["latent_dim", "beta"])
    assert not is_full_grid(pd.DataFrame({"beta": np.linspace(0, 1, 20)}), ["beta"])


def test_a_profile_is_what_the_others_at_their_best_reach() -> None:
    """The average over the others shows what most trials do; the best of them what can be had."""
    found = found_in(study(elbo, noise=0.05))
    shown = found.of("latent_dim")
    assert tuple(shown.columns) == CURVES
    table = shown.set_index("value")
    points = pd.DataFrame({"latent_dim": table.index, "beta": 1.0, "hidden_dim": 256})
    true = elbo(points)
    assert np.abs(table["best"].to_numpy() - true).max() < 0.35
    assert (table["best"] > table["mean"]).all()


def test_what_noise_hides_is_dots_alone() -> None:
    rng = np.random.default_rng(5)
    runs = study(elbo)
    found = found_in(runs, rate_nats=rng.standard_normal(len(runs)))
    assert list(found.shown) == [COLUMN]
    assert found.why_not("rate_nats").startswith("only ")
    assert set(found.of("beta")["quantity"]) == {COLUMN}
    table = found.trust.set_index("quantity")
    assert (*table.reset_index().columns,) == TRUST
    assert table["is_shown"].tolist() == [True, False]
    assert table.loc["rate_nats", "noise"] == pytest.approx(1 / np.sqrt(3), rel=0.25)


def test_where_the_objective_is_unknown_there_is_no_profile() -> None:
    runs = study(noise_alone)
    found = found_in(runs, rate_nats=elbo(runs))
    assert found.of_objective is None
    assert found.of("beta")["best"].isna().all()


def test_pairs_are_the_best_over_what_is_left() -> None:
    found = found_in(study(elbo, noise=0.05)).of_objective
    assert found is not None
    table = best_of_pairs(found, "latent_dim", "beta", is_less_better=False)
    best = table.iloc[int(table["best"].argmax())]
    assert 0.5 < best["beta"] < 2
    assert best["latent_dim"] > 8
    row = table.iloc[[7]]
    settings = row.merge(pd.DataFrame({"hidden_dim": [64, 128, 256]}), how="cross")
    assert row["best"].iloc[0] == pytest.approx(found.predict(settings)["mean"].max())


def test_the_figure_draws_the_table(tmp_path: Path) -> None:
    shown = sections_of(tmp_path / "s", trials=24, seeds=2)
    section = shown["effect_beta"]
    for axes, quantity in zip(axes_of(section), section.table["quantity"].unique(), strict=False):
        rows = section.table[section.table["quantity"] == quantity]
        np.testing.assert_allclose(lines(axes)[0], rows[["value", "mean"]])
        np.testing.assert_allclose(lines(axes, "--")[0], rows[["value", "best"]])
        np.testing.assert_allclose([band(axes, x) for x in rows["value"]], rows[["low", "high"]])
        assert "foretold" in axes.get_title(loc="left")
    assert "is best at beta" in section.sentence
    assert len(shown["objective_map"].table) > 50
    assert set(shown["surrogate"].table["quantity"]) >= {COLUMN, "rate_nats"}


def test_few_trials_are_dots_alone(tmp_path: Path) -> None:
    shown = sections_of(tmp_path / "s", trials=6, seeds=1)
    section = shown["effect_beta"]
    assert "No effect is drawn between them: fewer than 10 trials" in section.sentence
    for axes in axes_of(section)[:4]:
        assert places(dots(axes)[0]).shape == (6, 2)
        assert axes.get_title(loc="left") == "dots alone: fewer than 10 trials"
    assert shown["objective_map"].left_out
    assert shown["surrogate"].left_out


def test_a_sweep_has_them_in_python(tmp_path: Path) -> None:
    sweep = vaekit.open(write_sweep(tmp_path / "s", trials=16, seeds=2).path)
    table = sweep.effects()
    assert list(table) == ["parameter", *CURVES]
    assert set(table["parameter"]) == set(NAMES)
    own = table.query("parameter == 'beta' and quantity == 'rate_nats'")
    point = {"latent_dim": [8], "beta": [own["value"].iloc[0]], "hidden_dim": [64]}
    predicted = sweep.surrogate("rate_nats").predict(pd.DataFrame(point))
    assert predicted["low"].iloc[0] < predicted["high"].iloc[0]
    assert list(sweep.intrinsic_dimension()["estimator"]) == ["Two-NN", "maximum likelihood"]
    for name in ("state", "nothing"):
        with pytest.raises(ResultsError, match="needs a column of numbers that differ in 10 complete trials"):
            sweep.surrogate(name)


def test_a_sweep_of_one_hyperparameter_has_no_map(tmp_path: Path) -> None:
    points = [{"latent_dim": 8, "beta": beta, "hidden_dim": 64} for beta in np.geomspace(0.1, 16, 20)]
    shown = sections_of(tmp_path / "s", trials=20, seeds=2, points=points)
    assert shown["objective_map"].left_out == "fewer than two hyperparameters vary"
    assert not shown["effect_beta"].left_out


@pytest.mark.slow
def test_on_digits_latent_dimensions_make_no_zigzag(tmp_path: Path) -> None:
    """Means over trials of other betas go up and down; the effect does not, beyond what is unsure of it."""
    sweep = vaekit.sweep(
        data="digits", trials=24, seeds=2, epochs=20, out=str(tmp_path), jobs=1, report=False, quiet=True
    )
    view = sweep.view
    table = sweep.effects().query("parameter == 'latent_dim'")
    for quantity in (COLUMN, "rate_nats", "distortion_nats"):
        own = table[table["quantity"] == quantity]
        unsure = float((own["high"] - own["mean"]).max())
        assert against(own["mean"]) <= unsure
        assert against(effect(view.own_runs, "latent_dim", [quantity])["mean"]) > 3 * against(own["mean"])


def against(means: pd.Series) -> float:
    """How far a curve goes against its own direction, there and back."""
    return float(means.diff().abs().sum() - abs(means.iloc[-1] - means.iloc[0]))
