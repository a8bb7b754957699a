"""More seeds where they decide: for which trials, what becomes of their values, and nothing is lost on the way."""

import itertools
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cli
import vaekit
from analysis.choice.more_seeds import worth_more_seeds
from analysis.choice.refined import refined as refined_sentence
from analysis.choice.refined import winners_curse
from analysis.choice.section import paragraphs as chosen
from analysis.effects.effect import effect
from analysis.plane.convergence import slopes
from analysis.plane.frontier import frontier_area
from analysis.presentation.view import View
from analysis.report.write import write_report
from analysis.summary.section import paragraphs
from analysis.summary.summary import summary
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.refine import Refinement, refine, work_of
from sweeps.coordination.roster import Block, Roster
from sweeps.coordination.status import Status
from sweeps.engines.engine import Load, Stop
from sweeps.engines.worker import Task
from sweeps.maintenance.check import check_sweep
from sweeps.maintenance.retry import forget_failed
from sweeps.spec.make import make_spec, spec_in
from tests.drawing import draw_only
from tests.test_sweep import Inline, Killed, assert_same_frames, contents, frames, tiny
from vae.columns import AT_SELECTION
from vae.errors import ConfigError, ResultsError
from vae.files.results import Folder
from vae.files.rounds import Round

TRIALS = 6


def the_first(values: Sequence[tuple[int, int, float]], top: int, *, is_less_better: bool) -> list[int]:
    """The first `top` alone: with two seeds, six trials of two epochs cannot be told apart."""
    means = pd.DataFrame(values).groupby(0)[2].mean().sort_values(ascending=is_less_better)
    return sorted(int(trial) for trial in means.index[:top])


def refined(path: Path, engine: Any = None, on_status: Any = lambda status: None, **how: Any) -> Status:
    """Refine the sweep in a folder."""
    options: dict[str, Any] = {"choose": the_first, "top": 2, "seeds": 5} | how
    chosen = Refinement(**options)
    engine = engine or Inline()
    return run_sweep(spec_in(Folder(path)), on_status, engine, work=lambda sweep, stop: refine(sweep, stop, chosen))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("swept")
    run_sweep(tiny(path, trials=TRIALS), engine=Inline())
    return path / "s"


@pytest.fixture
def sweep(swept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(swept, tmp_path / "s"))


# Which trials


def table(**seeds: Sequence[float]) -> list[tuple[int, int, float]]:
    return [(int(name[1:]), seed, value) for name, values in seeds.items() for seed, value in enumerate(values)]


def test_the_first_and_those_that_it_does_not_lead() -> None:
    """Seeds differ by 0.1 within a trial: trial 2 cannot be told from trial 4, trials 0 and 1 are far behind."""
    values = table(
        t0=(1.0, 1.1, 0.9), t1=(2.0, 2.1, 2.2), t2=(9.9, 10.0, 10.1), t3=(5.0, 5.1, 5.0), t4=(10.1, 10.0, 10.2)
    )
    assert worth_more_seeds(values, 1, is_less_better=False) == [2, 4]
    assert worth_more_seeds(values, 3, is_less_better=False) == [2, 3, 4]
    assert worth_more_seeds(values, 1, is_less_better=True) == [0]
    assert worth_more_seeds(values, 99, is_less_better=True) == [0, 1, 2, 3, 4]


def test_of_one_seed_only_the_first_are_known() -> None:
    assert worth_more_seeds(table(t0=[1.0], t1=[3.0], t2=[2.9], t3=[0.0]), 2, is_less_better=False) == [1, 2]
    assert worth_more_seeds(table(t7=[1.0]), 5, is_less_better=False) == [7]


def test_the_seeds_of_refined_trials_tell_the_noise_of_the_others() -> None:
    """With one seed each, trial 2 is within the noise that the two refined trials show, trial 3 is beyond it."""
    values = table(t0=(5.0, 5.5, 4.6, 5.2), t1=(4.9, 4.8, 5.4, 5.1), t2=[4.8], t3=[-20.0], t4=[-21.0])
    assert worth_more_seeds(values, 1, is_less_better=False) == [0, 1, 2]


# Numbers of runs


