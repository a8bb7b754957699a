"""A sweep gives the same frames however it is worked through."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import vaekit
from analysis.statistics.states import is_complete
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.preview import preview_sweep
from sweeps.coordination.status import Status
from sweeps.engines.engine import Load, Stop, TimedOut
from sweeps.engines.local import LocalEngine
from sweeps.engines.worker import Run, Task, train_stack
from sweeps.maintenance.check import check_sweep
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec
from vae import data as vae_data
from vae.columns import NATS
from vae.errors import ResultsError
from vae.files.results import Folder
from vae.parameters import PARAMETERS, Parameter
from vae.trained import TrainedRun

TINY: dict[str, Any] = {
    "epochs": 2,
    "limit": 300,
    "seeds": 2,
    "hidden_dim": "16,32",
    "latent_dim": "1:6",
    "report": False,
}


class Inline:
    """An engine without processes, in the stacks' reverse order, each cut into stacks of `size`."""

    workers = 1

    def __init__(self, size: int = 32) -> None:
        self.size = size

    def start(self) -> None:
        self.trained: list[int] = []

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, stop: Stop | None = None, load: Load = list
    ) -> Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]:
        for stack in reversed(stacks):
            for start in range(0, len(stack), self.size):
                part = stack[start : start + self.size]
                self.trained += [run.run for run in part]
                yield part, train_stack(load(part), task)

    def stop(self) -> None:
        pass


class Killed(BaseException):
    """Stands for kill -9 in a process of our own."""


def tiny(out: Path, **options: Any) -> Any:
    return make_spec(TINY | {"out": str(out), "name": "s"} | options)


def frames(path: Path) -> dict[str, pd.DataFrame]:
    sweep = vaekit.open(path)
    found = {name: getattr(sweep, name) for name in ("trials", "runs", "history", "dims")}
    return {name: frame.drop(columns="seconds", errors="ignore") for name, frame in found.items()}


def assert_same_frames(one: Path, other: Path) -> None:
    mine, theirs = frames(one), frames(other)
    for name in mine:
        pd.testing.assert_frame_equal(mine[name], theirs[name], check_exact=True, obj=name)


MANY_STACKS = {"hidden_dim": "16,32,48,64,80,96"}
"""A stack at least for each shape, so more than two workers have in hand."""


def options_of(sampler: str) -> dict[str, Any]:
    if sampler == "tpe":
        return {"mode": "optimize", "pruner": "none", "trials": 9, "batch": 4}
    if sampler == "grid":
        return {"sampler": "grid", "latent_dim": "2,3", "beta": "0.5,4", "hidden_dim": "16,32"}
    return {"sampler": sampler, "trials": 7}


@pytest.mark.parametrize("sampler", ["qmc", "tpe"])
def test_one_and_two_workers_give_equal_frames(tmp_path: Path, sampler: str) -> None:
    for jobs in ("1", "2"):
        status = run_sweep(tiny(tmp_path / jobs, jobs=jobs, **options_of(sampler)))
        assert (status.complete, status.failed) == (status.goal, 0)
    assert_same_frames(tmp_path / "1" / "s", tmp_path / "2" / "s")


@pytest.mark.parametrize("sampler", ["qmc", "random", "grid", "tpe"])
@pytest.mark.parametrize("after", [1, 3])
def test_a_kill_and_a_resume_equal_an_undisturbed_sweep(tmp_path: Path, sampler: str, after: int) -> None:
    engines = [Inline(), Inline(size=3), Inline(size=5)]
    run_sweep(tiny(tmp_path / "whole", **options_of(sampler)), engine=engines[0])
    updates = itertools.count()

    def kill(status: Status) -> None:
        if next(updates) == after:
            raise Killed

    with pytest.raises(Killed):
        run_sweep(tiny(tmp_path / "killed", **options_of(sampler)), kill, engines[1])
    run_sweep(tiny(tmp_path / "killed", **options_of(sampler)), engine=engines[2])
    assert_same_frames(tmp_path / "whole" / "s", tmp_path / "killed" / "s")
    assert sorted(engines[1].trained + engines[2].trained) == sorted(engines[0].trained), "a run was trained twice"


