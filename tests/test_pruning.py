"""Halving inside the stack: who goes on, that those who do are as if nothing had been pruned, and resume."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study, load_study

import vaekit
from analysis.scores.in_sweep import score_run
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.status import Status
from sweeps.spec.make import make_spec
from sweeps.spec.rungs import rungs
from sweeps.spec.spec import Spec
from sweeps.study.pruning import losers, share_trained
from sweeps.study.storage import STUDY_NAME
from tests.test_sweep import Inline, Killed, assert_same_frames, frames
from vae.columns import HISTORY, TOTALS
from vae.data import Data, prepare
from vae.errors import ConfigError
from vae.evaluation import Evaluation, evaluate
from vae.schedules import BetaSchedule
from vae.stack.stack import Stack
from vae.trained import TrainedRun
from vae.training import train_runs

NAN = math.nan
EPOCHS = 8


def spec(out: Path, **options: Any) -> Spec:
    """Two batches of six trials, set far apart by the learning rate, with rungs after epochs 1, 2, 3 and 4."""
    tiny = {
        "mode": "optimize", "trials": 12, "batch": 6, "seeds": 2, "epochs": EPOCHS, "limit": 300, "latent_dim": "1:6",
        "hidden_dim": "16,32", "report": False, "name": "s", "out": str(out), "learning_rate": "0.0003:0.03:log",
    }  # fmt: skip
    return make_spec(tiny | options)


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("halved")
    run_sweep(spec(path), engine=Inline())
    return path / "s"


@pytest.fixture(scope="module")
def unpruned(halved: Path) -> dict[int, TrainedRun]:
    """Every run of the halved study, trained to its end without a stop, in one stack a hidden size."""
    sweep, given = vaekit.open(halved), spec(halved.parent)
    trained: dict[int, TrainedRun] = {}
    for _, runs in sweep.runs.groupby("hidden_dim"):
        points = runs[[*sweep.parameters, "seed"]].to_dict(orient="records")
        configs = [given.run_config(**{str(name): value for name, value in point.items()}) for point in points]
        trained |= zip(runs["run"], train_runs(configs, prepare(given.data_config)), strict=True)
    return trained


def study(path: Path) -> Study:
    return load_study(study_name=STUDY_NAME, storage=JournalStorage(JournalFileBackend(str(path / "study.journal"))))


@pytest.mark.parametrize(
    ("pruner", "epochs", "schedule", "places"),
    [
        ("none", 90, "constant", ()),
        ("halving", 80, "constant", (10, 15, 23, 34)),
        ("median", 80, "constant", (10, 15, 23, 34)),
        ("halving", 41, "constant", (6, 8, 12, 18)),
        ("halving", 80, "linear:0.5", (45, 48, 52, 57)),
        ("halving", 80, "cyclic:4", (72, 73, 75)),
        ("halving", 2, "constant", (1,)),
        ("halving", 1, "constant", ()),
        ("halving", 5, "linear:1", ()),
    ],
)
def test_rungs_follow_the_warm_up_from_an_eighth_to_a_half(
    pruner: str, epochs: int, schedule: str, places: tuple[int, ...]
) -> None:
    assert rungs(pruner, epochs, schedule) == places
    warm_up = BetaSchedule.parse(schedule).warm_up * epochs
    assert all(warm_up < place < epochs for place in places)


@pytest.mark.parametrize("text", ["constant", "linear:0.3", "linear:1", "cyclic:1", "cyclic:5"])
def test_beta_stays_what_it_is_after_the_warm_up(text: str) -> None:
    schedule = BetaSchedule.parse(text)
    after = np.linspace(schedule.warm_up, 1, 50)
    assert [schedule.at(place) for place in after] == pytest.approx([1.0] * 50)
    if schedule.warm_up:
        assert schedule.at(schedule.warm_up - 0.01) < 1.0


def of_one_seed(values: Sequence[float]) -> dict[int, list[float]]:
    return {trial: [value] for trial, value in enumerate(values)}


@pytest.mark.parametrize(
    ("pruner", "values", "ascending", "ended"),
    [
        ("halving", [5, 1, 9, 7, 3, 8], False, [1, 4]),
        ("halving", [5, 1, 9, 7, 3], True, [2, 3]),
        ("median", [5, 1, 9, 7, 3, 8], False, [0, 1, 4]),
        ("median", [5, 1, 9], False, [1]),
        ("halving", [5, NAN, 9], False, [1]),
        ("median", [5, NAN, 9], False, [1]),
        ("halving", [2, 2, 2], False, []),
        ("median", [2, 2, 2], False, []),
        ("halving", [2], False, []),
        ("halving", [NAN, NAN], True, [1]),
        ("halving", [], True, []),
        ("median", [], True, []),
    ],
)
def test_losers(pruner: str, values: list[float], ascending: bool, ended: list[int]) -> None:
    assert losers(pruner, of_one_seed(values), ascending=ascending) == ended


def test_the_median_is_that_of_all_trials_that_came_as_far() -> None:
    values = {6: [5.0], 7: [1.0], 8: [9.0]}
    assert losers("median", values, [10, 11, NAN], ascending=False) == [6, 7]
    assert losers("median", values, [0, 0.5, 0.6], ascending=False) == []
    assert losers("halving", values, [10, 11], ascending=False) == [7]


def normal_study(trials: int, seeds: int, seed: int, best: float = 0.0) -> dict[int, list[float]]:
    """Trials that differ by their seeds' noise of 1 alone, but for trial 3, which is worse by so much."""
    values = np.random.default_rng(seed).standard_normal((trials, seeds))
    values[3] -= best
    return dict(enumerate(values.tolist()))


