"""A comparison trains each VAE with its autoencoder twin, as an ordinary sweep."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vaekit
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.preview import preview_sweep
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec
from tests.test_sweep import TINY, Inline, frames
from vae.errors import ConfigError, ResultsError
from vae.files.results import Folder

SIZES: dict[str, Any] = {"latent_dim": "2,3", "hidden_dim": "16"}
SHORT = {name: value for name, value in TINY.items() if name not in ("hidden_dim", "latent_dim")}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of two latent dimensions with two seeds."""
    path = tmp_path_factory.mktemp("compare")
    run_sweep(compare_spec(SHORT | SIZES | {"out": str(path)}), engine=Inline())
    return path


def sweep_like(path: Path, **options: Any) -> Folder:
    """The head of a sweep's folder."""
    folder = Folder(path / "given")
    folder.write_spec(make_spec({"name": "given", "out": str(path), "likelihood": "bernoulli"} | options).as_dict())
    return folder


def test_the_default_is_three_sizes_of_digits_with_both_models() -> None:
    spec = compare_spec({})
    assert (spec.name, spec.data, spec.latent_dim, spec.hidden_dim, spec.beta) == (
        "digits-compare", "digits", "2,8,16", "128", "1",
    )  # fmt: skip
    assert (spec.trials, spec.seeds, spec.n_runs) == (3, 3, 18)