KILLED_WITH_ITS_WORKERS = """
import os, pathlib, signal
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.spec import Spec
def kill(status):
    if list(pathlib.Path({stacks!r}).glob("*.parquet")):
        os.killpg(0, signal.SIGKILL)
run_sweep({spec!r}, kill)
"""
"""By itself, since on a fast machine the sweep may be over before another process has seen its first stack."""


@pytest.mark.parametrize("sampler", ["qmc", "tpe"])
def test_kill_nine_and_the_same_command(tmp_path: Path, sampler: str) -> None:
    options = options_of(sampler) | MANY_STACKS | {"trials": 24, "epochs": 30, "jobs": "2"}
    run_sweep(tiny(tmp_path / "whole", **options), engine=Inline())
    spec = tiny(tmp_path / "killed", **options)
    stacks = Folder(tmp_path / "killed" / "s").stacks
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WITH_ITS_WORKERS.format(spec=spec, stacks=str(stacks))],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}, start_new_session=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert len(vaekit.open(tmp_path / "killed" / "s").runs) < len(vaekit.open(tmp_path / "whole" / "s").runs)
    run_sweep(spec, engine=Inline())
    assert_same_frames(tmp_path / "whole" / "s", tmp_path / "killed" / "s")


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_a_stack_lost_with_its_worker_is_run_again(tmp_path: Path, pause: float) -> None:
    options = {"trials": 12, "epochs": 20, **MANY_STACKS}
    run_sweep(tiny(tmp_path / "whole", **options), engine=Inline())
    engine = LocalEngine(workers=2)
    updates = itertools.count()

    def kill_a_worker(status: Status) -> None:
        if next(updates) == 1:
            engine.processes[0].kill()
            time.sleep(pause)

    status = run_sweep(tiny(tmp_path / "lost", **options), kill_a_worker, engine)
    assert (status.complete, status.failed) == (12, 0)
    assert_same_frames(tmp_path / "whole" / "s", tmp_path / "lost" / "s")


def kill_the_worker_of_large_latents(names: Any, objectives: Any, split: str, scored: Any) -> dict[str, float]:
    """A scorer that no worker survives where the latent dimension is above 24."""
    if scored.means.shape[1] > 24:
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def test_a_run_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    """Neither its neighbour in the stack, of latent dimension 20, nor the other stack fails with it."""
    space = {"sampler": "grid", "latent_dim": "2,20,30", "hidden_dim": "16", "beta": "1", "seeds": 1, "limit": 100}
    spec = tiny(tmp_path, data="shapes", scores="mig", **space)
    status = run_sweep(spec, engine=LocalEngine(workers=2), scorer=kill_the_worker_of_large_latents)
    assert (status.complete, status.failed) == (2, 1)
    trials = vaekit.open(tmp_path / "s").trials
    assert trials.loc[trials["state"] == "FAIL", "latent_dim"].tolist() == [30]
    assert trials.loc[trials["state"] == "FAIL", "error"].str.contains("WorkerLost: .* ended by SIGKILL").all()


