"""What is measured of a machine, what follows from it for stacks, and that no result does."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.coordination import coordinator, machine, preview
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import plan_stacks
from sweeps.coordination.preview import preview_sweep
from sweeps.engines.worker import Run, train_stack
from tests.test_sweep import Inline, assert_same_frames, tiny
from vae import probe
from vae.config import RunConfig
from vae.files.results import Folder
from vae.probe import SHAPE, SIZES, time_steps
from vae.stack.machine import AS_GOOD, MOST_RUNS, STANDARD, Machine, Timing, machine_of
from vae.stack.planning import step_cost, working_set_bytes

MEASURED = machine.measured  # what conftest replaces in every test
CONFIG = RunConfig(latent_dim=16, hidden_dim=128)
SET = working_set_bytes(CONFIG, SHAPE)
FLAT = ((1.0, 1.0),)
BENT = replace(STANDARD, waiting=((4 * SET, 1.0), (8 * SET, 1.1), (32 * SET, 1.2)))
"""Where a stack is timed."""
FAST = replace(STANDARD, waiting=FLAT)
SLOW = replace(STANDARD, call_seconds=0.0, waiting=((1e3, 1.0), (1e9, 100.0)))
"""As many runs as there are train best together, and each alone."""


def timings(of: Machine, noise: Callable[[], float] = lambda: 1.0) -> list[Timing]:
    """What the probe would find on a machine."""
    return [
        Timing(config, shape, runs, of.step_seconds(config, shape, runs) * noise())
        for (shape, hidden_dim), sizes in SIZES.items()
        for config in [replace(CONFIG, hidden_dim=hidden_dim)]
        for runs in sizes
    ]


def test_a_step_takes_its_calls_and_the_work_of_its_runs_that_waits_for_memory() -> None:
    made = Machine(2e-4, 1e-11, 50.0, ((1.5 * SET, 1.0), (6 * SET, 1.4)), 1e-3)
    work = 128 * step_cost(CONFIG, SHAPE, 50.0) * 1e-11
    assert made.step_seconds(CONFIG, SHAPE, 1) == pytest.approx(2e-4 + work)
    assert made.step_seconds(CONFIG, SHAPE, 3) == pytest.approx(2e-4 + 3 * work * 1.2), "half-way by the logarithm"
    assert made.step_seconds(CONFIG, SHAPE, 32) == pytest.approx(2e-4 + 32 * work * 1.4)


@pytest.mark.parametrize(
    "of",
    [
        BENT,
        replace(BENT, passes=0.0),
        replace(BENT, call_seconds=0.0),
        Machine(6e-4, 4e-12, 800.0, FLAT, 0.0),
    ],
)
def test_a_machine_is_known_by_its_timings(of: Machine) -> None:
    found = machine_of(timings(of))
    assert found.call_seconds == pytest.approx(of.call_seconds, rel=1e-6, abs=1e-12)
    assert found.product_seconds == pytest.approx(of.product_seconds, rel=1e-6)
    assert found.passes == pytest.approx(of.passes, rel=1e-6, abs=1e-6)
    assert found.cold_seconds == pytest.approx(of.cold_seconds, rel=1e-6, abs=1e-12)
    assert [runs * SET for runs in SIZES[SHAPE, 128]] == [size for size, _ in found.waiting]
    for runs in SIZES[SHAPE, 128]:
        assert found.step_seconds(CONFIG, SHAPE, runs) == pytest.approx(of.step_seconds(CONFIG, SHAPE, runs))


@pytest.mark.parametrize("draw", range(10))
def test_noise_of_two_percent_moves_the_best_size_little(draw: int) -> None:
    rng = np.random.default_rng(draw)
    found = machine_of(timings(STANDARD, lambda: rng.uniform(0.98, 1.02)))
    for hidden_dim in (32, 128, 256):
        config = replace(CONFIG, hidden_dim=hidden_dim)
        best = STANDARD.best_size(config, SHAPE)
        size = found.best_size(config, SHAPE)
        seconds = [STANDARD.step_seconds(config, SHAPE, runs) / runs for runs in (best, size)]
        assert seconds[1] < 1.05 * seconds[0], (best, size)


@pytest.mark.parametrize("broken", [0.0, -1.0, np.nan, np.inf])
def test_times_of_no_machine_are_refused(broken: float) -> None:
    found = timings(STANDARD)
    with pytest.raises(ValueError, match="times must be finite and positive"):
        machine_of([replace(found[0], seconds=broken), *found[1:]])
    with pytest.raises(ValueError, match="larger products must take longer"):
        machine_of([replace(timing, seconds=1e-3 / timing.config.hidden_dim) for timing in found])


costs = st.floats(1e-6, 1e-2)


@given(costs, costs, st.sampled_from([8, 64, 192]))
def test_the_best_size_is_the_smallest_that_is_as_good(calls: float, other: float, hidden_dim: int) -> None:
    config = replace(CONFIG, hidden_dim=hidden_dim)
    low, high = (replace(STANDARD, call_seconds=seconds) for seconds in sorted((calls, other)))
    sizes = [found.best_size(config, SHAPE) for found in (low, high)]
    assert sizes == sorted(sizes), "dearer calls, larger stacks"
    of_a_run = [high.step_seconds(config, SHAPE, runs) / runs for runs in range(1, MOST_RUNS + 1)]
    assert [of_a_run[runs] <= AS_GOOD * min(of_a_run) for runs in range(sizes[1])] == [False] * (sizes[1] - 1) + [True]


def test_where_memory_is_slow_stacks_are_small() -> None:
    assert SLOW.best_size(CONFIG, SHAPE) == 1 < STANDARD.best_size(CONFIG, SHAPE) < FAST.best_size(CONFIG, SHAPE)
    runs = [Run(n, n, replace(CONFIG, seed=n)) for n in range(12)]
    plans = [plan_stacks(runs, SHAPE, 1, machine=of) for of in (FAST, SLOW)]
    assert [len(plan) for plan in plans] == [1, 12]


def test_the_calls_of_a_large_run_are_cold() -> None:
    large = replace(CONFIG, hidden_dim=400)
    work = 128 * step_cost(large, (28, 28), 50.0) * 1e-11
    made = Machine(2e-4, 1e-11, 50.0, ((SET, 1.0), (8 * SET, 1.4)), 1e-3)
    assert working_set_bytes(large, (28, 28)) > 8 * SET, "it waits alone as in company"
    for runs in (1, 4, 32):
        assert made.step_seconds(large, (28, 28), runs) == pytest.approx(2e-4 + 1e-3 + runs * work)


def test_where_memory_is_slow_a_plan_does_not_jump() -> None:
    laptop = replace(STANDARD, waiting=((1.4e6, 1.0), (2.8e6, 1.1), (5.6e6, 1.5), (11e6, 2.0), (22e6, 2.2)))
    sizes = [laptop.best_size(replace(CONFIG, hidden_dim=width), SHAPE) for width in range(64, 1024, 16)]
    assert max(abs(after - before) for before, after in pairwise(sizes)) <= 1, sizes


def test_the_colder_the_calls_the_more_large_runs_share_them() -> None:
    large = replace(CONFIG, hidden_dim=400)
    sizes = [replace(STANDARD, cold_seconds=seconds).best_size(large, (28, 28)) for seconds in (0.0, 1e-3, 1e-2)]
    assert sizes == sorted(set(sizes))
    assert replace(STANDARD, cold_seconds=1e-2).best_size(CONFIG, SHAPE) == STANDARD.best_size(CONFIG, SHAPE)
    conv = replace(CONFIG, network="conv")
    alike = [replace(STANDARD, cold_seconds=seconds).best_size(conv, (28, 28)) for seconds in (0.0, 1e-2)]
    assert alike[0] == alike[1], "its products are taken run by run"


@pytest.fixture
def one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "FEWEST_TURNS", 1)


@pytest.mark.usefixtures("one_turn")
def test_real_steps_are_timed() -> None:
    found = time_steps("fp32", seconds=0.0, least_share=0.0)
    assert [(timing.shape, timing.config.hidden_dim, timing.runs) for timing in found] == [
        (*kind, runs) for kind, sizes in SIZES.items() for runs in sizes
    ]
    assert all(timing.seconds > 0 for timing in found)


@pytest.mark.usefixtures("one_turn")
def test_a_busy_machine_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match=r"others left it [0-9]+% of a core"):
        time_steps("fp32", seconds=0.0, least_share=2.0)


def time_a_little(precision: str, seconds: float) -> list[Timing]:
    """A machine may be too busy for its times to make sense: those that are told are made up."""
    assert len(time_steps(precision, seconds=0.0, least_share=0.0)) == len(timings(STANDARD))
    return timings(STANDARD)


@pytest.mark.slow
def test_workers_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_time_steps", time_a_little)
    found = MEASURED("fp32", 2, lambda line: None)
    assert found.call_seconds == pytest.approx(STANDARD.call_seconds)


class Timed:
    """A worker that finds this machine slower or faster than it is."""

    factors: Iterator[float]
    working = 0

    def __init__(self) -> None:
        self.factor = next(self.factors)

    def ask(self, function: Callable[..., object], *arguments: object) -> Future[Any]:
        found: Future[Any] = Future()
        if function is int:
            Timed.working += 1
            found.set_result(0)
        else:
            assert Timed.working == 3, "timed before all were there"
            found.set_result(timings(BENT, lambda: self.factor))
        return found

    def kill(self) -> None:
        Timed.working -= 1

    def join(self) -> None:
        assert Timed.working == 0


def test_all_workers_are_timed_at_once_and_their_median_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LocalWorker", Timed)
    monkeypatch.setattr(Timed, "factors", iter([1.0, 9.0, 2.0]), raising=False)
    found = MEASURED("fp32", 3, lambda line: None)
    assert found.call_seconds == pytest.approx(2.0 * BENT.call_seconds)
    assert found.product_seconds == pytest.approx(2.0 * BENT.product_seconds)


@pytest.fixture
def measurements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A cache of its own, and what is measured with it."""
    made: list[str] = []

    def measured(precision: str, workers: int, note: Callable[[str], None]) -> Machine:
        made.append(precision)
        return replace(STANDARD, call_seconds=0.1 * len(made))

    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(machine, "measured", measured)
    return made


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / "machines").iterdir())


