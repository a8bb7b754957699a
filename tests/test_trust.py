"""The checks before an answer, on studies of which it is known what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from analysis.frames.sweep import Sweep, open_sweep
from analysis.presentation.view import View
from analysis.scores.tables import trial_scores
from analysis.trust import checks as room
from analysis.trust.checks import Check, checks
from tests.synthetic import write_sweep

WHOLE, TRAINED, SEEDS = "Is the sweep whole?", "Were runs trained long enough?", "Are there enough seeds?"
SCORES = "Do the scores say anything?"


def sweep_of(path: Path, **case: Any) -> Sweep:
    return open_sweep(write_sweep(path / "s", **case).path)


def found(sweep: Sweep) -> dict[str, Check]:
    return {check.question: check for check in checks(View(sweep))}


def test_a_sound_sweep_passes_what_can_be_known(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, trials=6)
    passed = found(sweep)
    assert passed[WHOLE] == Check(WHOLE, True, "6 of 6 trials complete.")
    assert passed[SEEDS] == Check(SEEDS, True, "3 seeds a trial.")
    assert passed[TRAINED].is_passed is View(sweep).still_improving.is_settled
    assert SCORES not in passed


@pytest.mark.parametrize(
    ("case", "question", "told"),
    [
        ({"trials": 6, "failed": {2: "loss was NaN"}}, WHOLE, "5 of 6 trials complete, 1 failed."),
        ({"trials": 24, "asked": 5}, WHOLE, "5 of 24 trials complete."),
        (
            {"trials": 4, "epochs": 3},
            TRAINED,
            "12 of 12 runs ended too early to tell: longer training may change what is best.",
        ),
        ({"trials": 4, "seeds": 1}, SEEDS, "1 seed a trial: nobody can tell a better trial from a luckier one."),
        ({"trials": 4, "seeds": 2}, SEEDS, "2 seeds a trial: intervals are wide; 3 or more are better."),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, case: dict[str, Any], question: str, told: str) -> None:
    assert found(sweep_of(tmp_path, **case))[question] == Check(question, False, told)


@pytest.mark.parametrize(
    ("beyond", "told"),
    [
        (
            {},
            "Nothing shows that it gets better beyond them, but trial 3 has the last tried: latent dimensions 32 and "
            "hidden width 256.",
        ),
        ({"latent_dim": 40, "hidden_dim": 512}, "The optimum is inside what was searched."),
    ],
)
def test_a_last_value_is_no_optimum_inside(tmp_path: Path, beyond: dict[str, int], told: str) -> None:
    sweep = sweep_of(tmp_path, trials=12)
    for frame in (sweep.trials, sweep.runs):
        for name, value in beyond.items():
            frame.loc[frame["trial"] == 2, name] = value
    assert found(sweep)["Were the ranges wide enough?"] == Check("Were the ranges wide enough?", True, told)


def test_nothing_complete_has_one_check(tmp_path: Path) -> None:
    assert [check.question for check in checks(View(sweep_of(tmp_path, trials=1, failed={0: "NaN"})))] == [WHOLE]


def test_scores_are_held_against_their_floors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweep_of(tmp_path, trials=4)
    sweep.__dict__["runs"] = sweep.runs.assign(mig=0.5)
    assert "weights, which were not kept" in found(sweep)[SCORES].finding

    def known(*given: Any) -> Any:
        return trial_scores(*given).assign(above_floor=["no"])

    monkeypatch.setattr(room, "trial_scores", known)
    assert found(sweep)[SCORES] == Check(SCORES, False, "0 of 1 score of the first trial are above the floor.")