def test_workers_do_not_outlive_a_killed_coordinator(tmp_path: Path) -> None:
    spec = tiny(tmp_path, epochs=100_000, jobs="2")
    code = (
        f"from sweeps.coordination.coordinator import run_sweep; from sweeps.spec.spec import Spec; run_sweep({spec!r})"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (Folder(tmp_path / "s").trials.exists() and len(children.read_text().split()) >= 2):
        assert process.poll() is None
        time.sleep(0.05)
    workers = [Path("/proc") / child for child in children.read_text().split()]
    time.sleep(2)
    process.kill()
    process.wait()
    while any(worker.exists() for worker in workers):  # else the test's time is up
        time.sleep(0.1)


def test_what_is_not_finite_on_test_or_as_an_objective_fails(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((100, 4, 4), dtype=np.float32)
    np.savez(tmp_path / "mine.npz", images=images)
    data = vae_data.load_data(str(tmp_path / "mine.npz"))
    images[data.test[0]] = 1e22
    np.savez(tmp_path / "mine.npz", images=images)
    options = {"data": str(tmp_path / "mine.npz"), "likelihood": "gaussian", "limit": None, "trials": 1}
    spec = make_spec({k: v for k, v in (TINY | options).items() if v is not None} | {"out": str(tmp_path)})
    with pytest.warns(UserWarning, match=r"training starts at unit scale and may not reach values of .* to 1e\+22"):
        status = run_sweep(spec, engine=Inline())
    assert (status.complete, status.failed) == (0, 1)
    assert "must be finite on the test split" in status.first_error

    def no_score(*arguments: Any) -> dict[str, float]:
        return {"validation_mig": float("nan")}

    spec = tiny(tmp_path / "b", data="shapes", objective="mig", trials=1)
    assert "validation_mig must be finite" in run_sweep(spec, engine=Inline(), scorer=no_score).first_error


def test_equal_images_under_another_name_keep_that_name(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((100, 4, 4), dtype=np.float32)
    for name in ("first", "second"):
        np.savez(tmp_path / f"{name}.npz", images=images)
        spec = tiny(tmp_path / name, data=str(tmp_path / f"{name}.npz"), limit=100, trials=1)
        run_sweep(spec, engine=Inline())
        assert vaekit.open(tmp_path / name / "s").provenance["data"]["name"] == name


@pytest.mark.parametrize("sampler", ["qmc", "random"])
def test_extending_equals_asking_all_at_once(tmp_path: Path, sampler: str) -> None:
    shared = {"sampler": sampler, "epochs": 1, "seeds": 1}
    run_sweep(tiny(tmp_path / "steps", trials=16, **shared), engine=Inline())
    run_sweep(tiny(tmp_path / "steps", trials=24, **shared), engine=Inline())
    run_sweep(tiny(tmp_path / "once", trials=24, **shared), engine=Inline())
    assert_same_frames(tmp_path / "steps" / "s", tmp_path / "once" / "s")
    assert vaekit.open(tmp_path / "steps" / "s").spec["trials"] == 24


def test_fewer_trials_change_nothing_and_a_finished_sweep_trains_nothing(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=4), engine=Inline())
    before = frames(tmp_path / "s")
    engine = Inline()
    status = run_sweep(tiny(tmp_path, trials=2), engine=engine)
    assert status.trials == 4
    assert engine.trained == []
    pd.testing.assert_frame_equal(frames(tmp_path / "s")["trials"], before["trials"])
    assert vaekit.open(tmp_path / "s").spec["trials"] == 4


def contents(path: Path) -> dict[Path, bytes]:
    """Every file but the lock, which says since when it is held."""
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file() and file.suffix != ".lock"}


def test_another_identity_is_refused_with_the_difference(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=2), engine=Inline())
    before = contents(tmp_path)
    with pytest.raises(ResultsError, match="holds another sweep: epochs 2 there and 3 here. Give this one"):
        run_sweep(tiny(tmp_path, trials=2, epochs=3), engine=Inline())
    assert contents(tmp_path) == before


