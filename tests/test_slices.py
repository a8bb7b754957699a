"""Training in slices: the bits of an undisturbed run, wherever a stack is left and whoever goes on with it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.coordination.checkpoints import Checkpoints
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.status import Status
from sweeps.engines import slices
from sweeps.engines.engine import Load, Stop
from sweeps.engines.slices import Forgotten, Slice, train_slice
from sweeps.engines.worker import Run, Task
from sweeps.maintenance.check import check_sweep
from tests.test_pruning import spec as halving
from tests.test_sweep import Inline, Killed, assert_same_frames, tiny
from vae.columns import HISTORY
from vae.config import RunConfig
from vae.data import DataConfig, open_data, prepare
from vae.errors import ResultsError
from vae.files.checkpoints import checkpoint_bytes, read_checkpoint
from vae.files.results import Folder
from vae.trained import TrainedRun
from vae.training import Training, train_runs


class Steps:
    """A clock that is a tenth of a second further at every look: a slice of a second is ten steps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    clock = Steps()
    monkeypatch.setattr("vae.training.time.monotonic", clock)
    return clock


def assert_same_runs(mine: Sequence[TrainedRun], theirs: Sequence[TrainedRun]) -> None:
    for one, other in zip(mine, theirs, strict=True):
        for name in HISTORY:
            if name != "seconds":
                np.testing.assert_array_equal(one.history[name], other.history[name], err_msg=name)
        assert len(one.history["seconds"]) == len(other.history["seconds"])
        np.testing.assert_equal(one.totals, other.totals)
        assert one.weights.keys() == other.weights.keys()
        for name, weights in other.weights.items():
            np.testing.assert_array_equal(one.weights[name], weights, err_msg=name)


VARIETIES: list[dict[str, Any]] = [
    {"epochs": 4, "beta_schedule": "linear:0.5"},
    {"epochs": 3, "likelihood": "gaussian"},
    {"epochs": 3, "precision": "bf16"},
    {"epochs": 3, "data": DataConfig(limit=300, binarize="sample")},
    {"epochs": 3, "loss": "factor_vae"},
    {"epochs": 3, "loss": "annealed_vae"},
    {"epochs": "auto", "batch_size": 16, "learning_rate": 0.01},
]


@pytest.mark.parametrize("variety", VARIETIES, ids=lambda variety: "-".join(map(str, variety)))
def test_a_run_left_in_the_middle_of_any_epoch_goes_on_to_the_same_bits(variety: dict[str, Any]) -> None:
    shared: dict[str, Any] = {"hidden_dim": 16, "batch_size": 32, "data": DataConfig(limit=300)} | variety
    configs = [
        RunConfig(latent_dim=d, seed=d, model=model, **shared) for d, model in ((1, "vae"), (3, "ae"), (8, "vae"))
    ]
    folder = prepare(configs[0].data)
    whole = train_runs(configs, folder)
    so_far, number = None, 0
    while True:
        training = Training(configs, open_data(folder), so_far=so_far)
        if training.advance(0.1 + 0.7 * (number % 3) + (40.0 if shared["epochs"] == "auto" else 0.0)):
            break
        so_far, number = training.so_far(with_states=True), number + 1
    assert number > 3
    assert_same_runs(training.measured(), whole)
    if shared["epochs"] == "auto":
        assert len({len(run.history["seconds"]) for run in whole}) > 1, "they were to end at different epochs"


CONFIGS = [RunConfig(latent_dim=d, seed=d, hidden_dim=16, epochs=6, data=DataConfig(limit=300)) for d in (2, 5)]
RUNS = [Run(number, number, config) for number, config in enumerate(CONFIGS)]


@pytest.fixture
def task() -> Task:
    return Task(prepare(CONFIGS[0].data), "cpu")


def test_a_worker_goes_on_with_its_stack_and_with_no_other(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "FIRST_SECONDS", 0.5)
    first = train_slice(RUNS, task)
    assert isinstance(first, Slice)
    assert (first.number, first.is_kept, first.so_far[0].steps) == (1, True, 0 + 1)
    assert isinstance(train_slice(RUNS, task, 1), Slice)
    for runs, of, after in ((RUNS, task, 1), (RUNS, replace(task, sweep="another"), 2), (RUNS[:1], task, 2)):
        with pytest.raises(Forgotten):
            train_slice(runs, of, after)
    assert isinstance(train_slice(RUNS, task), Slice)
    with pytest.raises(Forgotten):
        train_slice(RUNS, task, 3)
    found: Any = train_slice(RUNS, task)
    left = train_slice(RUNS, task, found.number, leave=True)
    assert isinstance(left, Slice)
    assert left.is_kept
    assert left.so_far[0].steps == found.so_far[0].steps, "it was to be left, not trained"
    found = train_slice([replace(run, so_far=so_far) for run, so_far in zip(RUNS, left.so_far, strict=True)], task)
    while isinstance(found, Slice):
        found = train_slice(RUNS, task, found.number)
    assert_same_runs(found, train_runs(CONFIGS, task.data_folder))


class Sliced(Inline):
    """An engine without processes that trains in slices, each of which is kept, and each stack by turns."""

    def run(
        self, stacks: Sequence[Sequence[Run]], task: Task, stop: Stop | None = None, load: Load = list
    ) -> Iterator[tuple[Sequence[Run], Any]]:
        in_flight = {number: load(stack) for number, stack in enumerate(stacks)}
        while in_flight:
            for number, runs in list(in_flight.items()):
                found = train_slice(runs, task)
                if isinstance(found, Slice):
                    yield stacks[number], found
                    in_flight[number] = load(stacks[number])
                else:
                    del in_flight[number]
                    self.trained += [run.run for run in runs]
                    yield stacks[number], found