@pytest.mark.parametrize("pruner", ["halving", "median"])
def test_within_the_noise_of_seeds_nobody_ends(pruner: str) -> None:
    ended = [losers(pruner, normal_study(16, 3, seed), ascending=False) for seed in range(100)]
    assert sum(map(bool, ended)) <= 5, "one study in twenty at the most"


def test_one_clear_loser_ends_alone() -> None:
    ended = [losers("halving", normal_study(16, 3, seed, best=20.0), ascending=False) for seed in range(100)]
    assert sum(found == [3] for found in ended) >= 95
    assert all(3 in found for found in ended)


def test_differences_beyond_the_noise_halve_as_ever() -> None:
    values = {trial: [value, value + 0.01] for trial, value in enumerate([5.0, 1.0, 9.0, 7.0, 3.0, 8.0])}
    assert losers("halving", values, ascending=False) == [1, 4]


def test_of_a_score_nobody_ends_while_no_trial_is_above_its_floor() -> None:
    floors = {trial: [value] for trial, value in enumerate([0.10, 0.12, 0.09, 0.11])}
    within = {trial: [value] for trial, value in enumerate([0.10, 0.15, 0.09, 0.11])}
    assert losers("halving", within, ascending=False, floors=floors) == []
    above = within | {1: [0.9]}
    assert losers("halving", above, ascending=False, floors=floors) == [0, 2]
    assert losers("halving", above | {0: [0.85], 2: [0.84]}, ascending=False, floors=floors) == [3]


def test_halving_trains_less_than_a_third_of_the_epochs() -> None:
    trained = 16 * 5 + 10 * 3 + 6 * 4 + 4 * 5 + 2 * 23
    assert share_trained("halving", 16, 40, (5, 8, 12, 17)) == trained / (16 * 40) == 0.3125
    assert share_trained("none", 9, 90, ()) == 1.0


