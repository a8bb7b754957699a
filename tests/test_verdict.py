"""Nothing is called best that is not: where nothing matters, where one trial does, where training was too short."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cli
from analysis.choice.choice import choice
from analysis.choice.contenders import contenders
from analysis.choice.length import longer, too_short
from analysis.choice.noise import Noise
from analysis.choice.verdict import verdict
from analysis.comparison.section import side_by_side
from analysis.frames.sweep import Sweep, open_sweep
from analysis.plane.section import plane_sections
from analysis.presentation.view import View
from analysis.report.explorer import explorer
from analysis.report.write import write_report
from analysis.statistics.carrying import carrying_units
from analysis.statistics.still_improving import still_improving
from analysis.statistics.zero_rate import ZeroRate
from tests import synthetic
from tests.drawing import draw_only
from tests.synthetic import write_sweep
from tests.test_report import Page
from vae.columns import NATS
from vae.convergence import patience_epochs, recent_fall_nats, trained_loss
from vae.files.records import RunRecord

NOISE = 0.2
CLAIM = re.compile(r"\b[Bb]est (is|trial|of them|by|are)\b|\b(is|are) (the )?best\b|\bIn the best\b|\bTake trial\b")
"""What would call something best."""
CANNOT = "Undecided: the 12 trials differ no more than their seeds do, so none can be told from another"


def study(path: Path, monkeypatch: pytest.MonkeyPatch, gain: float = 0.0, **options: Any) -> Sweep:
    """A sweep whose runs differ by noise over seeds alone, but for the first trial's gain in units of that noise."""
    whole, rng = synthetic.record, np.random.default_rng(7)

    def noisy(run: int, trial: int, *given: Any) -> RunRecord:
        made = whole(run, trial, *given)
        elbo = -30.0 + NOISE * (rng.normal() + (gain if trial == 0 else 0.0))
        nats = dict(zip(NATS, (10.0, -elbo - 10.0, elbo), strict=True))
        return replace(made, totals={**made.totals, **nats} | {f"validation_{name}": x for name, x in nats.items()})

    monkeypatch.setattr(synthetic, "record", noisy)
    return open_sweep(write_sweep(path, trials=12, **options).path)


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["vaekit", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    return " ".join(capsys.readouterr().out.split())


def test_where_nothing_matters_nothing_is_called_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = study(tmp_path / "s", monkeypatch)
    draw_only(monkeypatch)
    page = Page(write_report(sweep)).text
    shown = told(capsys, monkeypatch, "show", str(sweep.path))
    for text in (page, shown):
        assert CANNOT in text
        assert CLAIM.findall(text) == []
    best = json.loads(told(capsys, monkeypatch, "show", str(sweep.path), "--json"))["best"]
    assert best["is_sure"] is False
    assert len(best["tied_with"]) > 5
    (row,) = json.loads(told(capsys, monkeypatch, "list", "--out", str(tmp_path), "--json"))
    assert row["tied"] == len(best["tied_with"])
    assert "tied" in told(capsys, monkeypatch, "list", "--out", str(tmp_path))


def test_what_is_best_by_ten_noise_deviations_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = study(tmp_path / "s", monkeypatch, gain=10.0)
    said = verdict(View(sweep))
    assert said.startswith("Take trial 0 with")
    assert re.search(r"It is best: it leads trial \d+, the next, by 1\.\d+ ± \d\.\d+ nats", said)
    assert "Undecided" not in said
    best = json.loads(told(capsys, monkeypatch, "show", str(sweep.path), "--json"))["best"]
    assert (best["trial"], best["is_sure"], best["tied_with"]) == (0, True, [])
    assert "best trial 0: value −28" in told(capsys, monkeypatch, "show", str(sweep.path))


def test_one_seed_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(study(tmp_path / "s", monkeypatch, gain=10.0, seeds=1))
    assert len(choice(view).tied) == 11
    assert "Undecided: with one seed" in verdict(view)


def test_with_two_trials_it_is_students_paired_interval() -> None:
    first, second = np.array([3.0, 4.5, 5.0, 2.0]), np.array([1.0, 1.5, 2.0, 1.0])
    both = np.concatenate([first, second])
    values = pd.DataFrame({"trial": [4] * 4 + [9] * 4, "seed": [0, 1, 2, 3] * 2, "value": both})
    (_, row), noise = rows_of(values, 4)
    assert (row["trial"], row["shortfall"], row["n"]) == (9, pytest.approx((first - second).mean()), 4)
    width = stats.t.ppf(0.95, 3) * (first - second).std(ddof=1) / 2
    assert row["shortfall_half_width"] == pytest.approx(width, rel=1e-3)
    assert noise.p_value == pytest.approx(stats.ttest_rel(first, second).pvalue)
    (_, less), _ = rows_of(values, 9, is_less_better=True)
    assert less["shortfall"] == pytest.approx(row["shortfall"])


def rows_of(values: pd.DataFrame, best: int, **how: bool) -> tuple[list[dict[Any, Any]], Noise]:
    rows, noise = contenders(values, best, **how)
    return rows.to_dict(orient="records"), noise


def test_what_a_seed_does_to_all_trials_hides_no_lead() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (8, 3)) + rng.normal(0, 100, 3)
    values[2] += 2.0
    frame = pd.DataFrame({"trial": np.repeat(range(8), 3), "seed": np.tile(range(3), 8), "value": values.ravel()})
    rows, _ = contenders(frame, 2)
    assert rows.loc[~rows["is_worse"], "trial"].tolist() == [2]