OPTIONS: dict[str, dict[str, Any]] = {
    "explore": {"trials": 6, "epochs": 5, "batch_size": "32,64"},
    "auto": {"trials": 3, "epochs": "auto", "batch_size": 16, "learning_rate": 0.01, "limit": 200},
}


@pytest.mark.parametrize("mode", [*OPTIONS, "halving"])
def test_a_sweep_killed_at_any_slice_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(slices, "FIRST_SECONDS", 20.0 if mode == "auto" else 0.6)

    def spec(name: str) -> Any:
        return halving(tmp_path / name) if mode == "halving" else tiny(tmp_path / name, **OPTIONS[mode])

    run_sweep(spec("whole"), engine=Inline())
    killed = Checkpoints.save
    kills = 0
    while True:
        left = 3

        def save(self: Checkpoints, runs: Any) -> None:
            nonlocal left
            killed(self, runs)
            left -= 1
            if not left:
                raise Killed

        monkeypatch.setattr(Checkpoints, "save", save)
        try:
            run_sweep(spec("killed"), engine=Sliced())
            break
        except Killed:
            kills += 1
            folder = Folder(tmp_path / "killed" / "s")
            assert folder.checkpoint_paths()
            assert check_sweep(folder) == []
    assert kills > 3
    assert_same_frames(tmp_path / "whole" / "s", folder.path)
    assert not folder.checkpoints.exists()
    assert check_sweep(folder) == []


def a_run(epochs: int, steps: int = 0, state: bytes = b"state") -> TrainedRun:
    history = {name: np.arange(float(epochs)) for name in HISTORY}
    return TrainedRun(history, {}, {}, {}, {}, 0.0, state=state, steps=steps)


def test_checkpoints_are_whole_bounded_and_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    checkpoints = Checkpoints(folder)
    runs = [Run(number, number, CONFIGS[0]) for number in range(4)]
    checkpoints.save({number: a_run(1) for number in range(4)})
    checkpoints.save({number: a_run(2, steps=7) for number in range(4)})
    assert len(folder.checkpoint_paths()) == 1
    checkpoints.save({2: a_run(3), 3: a_run(3)})
    assert len(folder.checkpoint_paths()) == 2, "runs 0 and 1 still go on from the other"
    loaded = [run.so_far for run in checkpoints.load(runs[:2])]
    assert [(len(run.history["seconds"]), run.steps, run.state) for run in loaded if run] == [(2, 7, b"state")] * 2
    again = Checkpoints(folder)
    again.read({1, 2, 3})
    assert {run: len(so_far.history["seconds"]) for run, so_far in again.so_far.items()} == {1: 2, 2: 3, 3: 3}
    assert all(not so_far.state for so_far in again.so_far.values())
    assert again.decided_until({1}) == 2
    assert again.decided_until({2}) == 2, "whether they go on from epoch 3 may not be decided"
    again.forget({2, 3})
    assert len(folder.checkpoint_paths()) == 1
    again.forget({1})
    assert not folder.checkpoints.exists()


def test_a_damaged_checkpoint_is_one_line_and_the_earlier_one_is_gone_on_from(tmp_path: Path) -> None:
    folder, notes = Folder(tmp_path), list[str]()
    checkpoints = Checkpoints(folder, notes.append)
    checkpoints.save({0: a_run(1)})
    (earlier,) = folder.checkpoint_paths()
    content = earlier.read_bytes()
    checkpoints.save({0: a_run(2)})
    (later,) = folder.checkpoint_paths()
    earlier.write_bytes(content)
    checkpoints = Checkpoints(folder, notes.append)
    checkpoints.read({0})
    assert (len(checkpoints.so_far[0].history["seconds"]), notes) == (2, [])
    assert folder.checkpoint_paths() == [later]
    earlier.write_bytes(content)
    later.write_bytes(later.read_bytes()[:-1] + b"\0")
    checkpoints = Checkpoints(folder, notes.append)
    checkpoints.read({0})
    assert len(checkpoints.so_far[0].history["seconds"]) == 1
    assert len(notes) == 1
    assert "is no valid checkpoint" in notes[0]
    assert "begin anew" in notes[0]
    assert folder.checkpoint_paths() == [earlier]
    earlier.unlink()
    assert [run.so_far for run in checkpoints.load(RUNS[:1])] == [None]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    path.write_bytes(checkpoint_bytes({3: a_run(2, 5, bytes(range(256))), 4: replace(a_run(0), has_ended=True)}))
    found = read_checkpoint(path)
    assert list(found) == [3, 4]
    assert (found[3].state, found[3].steps, found[3].has_ended) == (bytes(range(256)), 5, False)
    assert (found[4].state, found[4].steps, found[4].has_ended) == (b"state", 0, True)
    np.testing.assert_array_equal(found[3].history["seconds"], [0.0, 1.0])
    for place in range(0, len(content := path.read_bytes()), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ResultsError, match="is no valid checkpoint"):
            read_checkpoint(path)


def test_a_status_comes_with_every_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "FIRST_SECONDS", 0.6)
    found: list[Status] = []
    run_sweep(tiny(tmp_path, trials=2, epochs=6, hidden_dim="16", batch_size=32), found.append, Sliced())
    shares = [status.share for status in found]
    assert len(shares) > 6
    assert found[1].seconds_left > 0.0, "the first slice ends inside an epoch, and its time counts"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    middle = found[len(found) // 2]
    assert middle.running == 2
    assert middle.in_flight[0].startswith("trials 0, 1 in epoch ")
    assert middle.seconds_left > 0.0
    assert np.isfinite(middle.best_running)
    assert (found[-1].running, found[-1].in_flight) == (0, ())
