"""Scores in a sweep, after the fact, and of a file."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cli
import vaekit
from analysis.metrics import METRICS, ScoreWarning, score_all, udr
from analysis.presentation.view import View
from analysis.report.write import write_report
from analysis.scores.after_sweep import score_file, score_sweep
from analysis.scores.in_sweep import score_run
from analysis.scores.of_codes import score_codes
from analysis.scores.section import score_sections
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.make import make_spec
from tests.drawing import draw_only
from tests.synthetic import write_sweep
from tests.test_sweep import Inline
from vae import scored as scored_codes
from vae.columns import CHEAP_SCORES, SAMPLED, SCORES, parse_objectives, parse_scores
from vae.data.dataset import SPLITS
from vae.errors import ConfigError, DataError, ResultsError
from vae.evaluation import posterior
from vae.files.results import Folder


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares of three sizes at 6 x 6 places, four of each."""
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(6), np.arange(6), indexing="ij"), -1).reshape(-1, 3)
    factors = np.repeat(grid, 4, axis=0)
    images = np.zeros((len(factors), 9, 9), np.uint8)
    for image, (size, row, column) in zip(images, factors, strict=True):
        image[row : row + size + 2, column : column + size + 2] = 1
    path = tmp_path_factory.mktemp("squares") / "squares.npz"
    np.savez(path, images=images, factors=factors)
    return path


def spec(out: Path, data: Path | str = "digits", **options: Any) -> Any:
    tiny = {"epochs": 3, "seeds": 2, "trials": 3, "hidden_dim": 16, "latent_dim": "2:5", "report": False}
    return make_spec(tiny | {"data": str(data), "out": str(out), "name": "s"} | options)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, squares: Path) -> Path:
    """A sweep whose runs were given the default scores."""
    path = tmp_path_factory.mktemp("scored")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        run_sweep(spec(path, squares, trials=6), engine=Inline(), scorer=score_run)
    return path / "s"


@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning")
def test_scores_after_the_fact_are_those_of_the_sweep(tmp_path: Path, squares: Path) -> None:
    names = [*SCORES, *(name + SAMPLED for name in SCORES)]
    options = {"scores": ",".join(names), "seed": 5, "batch_size": 100, "learning_rate": 0.01, "epochs": 6}
    run_sweep(spec(tmp_path, squares, **options, trials=1, seeds=1), engine=Inline(), scorer=score_run)
    sweep = vaekit.open(tmp_path / "s")
    after = score_sweep(sweep, ",".join(names)).pivot_table(index="run", columns="score", values="value")
    np.testing.assert_array_equal(after[names], sweep.runs[names])


def everything(sweep: vaekit.Sweep, run: int) -> list[np.ndarray]:
    """The plain module's codes of all images, and their factors, in the order of the images."""
    order = np.concatenate([sweep._data.split(split) for split in SPLITS]).argsort()
    codes, factors = [sweep.codes(run, split) for split in SPLITS], [sweep.factors(split) for split in SPLITS]
    return [np.concatenate(codes)[order], np.concatenate(factors)[order]]  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning")
def test_cheap_scores_are_columns_on_data_with_factors(scored: Path) -> None:
    sweep = vaekit.open(scored)
    assert sweep.scores == list(CHEAP_SCORES)
    assert list(sweep.runs.columns[-1 - len(CHEAP_SCORES) :]) == [*CHEAP_SCORES, "seconds"]
    for run, row in sweep.runs.set_index("run").head(6).iterrows():
        codes, factors = everything(sweep, int(str(run)))
        again = score_all(CHEAP_SCORES, codes.astype(float), factors, seed=int(row["seed"]))
        for name in CHEAP_SCORES:
            tolerance = 0.1 if name == "factor_vae" else 0.02
            assert float(again[name]) == pytest.approx(row[name], abs=tolerance), name


def test_a_score_is_an_objective_on_validation(tmp_path: Path, squares: Path) -> None:
    run_sweep(spec(tmp_path, squares, objective="mig", scores="sap_r2"), engine=Inline(), scorer=score_run)
    sweep = vaekit.open(tmp_path / "s")
    assert sweep.scores == ["sap_r2", "mig"]
    means = sweep.runs.groupby("trial")["validation_mig"].mean()
    np.testing.assert_allclose(sweep.trials["value"], means)
    assert not np.allclose(sweep.runs["validation_mig"], sweep.runs["mig"])


