"""What is said while a sweep trains: how far it is, what trains, and how long it takes."""

import io
import time
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from sweeps.coordination import progress
from sweeps.coordination.progress import live_progress
from sweeps.coordination.status import Status, UnderWay
from sweeps.engines.worker import Run
from sweeps.spec.make import make_spec
from vae.columns import HISTORY
from vae.trained import TrainedRun

SPEC = make_spec({"hidden_dim": "16,32", "epochs": 10, "batch_size": 50})


def a_run(epochs: int, seconds: float, value: float = 0.0, steps: int = 0) -> TrainedRun:
    history = {name: np.full(epochs, value) for name in HISTORY}
    return TrainedRun(history, {}, {}, {}, {}, seconds, steps=steps)


def runs(numbers: list[int], **values: Any) -> list[Run]:
    return [Run(number, number // 2, SPEC.run_config(**values)) for number in numbers]


def under_way(**options: Any) -> UnderWay:
    return UnderWay(make_spec(SPEC.as_dict() | options), (4, 4), 500)


def test_share_and_time_left_come_from_measured_training() -> None:
    work = under_way()
    stack, other = runs([0, 1], hidden_dim=16), runs([2, 3], hidden_dim=16)
    work.total = 4.0
    assert isnan(work.seconds_left(2))
    unit = 1.0
    work.hear(stack, [a_run(5, 10.0)] * 2, None)
    unit = work._stacks[0].cost / 2  # of one run
    work.total = 4 * unit
    assert work.share == pytest.approx(0.25)
    assert work.seconds_left(1) == pytest.approx(60.0), "a run takes 20 s, and three of four are left"
    assert work.seconds_left(2) == pytest.approx(30.0)
    work.hear(stack, [a_run(7, 15.0, steps=5)] * 2, None)
    assert work.share == pytest.approx(0.375), "half an epoch counts"
    work.end(stack, [a_run(10, 25.0)] * 2, None)
    assert [work.share, work.seconds_left(1)] == pytest.approx([0.5, 50.0])
    work.hear(other, [a_run(1, 5.0)] * 2, None)
    assert work.seconds_left(8) == pytest.approx(60 / (1 + 1 / 10) * 0.9), "a stack cannot be shared"
    work.end(other, [], None)
    assert work.share == 1.0


def test_what_was_trained_before_this_call_is_none_of_its_work() -> None:
    work = under_way()
    (run,) = runs([0], hidden_dim=16)
    before = a_run(6, 100.0)
    gone_on = Run(run.run, run.trial, run.config, before)
    work.hear([gone_on], [a_run(8, 102.0)], None)
    assert work._stacks[0].share == pytest.approx(0.5)
    work.total = work._stacks[0].cost
    assert work.seconds_left(1) == pytest.approx(2.0)


def test_with_epochs_auto_the_end_is_a_guess_that_never_is_behind() -> None:
    work = under_way(epochs="auto")
    config = make_spec(SPEC.as_dict() | {"epochs": "auto"}).run_config(hidden_dim=16)
    run = Run(0, 0, config)
    shares = []
    for epochs in (1, 50, 100, 500, 5000):
        work.hear([run], [a_run(epochs, 1.0)], None)
        shares.append(work._stacks[0].share)
    assert shares == sorted(shares)
    assert shares[-1] < 1.0
    assert work.words() == ("trial 0 (hidden_dim 16) in epoch 5001",)


def test_what_trains_and_its_best_value() -> None:
    work = under_way()
    work.hear(runs([0, 1, 4]), [a_run(3, 1.0, -30.0), a_run(2, 1.0, -20.0), a_run(4, 1.0, -50.0)], None)
    work.hear(runs([5, 6], hidden_dim=32), [a_run(9, 1.0, -10.0), a_run(0, 1.0)], 9)
    assert work.trials() == [0, 2, 3]
    assert work.values() == {0: (2, -25.0), 2: (4, -30.0)}
    assert work.words()[1] == "trials 2, 3 (hidden_dim 32) in epoch 1 of 10"
    assert work.words()[0].endswith(" in epoch 3 of 10")
    work.rest()
    assert (work.trials(), work.words(), work.values()) == ([], (), {})


def status(**given: Any) -> Status:
    nothing = {"trials": 4, "goal": 4, "complete": 0, "pruned": 0, "failed": 0, "best": np.nan, "share": 0.0}
    return Status(path=Path("s"), **(nothing | given))


STACKS = ("trials 0, 1 in epoch 3 of 40", "trial 2 in epoch 4 of 40")


def test_a_line_comes_again_where_nothing_is_heard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MOST_SECONDS_SILENT", 0.5)
    with live_progress("elbo") as show:
        show(status())
        show(status(share=0.125, running=3, seconds_left=100.0, in_flight=STACKS, best_running=-31.5))
        time.sleep(2.5)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "0/4 trials | starting the workers"
    assert lines[1].startswith("12%, 0/4 trials, 3 training, best elbo so far -31.50, in training, about 2 min left | ")
    assert lines[1].endswith("; ".join(STACKS))
    assert len(lines) >= 3
    time.sleep(1.2)
    assert capsys.readouterr().err == "", "it goes on after the sweep"


@pytest.mark.parametrize(
    ("given", "said"), [({}, True), ({"running": 1}, False), ({"share": 0.1}, False), ({"complete": 4}, False)]
)
def test_it_is_said_that_nothing_trains_yet(given: dict[str, Any], said: bool) -> None:
    assert bool(progress.beginning(status(**given))) == said


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress("elbo", quiet=True) as show:
        show(status(in_flight=STACKS))
    assert capsys.readouterr().err == ""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda stderr: Console(file=written, force_terminal=True, width=100, color_system=None)
    )
    return written


def test_a_terminal_has_a_bar_and_below_it_what_trains(terminal: io.StringIO) -> None:
    with live_progress("elbo") as show:
        show(status(share=0.5, running=3, seconds_left=50.0, in_flight=(*STACKS, "third", "fourth", "fifth")))
    shown = terminal.getvalue()
    for text in (" 50%", "0/4 trials, 3 training, about 50 s left", f"  {STACKS[1]}", "fourth", "and 1 more"):
        assert text in shown
    assert "fifth" not in shown