def test_changed_images_are_another_identity(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((100, 4, 4), dtype=np.float32)
    np.savez(tmp_path / "mine.npz", images=images)
    options = {"data": str(tmp_path / "mine.npz"), "limit": 80, "trials": 1}
    run_sweep(tiny(tmp_path, **options), engine=Inline())
    np.savez(tmp_path / "mine.npz", images=1 - images)
    with pytest.raises(ResultsError, match="data_hash .* there and .* here"):
        run_sweep(tiny(tmp_path, **options), engine=Inline())


SMALL = {"latent_dim": "2,3", "beta": "1", "hidden_dim": "16", "trials": 6, "epochs": 1}
"""A space of two points."""


@pytest.mark.parametrize("options", [{"sampler": "qmc"}, {"sampler": "random"}, {"mode": "optimize", "pruner": "none"}])
def test_a_space_smaller_than_the_trials_ends_when_it_is_exhausted(tmp_path: Path, options: dict[str, str]) -> None:
    status = run_sweep(tiny(tmp_path, **SMALL, **options), engine=Inline())
    assert (status.complete, status.goal) == (2, 2)
    sweep = vaekit.open(tmp_path / "s")
    assert sorted(sweep.trials["latent_dim"]) == [2, 3]
    assert len(sweep.runs) == 2 * TINY["seeds"]
    assert is_complete(sweep.trials, sweep.spec)
    again = Inline()
    assert run_sweep(tiny(tmp_path, **SMALL, **options), engine=again).complete == 2
    assert again.trained == []


def test_python_says_so_too_where_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.run_sweep", lambda spec, show, scorer, **more: run_sweep(spec, show, Inline(), **more))
    with pytest.warns(UserWarning, match="the search space has only 2 points") as said:
        found = vaekit.sweep(**TINY | SMALL | {"out": str(tmp_path), "learning_rate": 1e-3, "latent_dim": [2, 3]})
    assert [warning.filename for warning in said] == [__file__]
    assert len(found.trials) == 2


def test_a_folder_that_holds_repeats_goes_on_and_reuses_their_runs(tmp_path: Path) -> None:
    """The first version could ask a point twice."""
    spec = replace(tiny(tmp_path, **SMALL | {"latent_dim": "2,3,4"}), trials=3)
    old = [{"latent_dim": latent, "beta": 1.0, "hidden_dim": 16} for latent in (3, 3, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweeps.study.ask.explore", lambda *asked: old)
        run_sweep(spec, engine=Inline())
    first = vaekit.open(tmp_path / "s")
    assert first.runs["trial"].tolist() == [0, 0, 2, 2]
    assert first.trials["value"][0] == first.trials["value"][1]
    assert first.best["trial"] in (0, 2)
    engine = Inline()
    run_sweep(replace(spec, trials=4), engine=engine)
    assert engine.trained == [6, 7]
    assert vaekit.open(tmp_path / "s").trials["latent_dim"].tolist() == [3, 3, 2, 4]


FURTHER = {"learning_rate": "1e-4:1e-2:log", "batch_size": "32,64"}


@pytest.mark.parametrize("options", [{"mode": "optimize", "batch": 4}, {"sampler": "qmc"}, {"sampler": "random"}])
def test_learning_rate_and_batch_size_are_axes_like_any_other(tmp_path: Path, options: dict[str, Any]) -> None:
    engines = [Inline(), Inline(size=2)]
    for place, engine in zip(("one", "two"), engines, strict=True):
        run_sweep(tiny(tmp_path / place, trials=8, **FURTHER, **options), engine=engine)
    assert_same_frames(tmp_path / "one" / "s", tmp_path / "two" / "s")
    sweep = vaekit.open(tmp_path / "one" / "s")
    assert sweep.parameters == ("latent_dim", "beta", "hidden_dim", "learning_rate", "batch_size")
    for frame, before in ((sweep.trials, 2), (sweep.runs, 5)):
        assert tuple(frame.columns[before : before + 5]) == sweep.parameters
        assert frame["learning_rate"].between(1e-4, 1e-2).all()
        assert frame["learning_rate"].nunique() == 8
        assert (str(frame["batch_size"].dtype), set(frame["batch_size"])) == ("int64", {32, 64})
    assert check_sweep(Folder(tmp_path / "one" / "s")) == []
    wanted = sweep.trials.iloc[[sweep.best["trial"]]]
    point = {name: str(wanted[name].item()) for name in sweep.parameters}
    run_sweep(tiny(tmp_path / "alone", trials=1, **point), engine=Inline())
    alone = vaekit.open(tmp_path / "alone" / "s")
    assert alone.parameters == ("latent_dim", "beta", "hidden_dim")
    mine = sweep.runs[sweep.runs["trial"] == sweep.best["trial"]]
    np.testing.assert_array_equal(mine["elbo_nats"], alone.runs["elbo_nats"])


def test_a_line_in_the_table_of_hyperparameters_makes_an_axis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Parameter(name="beta_schedule", kind="name", words="schedule of beta", unit="name", shapes_stack=False)
    monkeypatch.setitem(dict_of(PARAMETERS), line.name, line)
    schedules = "constant,linear:0.5,cyclic:2"
    space = {"latent_dim": "2", "beta": "1,4", "hidden_dim": "16", "beta_schedule": schedules, "epochs": 4, "seeds": 1}
    for mode in ({}, {"mode": "optimize", "pruner": "none", "batch": 2}):
        spec = tiny(tmp_path / str(len(mode)), **space, **mode)
        assert (spec.trials, spec.size_of_space) == (6, 6)
        run_sweep(spec, engine=Inline())
        sweep = vaekit.open(tmp_path / str(len(mode)) / "s")
        assert sweep.runs.groupby(["beta", "beta_schedule"]).size().tolist() == [1] * 6
        assert set(sweep.trials["beta_schedule"]) == set(schedules.split(","))
        assert sweep.trials["value"].nunique() == 6
        assert check_sweep(sweep.folder) == []
        assert vaekit.open(sweep.path).parameters[-1] == "beta_schedule"
    rows = preview_sweep(make_spec(spec.as_dict())).stack_rows
    assert {name for row in rows for name in str(row["beta_schedule"]).split(", ")} <= set(schedules.split(","))
    twin = compare_spec({"seeds": 1}, sweep.folder)
    assert twin.beta_schedule == schedules


def dict_of(table: Any) -> dict[str, Parameter]:
    assert isinstance(table, dict)
    return table


def test_a_folder_of_the_first_version_opens_and_goes_on(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=2, learning_rate=0.002), engine=Inline())
    folder = Folder(tmp_path / "s")
    now = folder.read_spec()
    folder.write_spec(now | {"learning_rate": 0.002, "batch_size": 128})
    assert vaekit.open(tmp_path / "s").spec == now
    assert check_sweep(folder) == []
    engine = Inline()
    run_sweep(tiny(tmp_path, trials=3, learning_rate="2e-3"), engine=engine)
    assert sorted(engine.trained) == [4, 5]
    with pytest.raises(ResultsError, match="learning_rate 2e-3 there and 0.001 here"):
        run_sweep(tiny(tmp_path, trials=3), engine=Inline())


def test_the_value_of_a_trial_is_the_mean_over_its_seeds_on_validation(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=3, objective="rate_nats:min,distortion_nats"), engine=Inline())
    sweep = vaekit.open(tmp_path / "s")
    means = sweep.runs.groupby("trial")[["validation_rate_nats", "validation_distortion_nats"]].mean()
    got = sweep.trials[["value_rate_nats", "value_distortion_nats"]]
    np.testing.assert_allclose(got, means)
    assert sweep.runs["run"].tolist() == list(range(6))
    assert sweep.runs["seed"].tolist() == [0, 1] * 3


def test_a_run_that_goes_nan_fails_its_trial_alone(tmp_path: Path) -> None:
    spec = tiny(tmp_path, sampler="grid", latent_dim="2", hidden_dim="16", beta="1,1e38", epochs=3)
    status = run_sweep(spec, engine=Inline())
    assert (status.complete, status.failed) == (1, 1)
    sweep = vaekit.open(tmp_path / "s")
    assert sweep.trials["state"].tolist() == ["COMPLETE", "FAIL"]
    assert "must stay finite, got" in sweep.trials["error"][1]
    assert sweep.runs["state"].tolist() == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]
    alone = tiny(tmp_path / "alone", sampler="grid", latent_dim="2", hidden_dim="16", beta="1", epochs=3)
    run_sweep(alone, engine=Inline())
    columns = [*NATS, *(f"validation_{name}" for name in NATS)]
    without = vaekit.open(tmp_path / "alone" / "s").runs[columns]
    pd.testing.assert_frame_equal(sweep.runs.loc[:1, columns], without, check_exact=True)