def test_no_number_of_a_run_changes_or_is_given_twice() -> None:
    spec = make_spec({"seeds": 2, "trials": 9, "seed": 10})
    rounds = [Round(4, 5, (1, 3)), Round(4, 6, (0, 3)), Round(7, 8, (3, 5))]
    assert Roster(spec).own(3) == Block(6, range(10, 12))
    first = Roster(spec, rounds[:1])
    assert [first.own(trial).first_run for trial in (0, 3, 4)] == [0, 6, 14]
    assert (first.more(1), first.more(3)) == ([Block(8, range(12, 15))], [Block(11, range(12, 15))])
    whole = Roster(spec, rounds)
    assert whole.more(3) == [Block(11, range(12, 15)), Block(18, range(15, 16)), Block(25, range(16, 18))]
    assert [whole.seeds(trial) for trial in (0, 1, 2, 3, 5)] == [6, 5, 2, 8, 8]
    blocks = [block for trial in range(12) for block in (whole.own(trial), *whole.more(trial))]
    runs = sorted(block.first_run + place for block in blocks for place in range(len(block.seeds)))
    assert runs == list(range(len(runs)))


# In a sweep


def test_the_best_have_more_seeds_and_frames_use_them(sweep: Path) -> None:
    before = vaekit.open(sweep)
    assert len(before.runs) == 2 * len(before.trials)
    engine = Inline()
    refined(sweep, engine)
    after = vaekit.open(sweep)
    counts = after.runs.groupby("trial")["seed"].agg(list)
    first = before.trials.sort_values("value", ascending=False)["trial"].tolist()
    assert counts[first[0]] == counts[first[1]] == [0, 1, 2, 3, 4]
    assert set(counts.map(len)) == {2, 5}
    assert sorted(engine.trained) == list(range(2 * TRIALS, len(after.runs)))
    pd.testing.assert_frame_equal(after.runs.head(2 * TRIALS), before.runs, check_exact=True)
    means = after.runs.groupby("trial")["validation_elbo_nats"].mean()
    np.testing.assert_allclose(after.trials["value"], means, rtol=1e-12)
    assert after.trials[AT_SELECTION].tolist() == before.trials["value"].tolist()
    board = View(after).board
    assert dict(zip(board["trial"], board["n"], strict=True)) == counts.map(len).to_dict()
    assert board[AT_SELECTION].tolist() == before.trials["value"][board["trial"]].tolist()
    best = [int(trial) for trial in board["trial"].head(2)]
    assert {len(counts[trial]) for trial in best} == {5}, "a trial of few seeds stands before those of many"
    assert check_sweep(Folder(sweep)) == []


def test_a_second_time_says_that_it_is_complete(sweep: Path) -> None:
    said: list[str] = []
    refined(sweep, note=said.append)
    assert said[0].startswith("refining: 5 seeds for trials ")
    before, again = frames(sweep), Inline()
    refined(sweep, again, note=said.append)
    assert said[-1] == "nothing to refine: the trials that decide have 5 seeds"
    assert again.trained == []
    for name, frame in frames(sweep).items():
        pd.testing.assert_frame_equal(frame, before[name])


@pytest.mark.parametrize("after", [0, 1, 2])
def test_killed_and_resumed_it_is_the_same_to_the_bit(sweep: Path, tmp_path: Path, after: int) -> None:
    other = Path(shutil.copytree(sweep, tmp_path / "killed" / "s"))
    engines = [Inline(), Inline(size=1), Inline(size=2)]
    refined(sweep, engines[0])
    updates = itertools.count()

    def kill(status: Status) -> None:
        if status.refining and next(updates) == after:
            raise Killed

    with pytest.raises(Killed):
        refined(other, engines[1], kill)
    assert len(engines[1].trained) == after
    assert check_sweep(Folder(other)) == []
    refined(other, engines[2])
    assert_same_frames(sweep, other)
    assert sorted(engines[1].trained + engines[2].trained) == sorted(engines[0].trained), "a run was trained twice"