# Length


@pytest.fixture
def too_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sweep]:
    """A sweep whose distortion, in every second trial, falls by a tenth of a nat an epoch to the end."""

    def write(**options: Any) -> Sweep:
        whole = synthetic.record

        def falling(run: int, trial: int, *given: Any) -> RunRecord:
            made = whole(run, trial, *given)
            distortion = 30 - (0.1 if trial % 2 else 0.0) * np.arange(len(made.history["seconds"]))
            flat = {name: np.zeros_like(distortion) for name in made.history}
            return replace(made, history=flat | {"validation_distortion_nats": distortion})

        monkeypatch.setattr(synthetic, "record", falling)
        return open_sweep(write_sweep(tmp_path / "my sweep", **{"trials": 8, "epochs": 60, **options}).path)

    return write


def test_runs_that_still_improved_are_those_of_the_one_rule(too_early: Callable[..., Sweep]) -> None:
    sweep = too_early()
    found = still_improving(sweep, sweep.runs)
    assert found.runs == 24
    assert found.table["trial"].unique().tolist() == [1, 3, 5, 7]
    assert not found.is_settled
    patience = patience_epochs(-(-1437 // 128))
    curve = sweep.history[sweep.history["run"] == 3]
    losses = trained_loss("beta_vae", "vae", 1.0, 25.0, *(curve[f"validation_{name}"].to_numpy() for name in NATS[:2]))
    assert set(found.table["over_epochs"]) == {patience}
    np.testing.assert_allclose(found.table["fall_nats"], recent_fall_nats(losses, patience))
    assert recent_fall_nats(losses, patience) == pytest.approx(0.1 * (patience - 1))


def test_that_training_was_too_short_is_said_first(
    too_early: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = too_early()
    command = f"vaekit sweep '{sweep.path}/sweep.toml' --epochs auto --name 'my sweep-longer'"
    said = (
        f"12 of 24 runs were still improving when they ended, by up to 4.10 nats over the last 42 epochs; {{}}{command}"
    )
    said = said.format("train longer: ")
    assert too_short(View(sweep)) == said
    draw_only(monkeypatch)
    page = Page(write_report(sweep))
    assert (
        page.html.partition(">Recommendation</h")[2]
        .partition(">")[2]
        .lstrip()
        .startswith("<p>12 of 24 runs were still improving")
    )
    assert "Best is" not in page.text
    assert told(capsys, monkeypatch, "show", str(sweep.path)).startswith(said)
    training = json.loads(told(capsys, monkeypatch, "show", str(sweep.path), "--json"))["training"]
    assert (training["still_improving"], training["runs"], training["command"]) == (12, 24, command)
    assert training["largest_fall_nats"] == pytest.approx(4.1)


def test_a_sweep_ends_by_saying_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ["--limit", "100", "--trials", "1", "--seeds", "1", "--latent-dim", "2", "--hidden-dim", "16"]
    monkeypatch.setattr(
        sys, "argv", ["vaekit", "sweep", *sizes, "--epochs", "1", "--jobs", "1", "--no-report", "--out", str(tmp_path)]
    )
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err.splitlines()[-1].startswith("1 of 1 run ended after 1 epoch, too few to tell")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 60, "beta_schedule": "linear:0.5"}, "--epochs 240 --name"),
        ({"models": "vae,ae"}, "vaekit compare"),
    ],
)
def test_the_command_that_trains_longer(too_early: Callable[..., Sweep], options: dict[str, Any], words: str) -> None:
    assert words in longer(View(too_early(**options)))


