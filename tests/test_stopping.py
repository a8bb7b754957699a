"""A study ends where its best no longer improves: at one trial, however it is worked through."""

import sys
from functools import partial
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import cli
import vaekit
from analysis.statistics.states import ended_early, is_complete
from sweeps.coordination.coordinator import run_sweep
from tests.test_sweep import Inline, assert_same_frames, tiny
from vae.errors import ConfigError
from vae.stopping import trials_since_best


@pytest.mark.parametrize(
    ("values", "ascending", "since"),
    [
        ([], False, 0),
        ([1.0], False, 0),
        ([1.0, 2.0, 3.0], True, 2),
        ([1.0, 2.0, 3.0], False, 0),
        ([3.0, 1.0, 3.0, 2.0], False, 3),
        ([nan, nan, nan], False, 3),
        ([nan, 1.0, nan], True, 1),
        ([inf, inf], True, 2),
    ],
)
def test_trials_since_the_best(values: list[float], ascending: bool, since: int) -> None:
    assert trials_since_best(values, ascending=ascending) == since


# The best of these is trial 0 at first, then trial 2, then trial 9; of the first four, trials 4 to 8 improve nothing.
BETAS = "4,8,2,3,5,6,7,9,10,1,11,12"


def study(out: Path, **options: Any) -> Any:
    """A grid whose trials come in the order of BETAS, of which a small beta has the small distortion."""
    space = {"sampler": "grid", "latent_dim": "4", "hidden_dim": "16", "beta": BETAS, "objective": "distortion"}
    return tiny(out, epochs=6, limit=400, seeds=1, **space | options)


@pytest.mark.parametrize(("patience", "end"), [(1, 2), (2, 5), (6, 9), (7, 12)])
def test_the_study_ends_exactly_there(tmp_path: Path, patience: int, end: int) -> None:
    engines = [Inline(), Inline(size=1)]
    for place, engine in zip("ab", engines, strict=True):
        status = run_sweep(study(tmp_path / place, stop_after=patience), engine=engine)
        assert (status.trials, status.told) == (end, end)
    sweep = vaekit.open(tmp_path / "a" / "s")
    assert sweep.trials["beta"].tolist() == [float(beta) for beta in BETAS.split(",")][:end]
    assert is_complete(sweep.trials, sweep.spec)
    assert ended_early(sweep.trials, sweep.spec) == (patience if end < 12 else 0)
    assert sorted(engines[0].trained) == list(range(end)), "nothing beyond the end was trained"
    assert_same_frames(tmp_path / "a" / "s", tmp_path / "b" / "s")


def test_it_goes_on_without_the_option(tmp_path: Path) -> None:
    run_sweep(study(tmp_path / "whole"), engine=Inline())
    run_sweep(study(tmp_path / "steps", stop_after=2), engine=Inline())
    again = Inline()
    assert run_sweep(study(tmp_path / "steps", stop_after=2), engine=again).trials == 5
    assert again.trained == []
    run_sweep(study(tmp_path / "steps"), engine=Inline())
    assert_same_frames(tmp_path / "whole" / "s", tmp_path / "steps" / "s")


@pytest.mark.parametrize(("patience", "end"), [(3, 8), (8, 12)])
def test_to_optimize_it_ends_with_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: int, end: int
) -> None:
    """The best is trial 1 of three batches: after four trials two have come since, after eight six."""
    values = [2.0, 3.0, *[1.0] * 10]
    monkeypatch.setattr(
        "sweeps.coordination.coordinator.trials_since_best",
        lambda told, ascending: trials_since_best(values[: len(list(told))], ascending=ascending),
    )
    options = {"mode": "optimize", "pruner": "none", "batch": 4, "trials": 12, "epochs": 1, "seeds": 1}
    assert run_sweep(tiny(tmp_path, stop_after=patience, **options), engine=Inline()).trials == end


def test_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sweeps.coordination.coordinator.run_sweep", partial(run_sweep, engine=Inline()))
    spec = study(tmp_path, stop_after=2)
    words = [
        f"--{name.replace('_', '-')}={value}" for name, value in spec.as_dict().items() if value not in (True, False)
    ]
    for argv in (["sweep", *words, "--no-report"], ["show", str(tmp_path / "s")]):
        monkeypatch.setattr(sys, "argv", ["vaekit", *argv])
        with pytest.raises(SystemExit):
            cli.main()
    printed = capsys.readouterr()
    assert "the best has not improved for 2 trials: the study ends at 5 of 12 trials" in printed.err
    shown = " ".join(printed.out.split())
    assert "The study ended early: its best had not improved for 2 trials." in shown
    assert "incomplete" not in shown


def test_its_rules(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="stop_after must be at least 1, got 0"):
        tiny(tmp_path, stop_after=0)
    with pytest.raises(ConfigError, match="stop_after needs one objective, got 'rate,distortion'"):
        tiny(tmp_path, stop_after=3, objective="rate,distortion")
