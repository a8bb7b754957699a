"""Sweeps over networks: names on axes, every section, and studies that prune."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import vaekit
from analysis.effects.effect import effect
from analysis.importance.shares import importance
from analysis.kl.figures import kl_heat_map
from analysis.presentation.style import is_wide, line_of, scale
from analysis.presentation.view import View
from analysis.report.contents import sections
from analysis.report.explorer import explorer
from analysis.report.sheets import Sheets
from analysis.statistics.names import levels, places
from analysis.surrogate.surrogate import surrogate
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.preview import preview_sweep
from sweeps.spec.make import make_spec
from tests.test_sweep import Inline

OWN = "tests.own_networks:noisy"
NETWORKS = f"mlp,conv,{OWN}"


def named(*values: str) -> pd.Series:
    return pd.Series(values, name="network")


def test_names_have_places_in_the_order_of_the_table() -> None:
    values = named(OWN, "mlp", "a:b", "mlp")
    assert levels(values) == ["mlp", "a:b", OWN]
    assert places(values).tolist() == [2, 0, 1, 0]
    assert places(named("a:b"), among=values).tolist() == [1]
    numbers = pd.Series([8, 2], name="latent_dim")
    assert places(numbers) is numbers
    assert not is_wide(values)
    assert (scale(values).vmin, scale(values).vmax) == (0.0, 2.0)
    assert (line_of(values), line_of(numbers)) == ("", "-")


def test_the_effect_of_a_name_is_a_mean_each() -> None:
    rows = [
        {"trial": t, "seed": s, "state": "COMPLETE", "model": "vae", "network": n, "rate_nats": r + s}
        for t, (n, r) in enumerate([("mlp", 1.0), (OWN, 5.0), ("mlp", 3.0)])
        for s in (0, 1)
    ]
    found = effect(pd.DataFrame(rows), "network", ["rate_nats"])
    assert found["value"].tolist() == ["mlp", OWN]
    assert found["mean"].tolist() == [2.5, 5.5]
    assert found["trials"].tolist() == [2, 1]


def test_rows_of_a_heat_map_are_sorted_by_name() -> None:
    """Where nothing else varies a figure is ordered and coloured by names."""
    rows = [(trial, network, 1, float(trial)) for trial, network in enumerate((OWN, "mlp", OWN, "conv"))]
    figure = kl_heat_map(pd.DataFrame(rows, columns=["trial", "network", "rank", "kl_nats"]), "network")
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["mlp", "conv", OWN, OWN]
    shown = figure.axes[0].images[0].get_array()
    assert shown is not None
    assert shown.ravel().tolist() == [1.0, 3.0, 0.0, 2.0]


def test_importance_knows_that_only_the_name_matters() -> None:
    rng = np.random.default_rng(0)
    board = pd.DataFrame({"network": rng.choice(["mlp", OWN], 60), "latent_dim": rng.integers(1, 32, 60)})
    board["value"] = np.where(board["network"] == OWN, 5.0, 1.0) + 0.01 * rng.standard_normal(60)
    runs = board.assign(trial=range(60), state="COMPLETE", model="vae")
    known = surrogate(runs, "value", ["network", "latent_dim"])
    assert known is not None
    table = importance(known)
    shares = {str(row["parameter"]): row for row in table.to_dict(orient="records")}
    assert shares["network"]["main"] > 0.99
    assert shares["latent_dim"]["total"] < 0.01


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three networks, and nothing else that varies, with their autoencoder twins, on data with two factors."""
    out = tmp_path_factory.mktemp("mixed")
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 3, (240, 2))
    np.savez(out / "d.npz", images=rng.random((240, 8, 8), dtype=np.float32), factors=factors)
    options: dict[str, Any] = {
        "data": str(out / "d.npz"), "network": NETWORKS, "depth": "2", "latent_dim": "2", "beta": "1",
        "hidden_dim": "16", "epochs": 2, "seeds": 1, "sampler": "grid", "models": "vae,ae",
        "out": str(out), "name": "s",
    }  # fmt: skip
    return run_sweep(make_spec(options), engine=Inline()).path


def test_every_section_and_sheet_is_there(swept: Path) -> None:
    view = View(vaekit.open(swept, network=OWN))
    found = {section.slug: section for section in sections(view)}
    left_out = {slug for slug, section in found.items() if section.sentence.startswith("Left out")}
    needed = {"effect_network", "coverage", "latent_map", "pictures", "health", "kl", "learning"}
    assert not left_out & needed
    assert found["effect_network"].table["value"].drop_duplicates().tolist() == ["mlp", "conv", OWN]
    assert "nats per image is" in found["effect_network"].sentence
    assert set(found["coverage"].table["network"]) == {"mlp", "conv", OWN}
    explored = explorer(view)
    assert explored is not None
    axis = next(axis for axis in explored["axes"] if axis["name"] == "network")
    assert axis["label"] == f"network (0 mlp, 1 conv, 2 {OWN})"
    assert set(axis["values"]) == {0.0, 1.0, 2.0}
    sheets = Sheets(view.sweep)
    for run in view.sweep.runs["run"]:
        assert "Reconstructions" in sheets.render(run)


def test_without_its_name_only_the_own_networks_pictures_are_left_out(swept: Path) -> None:
    sheets = Sheets(vaekit.open(swept))
    for run, network in vaekit.open(swept).runs[["run", "network"]].itertuples(index=False):
        assert ("Reconstructions" in sheets.render(run)) == (network != OWN)


def test_a_study_over_networks_prunes_and_goes_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "mode": "optimize", "trials": 6, "batch": 6, "network": NETWORKS, "latent_dim": "2:6", "hidden_dim": "16",
        "beta": "1:8:log", "epochs": 16, "seeds": 2, "limit": 200, "out": str(tmp_path), "name": "s",
    }  # fmt: skip
    spec = make_spec(options)
    preview = preview_sweep(spec)
    assert all(len(stack) == 1 for stack in preview.stacks if stack[0].config.network == OWN)
    run_sweep(spec, engine=Inline())
    states = vaekit.open(tmp_path / "s").trials.groupby("state").size()
    assert states.sum() == 6
    assert set(states.index) <= {"COMPLETE", "PRUNED"}