def test_runs_are_numbered_by_trial_model_and_seed(out: Path) -> None:
    runs = vaekit.open("digits-compare", out).runs
    assert runs["run"].tolist() == list(range(8))
    assert runs["trial"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert runs["model"].tolist() == ["vae", "vae", "ae", "ae"] * 2
    assert runs["seed"].tolist() == [0, 1] * 4
    assert runs["latent_dim"].tolist() == [2] * 4 + [3] * 4


def test_an_autoencoder_has_a_distortion_and_no_rate(out: Path) -> None:
    sweep = vaekit.open("digits-compare", out)
    twins = sweep.runs[sweep.runs["model"] == "ae"]
    assert twins[["rate_nats", "elbo_nats", "validation_rate_nats", "validation_elbo_nats"]].isna().all(axis=None)
    assert np.isfinite(twins[["distortion_nats", "validation_distortion_nats"]]).all(axis=None)
    means, log_variances = sweep.run(2).encode(sweep.images())
    np.testing.assert_array_equal(log_variances, np.full_like(means, -np.inf))
    np.testing.assert_array_equal(sweep.run(2).posterior_samples(sweep.images()), means)


def test_a_vae_is_the_same_to_the_bit_with_and_without_its_twin(out: Path, tmp_path: Path) -> None:
    alone = make_spec(SHORT | SIZES | {"beta": "1", "sampler": "grid", "out": str(tmp_path), "name": "alone"})
    run_sweep(alone, engine=Inline())
    with_twins = vaekit.open("digits-compare", out)
    vaes = with_twins.runs.query("model == 'vae'").drop(columns=["run", "seconds"]).reset_index(drop=True)
    by_itself = vaekit.open("alone", tmp_path)
    assert vaes.equals(by_itself.runs.drop(columns=["run", "seconds"]))
    assert with_twins.trials["value"].equals(by_itself.trials["value"])


def test_twins_begin_with_equal_weights_and_end_with_other_ones(out: Path, tmp_path: Path) -> None:
    run_sweep(
        compare_spec(SHORT | SIZES | {"out": str(tmp_path), "learning_rate": 1e-30, "epochs": 1}), engine=Inline()
    )
    for path, same in ((tmp_path, True), (out, False)):
        sweep = vaekit.open("digits-compare", path)
        vae, ae = (sweep.model(run).state_dict() for run in (0, 2))
        assert np.array_equal(vae["fc1.weight"], ae["fc1.weight"]) == same


def test_a_trial_is_worth_the_mean_over_the_seeds_of_its_vae(out: Path) -> None:
    sweep = vaekit.open("digits-compare", out)
    vaes = sweep.runs[sweep.runs["model"] == "vae"].groupby("trial")["validation_elbo_nats"].mean()
    np.testing.assert_allclose(sweep.trials["value"], vaes)


def test_the_same_comparison_again_trains_nothing(out: Path) -> None:
    before, engine = frames(out / "digits-compare"), Inline()
    run_sweep(compare_spec(SHORT | SIZES | {"out": str(out)}), engine=engine)
    assert not engine.trained
    assert all(frame.equals(before[name]) for name, frame in frames(out / "digits-compare").items())


def test_a_failing_twin_fails_its_trial_and_says_which(tmp_path: Path) -> None:
    options = {"learning_rate": 1e30, "epochs": 3, "latent_dim": "2", "hidden_dim": "16", "out": str(tmp_path)}
    status = run_sweep(compare_spec(SHORT | options), engine=Inline())
    assert status.failed == 1
    assert status.first_error.startswith(("seed 0:", "ae, seed 0:"))


@pytest.mark.parametrize(
    ("axis", "given", "chosen"),
    [
        ("latent_dim", "2:32", "2,8,32"),
        ("latent_dim", "4,6", "4,6"),
        ("latent_dim", "7", "7"),
        ("latent_dim", "3:4", "3,4"),
        ("hidden_dim", "64,128", "64,128"),
        ("hidden_dim", "32:128", "32:128"),
        ("learning_rate", "1e-4:1e-2:log", "0.0001,0.001,0.01"),
        ("learning_rate", "0.001,0.01", "0.001,0.01"),
        ("batch_size", "32:128", "32:128"),
    ],
)
def test_it_takes_the_sizes_of_a_sweep(tmp_path: Path, axis: str, given: str, chosen: str) -> None:
    spec = compare_spec({}, sweep_like(tmp_path, **{axis: given}))
    assert getattr(spec, axis) == chosen


def test_it_takes_data_and_training_of_a_sweep_and_lies_beside_it(tmp_path: Path) -> None:
    there = {"limit": 200, "binarize": "threshold", "epochs": 7, "seeds": 5, "seed": 3, "learning_rate": "0.01"}
    like = sweep_like(tmp_path, **there, beta="0.1:4:log", mode="optimize", trials=9, jobs=1)
    spec = compare_spec({"seeds": 2}, like)
    assert {name: getattr(spec, name) for name in there} == there | {"seeds": 2}
    assert (spec.name, spec.out, spec.beta, spec.mode) == ("given-compare", str(tmp_path), "1", "explore")
    assert spec.trials == len(spec.axes[0].choices) * len(spec.axes[2].choices)


def test_like_a_comparison_it_is_that_comparison(out: Path) -> None:
    folder = Folder(out / "digits-compare")
    again = compare_spec({}, folder)
    assert again.identity == make_spec(folder.read_spec()).identity
    assert again.name == "digits-compare"


def test_options_that_break_a_rule_are_refused() -> None:
    with pytest.raises(ConfigError, match="sampler grid needs choices a,b,c, got the range latent_dim = '2:9'"):
        compare_spec({"latent_dim": "2:9"})
    with pytest.raises(ConfigError, match="models must be one of vae, vae,ae, got 'ae'"):
        make_spec({"models": "ae"})


def test_python_compares_and_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaekit.run_sweep", lambda spec, show, scorer, **more: run_sweep(spec, show, Inline(), **more))
    found = vaekit.compare(**SHORT, latent_dim="2", hidden_dim="16", out=str(tmp_path))
    assert found.runs["model"].tolist() == ["vae", "vae", "ae", "ae"]
    with pytest.raises(ResultsError, match="no sweep "):
        vaekit.compare("nothing", out=str(tmp_path))


def test_a_preview_counts_the_twins(tmp_path: Path) -> None:
    totals = preview_sweep(compare_spec(SHORT | SIZES | {"out": str(tmp_path)})).totals
    assert totals["runs"] == 8