def test_a_stack_that_raises_fails_its_trials_and_the_sweep_goes_on(tmp_path: Path) -> None:
    class Raising(Inline):
        def run(self, stacks: Any, *rest: Any) -> Any:
            first, *others = stacks
            yield first, MemoryError("no room")
            yield from super().run(others, *rest)

    status = run_sweep(tiny(tmp_path, trials=6), engine=Raising())
    assert status.failed > 0
    assert status.complete > 0
    errors = vaekit.open(tmp_path / "s").trials["error"]
    assert errors[errors != ""].str.contains("MemoryError: no room").all()


def test_a_timeout_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path: Path) -> None:
    class Late(Inline):
        def run(self, stacks: Any, *rest: Any) -> Any:
            yield next(super().run(stacks, *rest))
            raise TimedOut

    status = run_sweep(tiny(tmp_path, trials=6, timeout="1h"), engine=Late())
    assert status.timed_out
    assert set(vaekit.open(tmp_path / "s").trials["state"]) == {"COMPLETE", "WAITING"}
    assert not run_sweep(tiny(tmp_path, trials=6), engine=Inline()).timed_out
    assert set(vaekit.open(tmp_path / "s").trials["state"]) == {"COMPLETE"}


@pytest.mark.parametrize(("keep", "kept"), [("all", 12), ("best", 2), ("none", 0)])
def test_weights_are_kept_as_asked(tmp_path: Path, keep: str, kept: int) -> None:
    run_sweep(tiny(tmp_path, trials=6, keep_weights=keep), engine=Inline())
    sweep = vaekit.open(tmp_path / "s")
    best = sweep.trials["value"].idxmax()
    found = []
    for run in sweep.runs["run"]:
        try:
            sweep.model(run)
            found.append(run)
        except ResultsError:
            assert keep != "all"
    assert len(found) == kept
    if keep == "best":
        assert sweep.runs.set_index("run").loc[found, "trial"].tolist() == [best, best]