def test_a_score_of_one_posterior_sample(tmp_path: Path, squares: Path) -> None:
    run_sweep(spec(tmp_path, squares, scores="mig,mig_sample"), engine=Inline(), scorer=score_run)
    runs = vaekit.open(tmp_path / "s").runs
    assert runs["mig"].notna().all()
    assert (runs["mig"] != runs["mig_sample"]).all()


def test_labels_alone_are_not_scored_unless_asked(tmp_path: Path) -> None:
    digits: dict[str, Any] = {"limit": 200, "trials": 1}
    run_sweep(spec(tmp_path / "a", **digits), engine=Inline(), scorer=score_run)
    assert vaekit.open(tmp_path / "a" / "s").scores == []
    run_sweep(spec(tmp_path / "b", scores="sap_r2", **digits), engine=Inline(), scorer=score_run)
    assert vaekit.open(tmp_path / "b" / "s").scores == ["sap_r2"]


def test_a_run_whose_sample_overflows_is_not_scored(
    tmp_path: Path, squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finite mean with a huge deviation; its neighbours in the stack are scored."""

    def overflowing(*given: Any) -> list[tuple[Any, ...]]:
        (means, samples), *others = posterior(*given)
        return [(means, np.full_like(samples, np.inf)), *others]

    monkeypatch.setattr(scored_codes, "posterior", overflowing)
    run_sweep(spec(tmp_path, squares, scores="sap_r2,sap_r2_sample"), engine=Inline(), scorer=score_run)
    runs = vaekit.open(tmp_path / "s").runs
    assert runs["sap_r2"].isna().any()
    assert runs["sap_r2"].notna().any()


def test_scores_after_the_fact_are_cached(tmp_path: Path, squares: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_sweep(spec(tmp_path, squares, scores="none"), engine=Inline(), scorer=score_run)
    sweep = vaekit.open(tmp_path / "s")
    assert sweep.scores == []
    first = score_sweep(sweep, "mig,modularity")
    assert len(first) == 2 * len(sweep.runs)
    assert (first["floor"] >= 0).all()
    assert (Folder(tmp_path / "s").analysis / "scores.csv").is_file()
    monkeypatch.setattr(type(sweep), "codes", lambda *_: pytest.fail("scored again"))
    again = score_sweep(sweep, "mig")
    assert again["value"].tolist() == pytest.approx(first.loc[first["score"] == "mig", "value"].tolist())


def test_udr_compares_the_seeds_of_a_trial_and_needs_no_factors(tmp_path: Path) -> None:
    run_sweep(spec(tmp_path, epochs=20, limit=300, beta="0.1", seeds=3), engine=Inline(), scorer=score_run)
    sweep = vaekit.open(tmp_path / "s")
    scored = score_sweep(sweep, "udr")
    assert scored["run"].tolist() == sweep.runs["run"].tolist()
    first = sweep.runs.loc[sweep.runs["trial"] == 0, "run"].tolist()
    kl = [sweep.dims.loc[sweep.dims["run"] == run, "kl_nats"].to_numpy() for run in first]
    expected = udr([sweep.codes(run) for run in first], kl).details["by_run"]
    assert scored["value"].tolist()[:3] == pytest.approx(expected)


def test_what_cannot_be_scored(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((60, 3, 3), dtype=np.float32)
    np.savez(tmp_path / "plain.npz", images=images)
    run_sweep(spec(tmp_path, tmp_path / "plain.npz", trials=1), engine=Inline(), scorer=score_run)
    with pytest.raises(ResultsError, match="scores need data with known factors; .*plain.npz"):
        score_sweep(vaekit.open(tmp_path / "s"), "mig")
    with pytest.raises(ConfigError, match="dci must be one of forest, gbt, got 'tree'"):
        score_sweep(vaekit.open(tmp_path / "s"), "mig", backend="tree")


@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning")
def test_the_score_command_prints_json_of_any_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(0, size, 900) for size in (4, 3, 5)])
    codes = factors + 0.01 * rng.standard_normal(factors.shape)
    split = {"codes_train": codes[:600], "factors_train": factors[:600]}
    split |= {"codes_test": codes[600:], "factors_test": factors[600:]}
    for name, arrays in {"one": {"codes": codes, "factors": factors}, "two": split}.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)  # type: ignore[arg-type]
        monkeypatch.setattr(sys, "argv", ["vaekit", "score", str(tmp_path / f"{name}.npz")])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        printed = json.loads(capsys.readouterr().out)
        assert printed.keys() == {"metrics", "details"}
        assert printed["metrics"].keys() == printed["details"].keys() == set(SCORES)
        assert printed["metrics"]["mig"] > 0.95
        assert printed["details"]["mig"]["floor"] < 0.1
        assert printed["details"]["dci_disentanglement"]["backend"] == "forest"


def one_code_of(value: float, path: Path) -> Path:
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (300, 2))
    codes = factors + 0.1 * rng.standard_normal(factors.shape)
    codes[5, 1] = value
    np.savez(path, codes=codes, factors=factors)
    return path


def test_the_score_command_says_in_one_line_which_code_is_not_finite(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["vaekit", "score", str(one_code_of(np.nan, tmp_path / "x.npz"))])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    said = capfd.readouterr()
    assert said.err == "vaekit: codes must be finite, got nan in row 5 of code 1: drop the row\n"
    assert not said.out


def test_a_file_with_an_extreme_code_is_scored_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(ScoreWarning) as told:
        scores = score_file(one_code_of(1e4, tmp_path / "x.npz"))["metrics"]
    sentences = [str(warning.message) for warning in told]
    first = "codes 1 have extreme values (row 5 of code 1 is 1e+04): 99.7% or more of their rows share one of 20 bins"
    assert any(sentence.startswith(first) for sentence in sentences)
    assert len(sentences) == len(set(sentences))
    assert scores["mig"] < 0.6
    assert scores["dci_disentanglement"] > 0.9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"codes": np.zeros((9, 2))}, "must hold codes_train, .* or codes and factors, got 'codes'"),
        (
            {"codes": np.array([None, 1], dtype=object), "factors": np.zeros((2, 1), int)},
            "'codes' must be one array of numbers, got Python objects",
        ),
        (None, "is no readable .npz file"),
    ],
)
def test_files_that_hold_no_codes(tmp_path: Path, content: dict[str, Any] | None, message: str) -> None:
    path = tmp_path / "x.npz"
    if content is None:
        path.write_bytes(b"PK nonsense")
    else:
        np.savez(path, **content)
    with pytest.raises(DataError, match=message):
        score_file(path)


def test_columns_and_registry_name_the_same_scores() -> None:
    by_run = {name: metric for name, metric in METRICS.items() if metric.needs != "runs"}
    assert {name: metric.direction for name, metric in by_run.items()} == SCORES
    assert by_run.keys() >= set(CHEAP_SCORES)
    assert parse_objectives("mig")[0].direction == "maximize"
    assert parse_objectives("gaussian_total_correlation")[0].direction == "minimize"
    with pytest.raises(ConfigError, match="scores must be none or of mig, .*got 'charm'"):
        parse_scores("mig,charm")


@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning")
def test_the_report_shows_scores_with_floors_and_their_agreement(scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only(monkeypatch, "svg")
    page = write_report(vaekit.open(scored))
    text = page.read_text()
    tables = Folder(scored).report.tables
    for slug in ("scores", "scores_beta", "scores_latent_dim", "score_correlation", "mutual_information"):
        assert (tables / f"{slug}.csv").is_file(), slug
        assert f"{slug}.csv" in text
    table, sweep = pd.read_csv(tables / "scores.csv").set_index("score"), vaekit.open(scored)
    best = View(sweep).best_runs
    runs = sweep.runs[sweep.runs["run"].isin(best)]
    assert table["value"].to_dict() == pytest.approx(runs[sweep.scores].mean().to_dict())
    floors = [score_codes(sweep.scores, sweep.scored_codes(run), floor=True) for run in best]
    own = floors[0]
    means = {name: np.mean([scores[name].floor for scores in floors]) for name in own}
    assert table["floor"].to_dict() == pytest.approx(means)
    ceilings = {name: np.nan if score.ceiling is None else score.ceiling for name, score in own.items()}
    assert table["ceiling"].to_dict() == pytest.approx(ceilings, nan_ok=True)


def test_sections_show_the_runs_of_complete_trials_alone(tmp_path: Path) -> None:
    sweep = vaekit.open(write_sweep(tmp_path / "s", trials=6).path)
    trials, runs = sweep.trials, sweep.runs
    sweep.__dict__["trials"] = trials.assign(state=trials["state"].where(trials["trial"] > 0, "FAIL"))
    sweep.__dict__["runs"] = runs.assign(mig=runs["rate_nats"], irs=runs["elbo_nats"])
    parts = {part.slug: part for part in score_sections(View(sweep))}
    assert len(parts["scores_beta"].table) == 5
    assert parts["scores"].table["n"].tolist() == [3, 3]
    figure = parts["scores_beta"].figure
    assert figure is not None
    assert np.shape(figure.axes[0].collections[0].get_offsets()) == (5, 2)
