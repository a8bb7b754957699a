"""A sweep that is being trained, as others see it meanwhile: frames, show, list and the report say how far it is."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vaekit
from analysis.presentation.view import View
from analysis.report.write import write_report
from analysis.summary.listing import list_sweeps
from analysis.summary.running import running
from analysis.summary.summary import summary
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.status import Status
from sweeps.engines import slices
from sweeps.maintenance.check import check_sweep
from tests.test_pruning import spec as halving
from tests.test_pruning import study
from tests.test_slices import Sliced, Steps
from tests.test_sweep import Inline, Killed, assert_same_frames, tiny
from vae.columns import HISTORY
from vae.errors import ResultsError
from vae.files.results import Folder


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae.training.time.monotonic", Steps())
    monkeypatch.setattr(slices, "FIRST_SECONDS", 0.6)


def stopped(out: Path, complete: int, *, in_time: bool = False, **options: Any) -> Path:
    """A sweep that is killed in training, once so many trials are complete; `in_time`, it is stopped and not killed."""
    table, seen = out / "s" / "trials.parquet", []

    def kill(status: Status) -> None:
        if status.complete >= complete and status.running and np.isfinite(status.best_running):
            seen.append(table.read_bytes())
            raise Killed

    with pytest.raises(Killed):
        run_sweep(tiny(out, epochs=8, batch_size=32, sampler="qmc", **options), kill, Sliced())
    if not in_time:
        table.write_bytes(seen[0])
    return out / "s"


def test_a_sweep_that_was_stopped_does_not_run(tmp_path: Path) -> None:
    sweep = vaekit.open(stopped(tmp_path, 0, in_time=True, trials=2, hidden_dim="16"))
    assert summary(View(sweep))["state"] == "incomplete"
    assert running(sweep).startswith("Training was interrupted: at ")


def test_its_learning_curves_are_in_history(tmp_path: Path) -> None:
    sweep = vaekit.open(stopped(tmp_path, 0, trials=2, hidden_dim="16"))
    assert len(sweep.runs) == 0
    assert set(sweep.history["run"]) == {0, 1, 2, 3}
    assert tuple(sweep.history) == ("run", "epoch", *HISTORY)
    seen = sweep.history.drop(columns="seconds")
    run_sweep(tiny(tmp_path, epochs=8, batch_size=32, sampler="qmc", trials=2, hidden_dim="16"), engine=Inline())
    whole = vaekit.open(tmp_path / "s")
    both = seen.merge(whole.history, on=["run", "epoch"], suffixes=("", "_whole"))
    assert len(both) == len(seen) < len(whole.history)
    for name in HISTORY[:-1]:
        np.testing.assert_array_equal(both[name], both[f"{name}_whole"], err_msg=name)
    assert not whole.folder.running.exists()


@pytest.mark.parametrize("complete", [0, 2])
def test_show_list_and_the_report_say_how_far_it_is(tmp_path: Path, complete: int) -> None:
    path = stopped(tmp_path, complete, trials=5, hidden_dim="16,32")
    sweep = vaekit.open(path)
    assert summary(View(sweep))["state"] == "running"
    assert [row["state"] for row in list_sweeps(tmp_path)] == ["running"]
    said = running(sweep)
    assert said.startswith("Training goes on: at ")
    assert " of 8 epochs." in said
    page = write_report(sweep, tmp_path / "report").read_text()
    assert "The sweep is being trained: this is how far it is. Training goes on: at " in page
    assert check_sweep(sweep.folder) == []
    an_hour_ago = time.time() - 3600
    os.utime(sweep.folder.running, (an_hour_ago, an_hour_ago))
    assert summary(View(vaekit.open(path)))["state"] == "incomplete"
    assert running(vaekit.open(path)).startswith("Training was interrupted: at ")


def test_intermediate_values_are_in_the_study_and_decide_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sweep(halving(tmp_path / "plain", objective="elbo"), engine=Inline())
    monkeypatch.setattr("sweeps.coordination.coordinator.SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr("sweeps.coordination.seldom.PAUSE", 0)
    given = halving(tmp_path / "watched", objective="elbo")
    run_sweep(given, engine=Sliced())
    assert_same_frames(tmp_path / "plain" / "s", tmp_path / "watched" / "s")
    plain, watched = (study(tmp_path / name / "s").trials for name in ("plain", "watched"))
    more = 0
    for one, other in zip(plain, watched, strict=True):
        assert one.params == other.params
        assert {e: v for e, v in other.intermediate_values.items() if e in given.rungs} == one.intermediate_values
        more += len(other.intermediate_values) - len(one.intermediate_values)
    assert more > 1


def test_what_is_damaged_is_one_line(tmp_path: Path) -> None:
    path = stopped(tmp_path, 0, trials=2, hidden_dim="16")
    folder = Folder(path)
    folder.running.write_bytes(folder.running.read_bytes()[:-9])
    with pytest.raises(ResultsError, match=r"running.parquet' is not valid Parquet"):
        _ = vaekit.open(path).history
    assert [finding.file for finding in check_sweep(folder)] == ["running.parquet"]
