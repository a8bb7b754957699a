"""What vaekit check finds, and what vaekit retry mends."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sweeps.coordination.coordinator import run_sweep
from sweeps.engines.engine import Load, Stop
from sweeps.engines.worker import Task
from sweeps.maintenance.check import check_sweep
from sweeps.maintenance.retry import forget_failed
from tests.test_sweep import Inline, assert_same_frames, frames, tiny
from vae.errors import ResultsError
from vae.files import weights
from vae.files.results import Folder, write_whole
from vae.files.tables import table_bytes

Damage = Callable[[Folder], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound")
    run_sweep(tiny(out, trials=4), engine=Inline(size=4))
    return out / "s"


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Folder:
    return Folder(Path(shutil.copytree(sound, tmp_path / "s")))


def change(path: Path, column: str, row: int, value: object) -> None:
    """Change one cell of a table, and give it a new checksum."""
    table = pa.parquet.read_table(path)
    values = table[column].to_pylist()
    values[row] = value
    at = table.column_names.index(column)
    write_whole(path, table_bytes(table.set_column(at, column, pa.array(values, table[column].type))))


def cell(column: str, value: object) -> Damage:
    return lambda folder: change(folder.stack_paths()[0], column, 0, value)


def flip_last_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def other_checksum(folder: Folder) -> None:
    path = folder.stack_paths()[0]
    table = folder.read_stack(path)
    at = table.column_names.index("seconds")
    content = table_bytes(table)
    changed = table_bytes(table.set_column(at, "seconds", pa.array([0.5] * len(table))))
    old, new = (c[c.index(b"vaekit.sha256") + 15 :][:64] for c in (content, changed))
    path.write_bytes(changed.replace(new, old))


def reshaped(folder: Folder) -> None:
    path = folder.weight_paths()[0]
    arrays = weights.read_arrays(path)
    name = next(name for name in arrays if name.endswith("fc1.weight"))
    write_whole(path, weights.weights_bytes(arrays | {name: arrays[name][:, :-1].copy()}))


def not_finite(folder: Folder) -> None:
    path = folder.weight_paths()[0]
    arrays = weights.read_arrays(path)
    arrays[next(iter(arrays))].flat[0] = np.nan
    write_whole(path, weights.weights_bytes(arrays))


def other_images(folder: Folder) -> None:
    provenance = folder.read_provenance()
    folder.write_provenance(provenance | {"data": provenance["data"] | {"hash": "0" * 64}})


def told_otherwise(folder: Folder) -> None:
    lines = [json.loads(line) for line in folder.journal.read_text().splitlines()]
    told = next(line for line in lines if line["op_code"] == 6)
    told["values"] = [1.5]
    folder.journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def torn(folder: Folder) -> None:
    folder.journal.write_bytes(folder.journal.read_bytes() + b'{"op')


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda f: f.stack_paths()[0].write_bytes(b"PAR1"), "is not valid Parquet"),
        (lambda f: f.stack_paths()[0].unlink(), "has a result in the study, but its runs"),
        (lambda f: shutil.copy(f.stack_paths()[0], f.stacks / "00000099.parquet"), "is in two stacks"),
        (other_checksum, "the table does not match its checksum"),
        (cell("seed", 7), "seed must be 0, got 7|seed must be 1, got 7"),
        (cell("trial", 99), "trial must be"),
        (cell("run", 99), "run 99: no trial asked for this run"),
        (cell("beta", 0.25), "beta must be"),
        (cell("rate_nats", float("nan")), "rate_nats of a finished run must be finite, got nan"),
        (cell("elbo_nats", 3.0), r"elbo_nats must be -\(rate \+ distortion\)"),
        (cell("active_units", 77.0), "active_units must be those of its dimensions"),
        (cell("validation_elbo_nats", -1.0), "but its runs give COMPLETE"),
        (told_otherwise, r"is COMPLETE \[1.5\] in the study, but its runs give"),
        (lambda f: f.weight_paths()[0].unlink(), "the weights of run"),
        (lambda f: flip_last_byte(f.weight_paths()[0]), "the weights do not match their checksum"),
        (reshaped, r"fc1.weight must have shape \(16|fc1.weight must have shape \(32"),
        (not_finite, "of a finished run must be finite, got NaN"),
        (lambda f: f.weight_paths()[0].write_bytes(b"x"), "is not valid safetensors"),
        (lambda f: shutil.copy(f.weight_paths()[0], f.stacks / "00000099.safetensors"), None),
        (lambda f: f.journal.unlink(), "the study is missing"),
        (torn, "the last line of the journal is incomplete"),
        (lambda f: f.journal.write_text("[]\n"), "is damaged"),
        (lambda f: f.trials.unlink(), "has no trials yet"),
        (lambda f: change(f.trials, "value", 0, 5.0), "trial 0 differs from what its runs give"),
        (lambda f: f.provenance.write_text("{"), "provenance.json must be valid JSON"),
        (other_images, "the data have changed since training"),
        (lambda f: (f.stacks / ".00000000.parquet.abcdefgh").write_bytes(b""), "left behind by a killed process"),
    ],
)
def test_every_damage_is_found(folder: Folder, damage: Damage, problem: str | None) -> None:
    assert check_sweep(folder) == []
    damage(folder)
    found = check_sweep(folder)
    if problem is None:
        assert found == []
    else:
        assert pd.Series([finding.problem for finding in found]).str.contains(problem).any(), found
    assert all(finding.remedy for finding in found)


@pytest.mark.parametrize("keep", ["all", "best", "none"])
@pytest.mark.parametrize("options", [{"mode": "optimize", "batch": 4}, {"likelihood": "gaussian"}, {"scores": "none"}])
def test_a_sweep_is_sound(tmp_path: Path, keep: str, options: dict[str, Any]) -> None:
    run_sweep(tiny(tmp_path, trials=4, epochs=4, keep_weights=keep, **options), engine=Inline())
    assert check_sweep(Folder(tmp_path / "s")) == []


def test_weights_that_none_is_missed_of_are_spare(folder: Folder) -> None:
    path = folder.weight_paths()[0]
    arrays = {f"999.{name.partition('.')[2]}": array for name, array in weights.read_arrays(path).items()}
    write_whole(folder.stacks / "00000999.safetensors", weights.weights_bytes(arrays))
    assert [finding.problem for finding in check_sweep(folder)] == ["holds weights of run 999, which is not finished"]


class Unlucky(Inline):
    """An engine that fails some runs, as a lost worker would."""

    def __init__(self, unlucky: set[int], size: int = 32) -> None:
        super().__init__(size)
        self.unlucky = unlucky

    def run(self, stacks: Sequence[Any], task: Task, stop: Stop | None = None, load: Load = list) -> Iterator[Any]:
        for stack, outcome in super().run(stacks, task, stop, load):
            assert isinstance(outcome, list)
            yield (
                stack,
                [
                    replace(trained, error="its worker was lost") if run.run in self.unlucky else trained
                    for run, trained in zip(stack, outcome, strict=True)
                ],
            )


@pytest.mark.parametrize("unlucky", [{0}, {2, 3, 5}, set(range(12))])
@pytest.mark.parametrize("size", [1, 4])
def test_after_a_retry_a_sweep_is_as_if_it_never_failed(tmp_path: Path, unlucky: set[int], size: int) -> None:
    run_sweep(tiny(tmp_path / "whole", trials=6), engine=Inline())
    run_sweep(tiny(tmp_path, trials=6), engine=Unlucky(unlucky, size))
    folder = Folder(tmp_path / "s")
    assert check_sweep(folder) == []
    forgotten = forget_failed(folder)
    assert forgotten.runs == sorted(unlucky)
    assert forgotten.trials == sorted({run // 2 for run in unlucky})
    engine = Inline()
    run_sweep(forgotten.spec, engine=engine)
    assert sorted(engine.trained) == sorted(unlucky)
    assert_same_frames(tmp_path / "whole" / "s", folder.path)
    assert check_sweep(folder) == []
    assert forget_failed(folder).trials == []


def test_a_retry_killed_between_its_two_steps_has_forgotten_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sweep(tiny(tmp_path, trials=4), engine=Unlucky({1, 4}))
    folder = Folder(tmp_path / "s")
    before = frames(folder.path)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "drop_runs", kill)
        with pytest.raises(KeyboardInterrupt):
            forget_failed(folder)
    engine = Inline()
    run_sweep(tiny(tmp_path, trials=4), engine=engine)
    assert engine.trained == []
    for name, frame in frames(folder.path).items():
        pd.testing.assert_frame_equal(frame, before[name])
    assert forget_failed(folder).runs == [1, 4]


def test_what_fails_again_says_why_again(tmp_path: Path) -> None:
    spec = tiny(tmp_path, sampler="grid", latent_dim="2", hidden_dim="16", beta="1,1e38", epochs=3)
    run_sweep(spec, engine=Inline())
    before = frames(tmp_path / "s")
    forgotten = forget_failed(Folder(tmp_path / "s"))
    assert (forgotten.trials, forgotten.runs) == ([1], [2, 3])
    run_sweep(forgotten.spec, engine=Inline())
    assert "must stay finite" in before["trials"]["error"][1]
    for name, frame in frames(tmp_path / "s").items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_runs_that_are_lost_are_trained_again(tmp_path: Path) -> None:
    run_sweep(tiny(tmp_path / "whole", trials=4), engine=Inline())
    run_sweep(tiny(tmp_path, trials=4), engine=Inline(size=3))
    folder = Folder(tmp_path / "s")
    path = folder.stack_paths()[0]
    lost = folder.read_stack(path)["run"].to_pylist()
    path.unlink()
    assert forget_failed(folder).runs == lost
    run_sweep(tiny(tmp_path, trials=4), engine=Inline())
    assert_same_frames(tmp_path / "whole" / "s", folder.path)
    assert check_sweep(folder) == []


def test_a_sweep_that_runs_is_neither_checked_nor_retried(tmp_path: Path) -> None:
    def meanwhile(_: object) -> None:
        for action in (check_sweep, forget_failed):
            with pytest.raises(ResultsError, match="another process is working on"):
                action(Folder(tmp_path / "s"))

    run_sweep(tiny(tmp_path, trials=2), meanwhile, Inline())