def test_the_best_go_on_at_each_rung_by_the_mean_over_seeds(halved: Path) -> None:
    sweep = vaekit.open(halved)
    epochs = sweep.runs.merge(sweep.history.groupby("run")["epoch"].max().reset_index())
    trained = epochs.groupby("trial")["epoch"].agg(["min", "max"])
    assert (trained["min"] == trained["max"]).all()
    batches = trained["max"].groupby(trained.index // 6)
    assert [sorted(batch) for _, batch in batches] == [[1, 1, 2, 2, 3, 8]] * 2
    history = sweep.history.merge(sweep.runs[["run", "trial"]])
    for rung, batch in itertools.product((1, 2, 3), (0, 1)):
        there = history[(history["epoch"] == rung) & (history["trial"] // 6 == batch)]
        values = there.groupby("trial")["validation_elbo_nats"].mean()
        beyond = trained.loc[values.index, "max"] > rung
        assert values[beyond].min() > values[~beyond].max()


def test_survivors_and_losers_are_as_if_nothing_had_been_pruned_to_the_bit(
    halved: Path, unpruned: dict[int, TrainedRun]
) -> None:
    sweep = vaekit.open(halved)
    assert set(sweep.history["run"]) == set(unpruned)
    for run, history in sweep.history.groupby("run"):
        whole = unpruned[int(str(run))].history
        for name in set(HISTORY) - {"seconds"}:
            np.testing.assert_array_equal(history[name], whole[name][: len(history)], name)
    ended = sweep.runs.query("state == 'COMPLETE'").set_index("run")
    assert len(ended) == 4
    totals = ended[list(TOTALS)].to_dict(orient="index")
    undisturbed = {number: unpruned[int(str(number))].totals for number in totals}
    assert totals == {number: {name: of_run[name] for name in TOTALS} for number, of_run in undisturbed.items()}


def test_a_pruned_run_has_validation_at_its_rung_and_nothing_on_test(halved: Path) -> None:
    sweep = vaekit.open(halved)
    pruned = sweep.runs.query("state == 'PRUNED'")
    assert len(pruned) == 20
    assert pruned[["rate_nats", "distortion_nats", "elbo_nats", "active_units"]].isna().all(axis=None)
    last = sweep.history.groupby("run")["validation_elbo_nats"].last()
    np.testing.assert_array_equal(pruned["validation_elbo_nats"], last.loc[pruned["run"]])
    assert not set(sweep.dims["run"]) & set(pruned["run"])
    values = pruned.groupby("trial")["validation_elbo_nats"].mean()
    trials = sweep.trials.set_index("trial").loc[values.index]
    assert (trials["state"] == "PRUNED").all()
    np.testing.assert_allclose(trials["value"], values)


def test_the_study_is_told_who_was_pruned_with_every_value_on_the_way(halved: Path) -> None:
    sweep = vaekit.open(halved)
    told = study(halved).trials
    assert [trial.state.name for trial in told] == sweep.trials["state"].tolist()
    epochs = sweep.history.groupby("run")["epoch"].max()
    history = sweep.history.merge(sweep.runs[["run", "trial"]])
    means = history.groupby(["trial", "epoch"])["validation_elbo_nats"].mean()
    for trial in told:
        reached = [rung for rung in (1, 2, 3, 4) if rung <= epochs[2 * trial.number]]
        assert trial.intermediate_values == pytest.approx({rung: means[trial.number, rung] for rung in reached})
        assert trial.value == pytest.approx(sweep.trials["value"][trial.number])


@pytest.mark.parametrize("after", range(1, 12))
@pytest.mark.filterwarnings("error")
def test_killed_and_resumed_anywhere_it_ends_the_same(halved: Path, tmp_path: Path, after: int) -> None:
    updates, engines = itertools.count(), [Inline(size=5), Inline(size=3)]

    def kill(status: Status) -> None:
        if next(updates) == after:
            raise Killed

    with pytest.raises(Killed):
        run_sweep(spec(tmp_path), kill, engines[0])
    kept = set(frames(tmp_path / "s")["runs"]["run"]) if list((tmp_path / "s" / "stacks").glob("*")) else set()
    run_sweep(spec(tmp_path), engine=engines[1])
    assert_same_frames(tmp_path / "s", halved)
    assert not kept & set(engines[1].trained), "a run that had ended was trained again"
    mine, theirs = study(tmp_path / "s").trials, study(halved).trials
    assert [trial.intermediate_values for trial in mine] == [trial.intermediate_values for trial in theirs]


def test_one_and_two_workers_prune_the_same(halved: Path, tmp_path: Path) -> None:
    run_sweep(spec(tmp_path, jobs="2"))
    assert_same_frames(tmp_path / "s", halved)


def test_median_ends_those_below_the_middle(tmp_path: Path) -> None:
    run_sweep(spec(tmp_path, pruner="median", trials=6), engine=Inline())
    sweep = vaekit.open(tmp_path / "s")
    counts = sweep.history.groupby("epoch")["run"].nunique()
    assert (counts[1], counts[2], counts[3], counts[5]) == (12, 6, 4, 2)


def test_the_median_of_a_study_reads_its_earlier_batches(tmp_path: Path) -> None:
    run_sweep(spec(tmp_path, pruner="median", seeds=1), engine=Inline())
    sweep = vaekit.open(tmp_path / "s")
    values = np.array([trial.intermediate_values[1] for trial in study(tmp_path / "s").trials])
    beyond = sweep.history.groupby("run")["epoch"].max().to_numpy() > 1
    assert list(beyond[:6]) == list(values[:6] >= np.median(values[:6]))
    assert list(beyond[6:]) == list(values[6:] >= np.median(values))


class Breaking(Inline):
    """An engine in whose hands one run breaks in its first epoch."""

    def __init__(self, run: int) -> None:
        super().__init__()
        self.broken = run

    def run(self, *arguments: Any) -> Iterator[Any]:
        for stack, trained in super().run(*arguments):
            assert isinstance(trained, list)
            broken = [
                replace(result, error="it broke", state=b"", weights={}) if run.run == self.broken else result
                for run, result in zip(stack, trained, strict=True)
            ]
            yield stack, broken


def test_a_run_that_fails_before_a_rung_fails_its_trial_and_ends_its_siblings(tmp_path: Path) -> None:
    engine = Breaking(run=5)
    status = run_sweep(spec(tmp_path, trials=6, seeds=3), engine=engine)
    assert (status.failed, status.complete, status.told) == (1, 1, 6)
    sweep = vaekit.open(tmp_path / "s")
    epochs = sweep.history.groupby("run")["epoch"].max()
    siblings = sweep.runs[sweep.runs["trial"] == 1]
    assert siblings["state"].tolist() == ["PRUNED", "PRUNED", "FAIL"]
    assert epochs[siblings["run"]].tolist() == [1, 1, 1]
    assert sweep.trials["state"][1] == "FAIL"
    assert sweep.trials["error"][1] == "seed 2: it broke"
    others = epochs.drop(siblings["run"].tolist())
    assert sorted(others[::3]) == [1, 2, 2, 3, 8], "of the five others one is beaten within the noise at first"


def test_every_run_can_fail(tmp_path: Path) -> None:
    status = run_sweep(spec(tmp_path, trials=6, learning_rate=1e30), engine=Inline())
    assert (status.failed, status.told) == (6, 6)
    assert (vaekit.open(tmp_path / "s").trials["state"] == "FAIL").all()


def test_the_test_split_is_evaluated_once_at_a_runs_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, bool]] = []

    def watched(stack: Stack, data: Data, split: str, stream: int) -> Evaluation:
        seen.extend((split, config.seed, stack.epoch == EPOCHS) for config in stack.configs)
        return evaluate(stack, data, split, stream)

    monkeypatch.setattr("vae.training.evaluate", watched)
    run_sweep(spec(tmp_path, trials=6), engine=Inline())
    ended = vaekit.open(tmp_path / "s").runs.query("state == 'COMPLETE'")
    assert sorted(seen) == [("test", seed, True) for seed in sorted(ended["seed"])]


def bars(path: Path, *, known: bool) -> Path:
    """Images of two bars, whose grey levels are their factors, or have nothing to do with them."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 3, (300, 2))
    images = np.kron(factors / 2.0, np.ones((1, 8))).reshape(300, 4, 4).astype(np.float32)
    np.savez(path, images=images, factors=factors if known else rng.permutation(factors))
    return path


def test_a_score_as_objective_is_compared_at_the_rungs(tmp_path: Path) -> None:
    data = str(bars(tmp_path / "images.npz", known=True))
    wanted = spec(tmp_path, data=data, objective="mig", trials=6, seeds=1, epochs=40)
    run_sweep(wanted, engine=Inline(), scorer=score_run)
    found = vaekit.open(tmp_path / "s")
    states = found.trials["state"].value_counts()
    assert states["PRUNED"] >= 2
    assert found.trials["value"].between(0, 1).all()
    assert found.runs.query("state == 'PRUNED'")["mig"].isna().all()
    assert (found.runs["floor_validation_mig"] < 0.02).all()


@pytest.mark.parametrize("known", [True, False])
def test_a_score_whose_seeds_differ_as_much_as_its_trials_prunes_nobody(tmp_path: Path, known: bool) -> None:
    data = str(bars(tmp_path / "images.npz", known=known))
    seeds = 2 if known else 1
    wanted = spec(tmp_path, data=data, objective="mig", trials=6, seeds=seeds)
    run_sweep(wanted, engine=Inline(), scorer=score_run)
    assert (vaekit.open(tmp_path / "s").trials["state"] == "COMPLETE").all()
    assert all(list(trial.intermediate_values) == [1, 2, 3, 4] for trial in study(tmp_path / "s").trials)


def test_the_pruner_is_halving_to_optimize_one_objective_and_none_else() -> None:
    assert make_spec({"mode": "optimize"}).pruner == "halving"
    assert make_spec({"mode": "optimize", "objective": "rate_nats:min,distortion_nats:min"}).pruner == "none"
    assert make_spec({}).pruner == "none"
    with pytest.raises(ConfigError, match="the pruner of mode explore must be one of none, got 'halving'"):
        make_spec({"pruner": "halving"})
    with pytest.raises(ConfigError, match="pruner must be none with several objectives, got 'median'"):
        make_spec({"mode": "optimize", "objective": "rate_nats,distortion_nats", "pruner": "median"})