def test_the_sweep_itself_finishes_a_killed_refinement_and_grows_afterwards(sweep: Path, tmp_path: Path) -> None:
    def kill(status: Status) -> None:
        if status.refining:
            raise Killed

    with pytest.raises(Killed):
        refined(sweep, on_status=kill)
    engine = Inline()
    run_sweep(tiny(sweep.parent, trials=TRIALS + 2), engine=engine)
    grown = vaekit.open(sweep)
    run_sweep(tiny(tmp_path / "whole", trials=TRIALS + 2), engine=Inline())
    whole = vaekit.open(tmp_path / "whole" / "s")
    assert grown.trials[AT_SELECTION].tolist() == whole.trials["value"].tolist()
    own = grown.runs[grown.runs["seed"] < 2].sort_values(["trial", "seed"], ignore_index=True)
    columns = [name for name in whole.runs if name not in ("run", "seconds")]
    pd.testing.assert_frame_equal(own[columns], whole.runs[columns], check_exact=True)
    assert sorted(grown.runs["run"]) == list(range(len(grown.runs)))
    assert check_sweep(Folder(sweep)) == []
    refined(sweep)
    assert check_sweep(Folder(sweep)) == []


def test_a_sweep_that_was_stopped_is_refined_as_far_as_it_is_and_goes_on(swept: Path, tmp_path: Path) -> None:
    def kill(status: Status) -> None:
        if status.complete == 3:
            raise Killed

    with pytest.raises(Killed):
        run_sweep(tiny(tmp_path, trials=TRIALS), kill, Inline(size=1))
    path = tmp_path / "s"
    refined(path)
    part = vaekit.open(path).trials
    assert sorted(part["state"]) == ["COMPLETE"] * 3 + ["WAITING"] * 3
    run_sweep(tiny(tmp_path, trials=TRIALS), engine=Inline())
    whole, mine = vaekit.open(swept), vaekit.open(path)
    assert mine.trials[AT_SELECTION].tolist() == whole.trials["value"].tolist()
    own = mine.runs[mine.runs["seed"] < 2].drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, whole.runs.drop(columns="seconds"), check_exact=True)
    assert check_sweep(Folder(path)) == []


class Failing(Inline):
    """An engine that fails every run of one seed."""

    def run(self, stacks: Sequence[Any], task: Task, stop: Stop | None = None, load: Load = list) -> Iterator[Any]:
        for stack, outcome in super().run(stacks, task, stop, load):
            assert isinstance(outcome, list)
            pairs = zip(stack, outcome, strict=True)
            yield (
                stack,
                [
                    replace(trained, error="it was unlucky") if run.config.seed == 3 else trained
                    for run, trained in pairs
                ],
            )


def test_a_seed_that_fails_costs_no_trial(sweep: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(sweep, tmp_path / "other" / "s"))
    refined(other)
    refined(sweep, Failing())
    trials = vaekit.open(sweep).trials
    assert set(trials["state"]) == {"COMPLETE"}
    known = trials["error"] == "seed 3: it was unlucky"
    board = View(vaekit.open(sweep)).board.set_index("trial")["n"]
    assert 2 <= known.sum() < TRIALS
    assert set(board[trials.loc[known, "trial"]]) == {4}
    assert check_sweep(Folder(sweep)) == []
    forgotten = forget_failed(Folder(sweep))
    assert forgotten.trials == trials.loc[known, "trial"].tolist()
    run_sweep(forgotten.spec, engine=Inline())
    refined(sweep)
    assert check_sweep(Folder(sweep)) == []
    mine, theirs = vaekit.open(sweep), vaekit.open(other)
    shared = mine.runs.merge(theirs.runs, on=["trial", "seed"])
    assert len(shared) == len(theirs.runs)
    assert (shared["elbo_nats_x"] == shared["elbo_nats_y"]).all()


@pytest.mark.parametrize("keep", ["best", "none"])
def test_weights_are_kept_as_the_sweep_says(tmp_path: Path, keep: str) -> None:
    run_sweep(tiny(tmp_path, trials=4, keep_weights=keep), engine=Inline())
    refined(tmp_path / "s")
    folder = Folder(tmp_path / "s")
    assert check_sweep(folder) == []
    best = int(vaekit.open(tmp_path / "s").best["trial"])
    runs = vaekit.open(tmp_path / "s").runs
    more = set(runs.loc[(runs["trial"] == best) & (runs["seed"] > 1), "run"])
    assert (more <= folder.weight_files().keys()) is (keep == "best")