def test_auto_that_reached_its_longest_is_said_likewise(too_early: Callable[..., Sweep]) -> None:
    sweep = too_early()
    sweep.spec = sweep.spec | {"epochs": "auto"}
    assert "still improving when they ended at the longest that auto trains, by up to" in too_short(View(sweep))
    assert "--epochs 240" in longer(View(sweep))


def test_a_few_epochs_tell_nothing(too_early: Callable[..., Sweep]) -> None:
    said = too_short(View(too_early(epochs=4)))
    assert said.startswith("24 of 24 runs ended after 4 epochs, too few to tell whether they were still improving; ")


# One frontier, one data set


def test_explorer_plane_and_table_have_one_frontier(tmp_path: Path) -> None:
    view = View(open_sweep(write_sweep(tmp_path / "s", trials=8).path))
    drawn = next(trace for trace in (explorer(view) or {})["plane"]["data"] if trace["name"] == "frontier")
    corners = {(x, y) for x, y in zip(drawn["x"], drawn["y"], strict=True)}
    table = plane_sections(view)[0].table
    on = table.loc[table["on_frontier"], ["rate_nats", "distortion_nats"]]
    assert corners == {*on.itertuples(index=False, name=None), (0.0, view.zero_rate.nats)}


def test_sweeps_of_other_data_are_not_drawn_into_one_plane(tmp_path: Path) -> None:
    hashes = {"a": "1", "b": "2", "c": "1"}
    sweeps = [
        open_sweep(write_sweep(tmp_path / name, trials=3, provenance={"data": {"hash": text, "train": 1437}}).path)
        for name, text in hashes.items()
    ]
    views = {sweep.name: View(sweep) for sweep in sweeps}
    for view in views.values():
        view.zero_rate = ZeroRate(None)
    parts = {part.slug: part for part in side_by_side(views)}
    assert "b was trained on other data than a: left out of frontiers" in parts["best"].sentence
    for slug in ("frontiers", "leaderboards"):
        assert set(parts[slug].table["sweep"]) == {"a", "c"}


# Dimensions


def test_dimensions_that_carry_the_rate() -> None:
    kl = {0: [0.11] * 10, 1: [8.0, 1.5, 0.4, 0.05, 0.05], 2: [0.09, 0.01], 3: [5.0, 5.0]}
    rows = [(run, dim, x) for run, values in kl.items() for dim, x in enumerate(values)]
    counts = carrying_units(pd.DataFrame(rows, columns=["run", "dim", "kl_nats"]))
    assert dict(zip(counts["run"], counts["carrying_units"], strict=True)) == {0: 10.0, 1: 2.0, 2: 0.0, 3: 2.0}
