"""`benchmarks.all`: what it keeps of a benchmark, and what it says of one that fails."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import all as benchmarks
from benchmarks.jobs import Job
from benchmarks.machine import busy_seconds, describe_machine

FASHION = "/somewhere/fashion"
JOB = Job("loops", "whole_sweep", ("--fashion", "FOLDER", "--epochs", "2"), ("--rounds", "1"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Commands given; each leaves figures that name the folder, or fails where its module is `broken`."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        if "benchmarks.broken" in command:
            return SimpleNamespace(returncode=1, stderr="Traceback\nValueError: no\n")
        figures = {"command": "x", "machine": "here", "rows": [{"data": FASHION}], "notes": [f"{FASHION}: two"]}
        Path(command[command.index("--json") + 1]).write_text(json.dumps(figures))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(benchmarks, "JOBS", (JOB, Job("broken", "broken"), Job("pythae", "x", needs="no_such_module")))
    return commands


def arguments(**given: Any) -> Any:
    return SimpleNamespace(**{"fashion": FASHION, "quick": False, "only": []} | given)


def test_figures_are_kept_without_the_folder_and_failures_are_said(asked: list[list[str]], tmp_path: Path) -> None:
    missing = benchmarks._run_all(arguments(), tmp_path)
    assert missing["broken"] == "exit code 1: ValueError: no"
    assert missing["pythae"].startswith("needs no_such_module: pip install")
    assert asked[0][:3] == [sys.executable, "-m", "benchmarks.whole_sweep"]
    assert asked[0][3:7] == ["--fashion", FASHION, "--epochs", "2"]
    assert [path.name for path in tmp_path.iterdir()] == ["loops.json"]
    text = (tmp_path / "loops.json").read_text()
    kept = json.loads(text)
    assert FASHION not in text
    assert kept["command"] == "python -m benchmarks.whole_sweep --fashion FOLDER --epochs 2"
    assert (kept["rows"], kept["notes"], kept["machine"]) == ([{"data": "FOLDER"}], ["FOLDER: two"], "here")
    assert {"date", "seconds", "busy_cores"} < set(kept)


def test_quick_and_only_choose_what_runs(asked: list[list[str]], tmp_path: Path) -> None:
    assert benchmarks._run_all(arguments(quick=True, only=["loops"]), tmp_path) == {}
    assert asked[0][7:9] == ["--rounds", "1"]
    assert benchmarks._run_all(arguments(fashion=None, only=["loops"]), tmp_path) == {"loops": "needs --fashion FOLDER"}
    assert len(asked) == 1


def test_the_machine_is_named_and_its_time_goes_on() -> None:
    assert "cores, python 3" in describe_machine()
    first, second = busy_seconds(), busy_seconds()
    assert (first is None) == (second is None)
    assert (second or 0.0) >= (first or 0.0)