def test_to_optimize_it_can_do_so_by_itself(tmp_path: Path) -> None:
    options = {"mode": "optimize", "pruner": "none", "trials": 6, "batch": 3, "refine": True}
    spec = tiny(tmp_path, **options)
    run_sweep(spec, engine=Inline(), work=work_of(spec, Refinement(choose=the_first, top=1, seeds=3)))
    failing = tiny(tmp_path / "failing", **options | {"beta": "1e38", "trials": 1})
    status = run_sweep(failing, engine=Inline(), work=work_of(failing, Refinement(choose=the_first)))
    assert (status.failed, status.complete) == (1, 0)
    alone = tiny(tmp_path / "two", **options)
    run_sweep(alone, engine=Inline(size=1))
    refined(tmp_path / "two" / "s", top=1, seeds=3)
    assert_same_frames(tmp_path / "s", tmp_path / "two" / "s")


def test_its_rules(sweep: Path, tmp_path: Path) -> None:
    before = contents(sweep)
    with pytest.raises(ConfigError, match="seeds must be above the 2 that each trial has, and at most 1000, got 2"):
        vaekit.refine(sweep, seeds=2)
    with pytest.raises(ConfigError, match="top must be at least 1, got 0"):
        vaekit.refine(sweep, top=0)
    how = Refinement(choose=worth_more_seeds)
    with pytest.raises(ConfigError, match="needs one objective"):
        work_of(tiny(tmp_path, objective="rate,distortion", refine=True), how)
    with pytest.raises(ConfigError, match="a comparison is not refined"):
        how.check(make_spec({"models": "vae,ae"}))
    assert contents(sweep) == before
    folder = Folder(tmp_path / "none" / "s")
    run_sweep(tiny(tmp_path / "none", beta="1e38", trials=1), engine=Inline())
    with pytest.raises(ResultsError, match="has no complete trial to refine"):
        refined(folder.path)


def test_the_command(sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sweeps.coordination.coordinator.run_sweep", partial(run_sweep, engine=Inline()))
    monkeypatch.setattr(sys, "argv", ["vaekit", "refine", str(sweep), "--top", "1", "--seeds", "3"])
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
    printed = capsys.readouterr()
    assert "refining: 3 seeds for trial" in printed.err
    assert "nothing to refine: the trials that decide have 3 seeds" in printed.err
    assert printed.out.split() == [str(sweep)] * 2


def test_in_python(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.run_sweep", partial(run_sweep, engine=Inline()))
    found = vaekit.refine(sweep, top=1, seeds=3)
    assert found.runs["seed"].max() == 2
    assert AT_SELECTION in found.trials


# In the report


def test_the_winners_curse_is_said_with_both_numbers(sweep: Path) -> None:
    assert winners_curse(View(vaekit.open(sweep))) is None
    refined(sweep)
    view = View(vaekit.open(sweep))
    found = winners_curse(view)
    assert found is not None
    trials, runs = view.sweep.trials, view.sweep.runs
    first = int(trials[AT_SELECTION].to_numpy().argmax())
    values = runs.loc[runs["trial"] == first, "validation_elbo_nats"].to_numpy()
    assert (found["trial"], found["seeds_at_selection"], found["seeds"]) == (first, 2, 5)
    for name, part in (("value_at_selection", values[:2]), ("value", values), ("value_of_others", values[2:])):
        assert found[name] == pytest.approx(part.mean(), rel=1e-12)
    assert found["curse"] == pytest.approx(values[:2].mean() - values[2:].mean())
    said = refined_sentence(view)
    for part in (values[:2], values, values[2:]):
        assert f"{-part.mean():.2f}" in said
    assert "over 2 seeds and has" in said
    assert said in chosen(view)
    assert summary(view)["refined"] == found
    assert "2 seeds a trial, the best up to 5" in next(paragraphs(view))


def test_averages_over_trials_weigh_them_alike(sweep: Path) -> None:
    before = View(vaekit.open(sweep))
    expected = effect(before.runs, "beta"), frontier_area(before.runs), slopes(before.runs)
    refined(sweep)
    view = View(vaekit.open(sweep))
    assert len(view.runs) > len(view.own_runs)
    found = effect(view.own_runs, "beta"), frontier_area(view.own_runs), slopes(view.own_runs)
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_report_of_a_refined_sweep(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refined(sweep)
    draw_only(monkeypatch)
    page = write_report(vaekit.open(sweep)).read_text()
    assert "winner&#39;s curse" in page or "winner's curse" in page
    assert "value at selection" in page