def test_a_machine_is_measured_once_for_each_precision(tmp_path: Path, measurements: list[str]) -> None:
    found = [machine_here(precision, "cpu") for precision in ("fp32", "fp32", "bf16", "bf16", "fp32")]
    assert measurements == ["fp32", "bf16"]
    assert [of.call_seconds for of in found] == [0.1, 0.1, 0.2, 0.2, 0.1]
    assert found[0] == found[1]
    assert len(kept(tmp_path)) == 2
    assert machine_here("fp32", "cuda") == STANDARD


@pytest.mark.parametrize("version", ["processor", "processor_kind", "torch", "vaekit", "PROBE"])
def test_another_machine_or_version_is_measured_anew(
    measurements: list[str], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    machine_here("fp32", "cpu")
    if version.startswith("processor"):
        monkeypatch.setattr(machine, version, lambda: "another")
    elif version == "PROBE":
        monkeypatch.setattr(machine, "PROBE", machine.PROBE + 1)
    else:
        monkeypatch.setattr(machine, "version_of", lambda package: "1" if package == version else "0")
    machine_here("fp32", "cpu")
    assert len(measurements) == 2


def test_workers_share_a_machine_which_is_measured_for_as_many(
    measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "count_workers", lambda jobs: 4)
    for workers in (None, 4, 9, 1, 2, 1):
        machine_here("fp32", "cpu", workers)
    assert len(measurements) == 3, "by default, and at most, as many as there are cores"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: "",
        lambda content: content[:-20],
        lambda content: content.replace('"passes"', '"passed"'),
        lambda content: content.replace('"fp32"', '"bf16"'),
        lambda content: json.dumps(json.loads(content) | {"product_seconds": -1.0}),
        lambda content: json.dumps(json.loads(content) | {"call_seconds": "1"}),
        lambda content: json.dumps(json.loads(content) | {"call_seconds": float("nan")}),
        lambda content: json.dumps(json.loads(content) | {"waiting": []}),
        lambda content: json.dumps(json.loads(content) | {"waiting": [[2.0, 1.0], [1.0, 2.0]]}),
        lambda content: json.dumps(json.loads(content) | {"waiting": 3}),
        lambda content: json.dumps({k: v for k, v in json.loads(content).items() if k != "cold_seconds"}),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, measurements: list[str], damage: Callable[[str], str]) -> None:
    machine_here("fp32", "cpu")
    (file,) = kept(tmp_path)
    file.write_text(damage(file.read_text()))
    assert machine_here("fp32", "cpu").call_seconds == 0.2
    assert machine_here("fp32", "cpu").call_seconds == 0.2
    assert len(measurements) == 2
    assert kept(tmp_path) == [file], "nothing half-written is left"