def test_a_loaded_model_measures_what_the_frame_says(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=2, epochs=5), engine=Inline())
    sweep = vaekit.open(tmp_path / "s")
    for run, row in sweep.runs.set_index("run").iterrows():
        assert isinstance(run, int)
        codes = sweep.codes(run)
        own = sweep.dims[sweep.dims["run"] == run]
        np.testing.assert_allclose(codes.var(axis=0), own["mean_variance"], rtol=1e-4, atol=1e-7)
        assert own["kl_nats"].sum() == pytest.approx(row["rate_nats"], rel=1e-9)
        assert row["active_units"] == own["active"].sum()
        assert row["elbo_nats"] == pytest.approx(-row["rate_nats"] - row["distortion_nats"])


def test_a_torn_journal_line_is_mended(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path, trials=2), engine=Inline())
    journal = Folder(tmp_path / "s").journal
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "tri')
    Path(f"{journal}.lock").touch()
    run_sweep(tiny(tmp_path, trials=3), engine=Inline())
    assert len(vaekit.open(tmp_path / "s").trials) == 3
    assert all(json.loads(line) for line in journal.read_text().splitlines())


def test_a_second_coordinator_is_told_so(tmp_path: Path) -> None:
    def second(status: Status) -> None:
        with pytest.raises(ResultsError, match="another process is working on .*: wait for it or stop it"):
            run_sweep(tiny(tmp_path, trials=2), engine=Inline())

    run_sweep(tiny(tmp_path, trials=2), second, Inline())