def test_what_cannot_be_measured_or_kept_is_said_in_a_line(
    tmp_path: Path, measurements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    (tmp_path / "cache").write_text("a file")
    assert machine_here("fp32", "cpu", None, said.append).call_seconds == 0.1
    assert said[0].startswith("this machine is measured anew by the next sweep: cannot write")

    def fails(precision: str, workers: int, note: Callable[[str], None]) -> Machine:
        raise TimeoutError

    monkeypatch.setattr(machine, "measured", fails)
    assert machine_here("fp32", "cpu", None, said.append) == STANDARD
    assert said[1] == "this machine cannot be measured now, so stacks are sized as on a typical one: TimeoutError()"
    assert len(said) == 2


class Remembering(Inline):
    """An engine that remembers the sizes of its stacks."""

    def run(self, stacks: Sequence[Sequence[Run]], *how: Any) -> Iterator[Any]:
        self.sizes = [len(stack) for stack in stacks]
        yield from ((stack, train_stack(stack, how[0])) for stack in stacks)


def test_two_very_different_machines_give_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = [Remembering(), Remembering()]
    for name, engine, of in zip("ab", engines, (FAST, SLOW), strict=True):
        monkeypatch.setattr(coordinator, "machine_here", lambda *_, of=of: of)
        run_sweep(tiny(tmp_path / name, trials=4, seeds=2), engine=engine)
        (session,) = Folder(tmp_path / name / "s").read_provenance()["sessions"]
        assert session["machine"]["waiting"] == [list(pair) for pair in of.waiting]
    assert max(engines[0].sizes) > 1 == max(engines[1].sizes)
    assert_same_frames(tmp_path / "a" / "s", tmp_path / "b" / "s")
    specs = [Folder(tmp_path / name / "s").read_spec() | {"out": ""} for name in "ab"]
    assert specs[0] == specs[1]


def test_a_dry_run_plans_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    for of in (FAST, SLOW):
        monkeypatch.setattr(preview, "machine_here", lambda *_, of=of: of)
        rows.append(preview_sweep(tiny(tmp_path, trials=4, seeds=2, hidden_dim="16", jobs="1")).stack_rows)
    assert [[row["runs"] for row in of_machine] for of_machine in rows] == [[8], [1] * 8]
