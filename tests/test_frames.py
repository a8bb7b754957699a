import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pandas.testing import assert_frame_equal

from analysis.frames.export import export_frames
from analysis.frames.sweep import open_sweep
from analysis.summary.listing import list_sweeps
from tests.synthetic import SPEC, write_sweep
from vae.columns import BETA_NORMALISED, HISTORY, RUNS, TOTALS
from vae.config import RunConfig
from vae.errors import ResultsError
from vae.files.records import RunRecord
from vae.files.results import Folder
from vae.model import VAE

PIXELS = 16
PROVENANCE = {"host": "here", "data": {"image_shape": [4, 4]}}


def record(run: int, *, epochs: int, variances: list[float], model: str = "vae", state: str = "COMPLETE") -> RunRecord:
    """A run whose numbers say where they belong: run, epoch and column."""
    totals = {name: run + 0.1 * i for i, name in enumerate(TOTALS)}
    if model == "ae":
        totals |= {"rate_nats": np.nan, "elbo_nats": np.nan}
    torch.manual_seed(run)
    module = VAE(RunConfig(hidden_dim=64, latent_dim=len(variances) or 3, model=model), (PIXELS,))
    return RunRecord(
        run=run,
        trial=run // 2,
        seed=run % 2,
        model=model,
        state=state,
        parameters={"latent_dim": len(variances) or 3, "beta": 0.5, "hidden_dim": 64},
        totals=totals,
        history={name: run + np.arange(epochs) / 10 + i for i, name in enumerate(HISTORY)},
        dims={"kl_nats": np.arange(len(variances)) + run, "mean_variance": np.array(variances)},
        seconds=2.5,
        weights={name: tensor.numpy() for name, tensor in module.state_dict().items()},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Two stacks, written in the wrong order: runs 2 and 3 before 0 and 1; run 3 failed after one epoch."""
    folder = Folder(tmp_path / "hand")
    folder.write_spec({**SPEC, "trials": 2})
    folder.write_provenance(PROVENANCE)
    folder.write_stack(
        [record(3, epochs=1, variances=[], state="FAIL"), record(2, epochs=2, variances=[0.5], model="ae")]
    )
    folder.write_stack([record(1, epochs=2, variances=[0.5, 0.01]), record(0, epochs=3, variances=[0.02])])
    columns = {
        "trial": [1, 0],
        "state": ["FAIL", "COMPLETE"],
        "latent_dim": [1, 2],
        "beta": [0.5, 0.5],
        "hidden_dim": [64, 64],
        "value": [math.nan, -3.0],
        "seconds": [5.0, 5.0],
        "error": ["run 3: NaN", ""],
    }
    folder.write_trials(pa.table(columns))
    return folder


def test_runs(folder: Folder) -> None:
    runs = open_sweep(folder.path).runs
    assert tuple(runs.drop(columns=BETA_NORMALISED)) == RUNS
    expected = pd.DataFrame(
        {
            "run": [0, 1, 2, 3],
            "trial": [0, 0, 1, 1],
            "seed": [0, 1, 0, 1],
            "model": ["vae", "vae", "ae", "vae"],
            "state": ["COMPLETE", "COMPLETE", "COMPLETE", "FAIL"],
            "latent_dim": [1, 2, 1, 3],
            "beta": 0.5,
            "hidden_dim": 64,
            "rate_nats": [0.0, 1.0, np.nan, 3.0],
            "distortion_nats": [0.1, 1.1, 2.1, 3.1],
        }
    )
    assert_frame_equal(runs[list(expected)], expected)
    assert runs["elbo_nats"].isna().tolist() == [False, False, True, False]
    assert runs["seconds"].tolist() == [2.5] * 4


@pytest.mark.parametrize("shape", [[8, 8], None], ids=["in the provenance", "in the data"])
def test_beta_is_normalised_by_size(tmp_path: Path, shape: list[int] | None) -> None:
    """A sweep of the first version has no shape in its provenance."""
    data = {"name": "digits"} | ({"image_shape": shape} if shape else {})
    sweep = open_sweep(write_sweep(tmp_path / "s", trials=3, seeds=1, provenance=PROVENANCE | {"data": data}).path)
    for frame in (sweep.trials, sweep.runs):
        np.testing.assert_allclose(frame[BETA_NORMALISED], frame["beta"] * frame["latent_dim"] / 64)
        assert list(frame).index(BETA_NORMALISED) == list(frame).index("hidden_dim") + 1


def test_without_shape_and_data_it_is_unknown(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "s", trials=2, seeds=1, data="gone.npz", provenance={}).path
    assert open_sweep(path).runs[BETA_NORMALISED].isna().all()


def test_history(folder: Folder) -> None:
    history = open_sweep(folder.path).history
    assert tuple(history) == ("run", "epoch", *HISTORY)
    expected = pd.DataFrame(
        {
            "run": [0, 0, 0, 1, 1, 2, 2, 3],
            "epoch": [1, 2, 3, 1, 2, 1, 2, 1],
            "train_rate_nats": [0.0, 0.1, 0.2, 1.0, 1.1, 2.0, 2.1, 3.0],
            "seconds": [6.0, 6.1, 6.2, 7.0, 7.1, 8.0, 8.1, 9.0],
        }
    )
    assert_frame_equal(history[list(expected)], expected)


def test_dims(folder: Folder) -> None:
    expected = pd.DataFrame(
        {
            "run": [0, 1, 1, 2],
            "dim": [0, 0, 1, 0],
            "kl_nats": [0.0, 1.0, 2.0, 2.0],
            "mean_variance": [0.02, 0.5, 0.01, 0.5],
            "active": [True, True, False, True],
        }
    )
    assert_frame_equal(open_sweep(folder.path).dims, expected)


def test_trials(folder: Folder) -> None:
    expected = pd.DataFrame(
        {
            "trial": [0, 1],
            "state": ["COMPLETE", "FAIL"],
            "latent_dim": [2, 1],
            "beta": [0.5, 0.5],
            "hidden_dim": [64, 64],
            "value": [-3.0, np.nan],
            "seconds": [5.0, 5.0],
            "error": ["", "run 3: NaN"],
        }
    )
    assert_frame_equal(open_sweep(folder.path).trials.drop(columns=BETA_NORMALISED), expected)


def test_spec_provenance_and_objectives(folder: Folder) -> None:
    sweep = open_sweep(folder.path)
    assert (sweep.name, sweep.path) == ("hand", folder.path)
    assert sweep.spec["data"] == "digits"
    assert sweep.provenance == PROVENANCE
    assert [o.column for o in sweep.objectives] == ["validation_elbo_nats"]


def test_a_sweep_opens_by_name(folder: Folder) -> None:
    assert open_sweep("hand", out=folder.path.parent).path == folder.path


def test_no_such_sweep(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no sweep 'nowhere'"):
        open_sweep("nowhere", out=tmp_path)


def test_a_sweep_without_runs_has_empty_frames_of_the_same_kinds(folder: Folder, tmp_path: Path) -> None:
    empty = Folder(tmp_path / "empty")
    empty.write_spec(SPEC)
    full, sweep = open_sweep(folder.path), open_sweep(empty.path)
    for name in ("runs", "history", "dims"):
        frame = getattr(sweep, name)
        assert frame.empty
        assert frame.dtypes.tolist() == getattr(full, name).dtypes.tolist()
    with pytest.raises(ResultsError, match="has no trials yet"):
        _ = sweep.trials


def test_frames_of_many_stacks_are_whole_in_order_and_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sweep(tmp_path / "big", trials=64, seeds=3, epochs=10)
    read: list[Path] = []

    def read_stack(self: Folder, path: Path) -> pa.Table:
        read.append(path)
        return one_stack(self, path)

    one_stack = Folder.read_stack
    monkeypatch.setattr(Folder, "read_stack", read_stack)
    sweep = open_sweep(folder.path)
    sizes = [len(frame) for frame in (sweep.trials, sweep.runs, sweep.history, sweep.dims)]
    assert read == folder.stack_paths()
    assert sizes[:3] == [64, 192, 1920]
    assert sizes[3] == sweep.runs["latent_dim"].sum()
    for frame, keys in ((sweep.history, ["run", "epoch"]), (sweep.dims, ["run", "dim"])):
        assert frame[keys].equals(frame[keys].sort_values(keys, ignore_index=True))


def test_analysis_is_light_until_it_is_used() -> None:
    code = "import json, sys, analysis; print(json.dumps([*{'pandas', 'torch', 'seaborn'} & {*sys.modules}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.fixture
def images(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Point the sweep at forty small grey images."""
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "small.npz", images=images)
    folder.write_spec(folder.read_spec() | {"data": str(tmp_path / "small.npz"), "limit": 30, "binarize": "threshold"})
    return images


def test_model_is_the_plain_module_with_the_weights_of_the_run(folder: Folder) -> None:
    for run in range(4):
        module = open_sweep(folder.path).model(run)
        assert not module.training
        assert all(torch.equal(t, folder.read_weights(run)[name]) for name, t in module.state_dict().items())
    assert open_sweep(folder.path).model(2).model == "ae"


def test_an_unknown_run_cannot_be_looked_into(folder: Folder) -> None:
    with pytest.raises(ResultsError, match="has no run 999"):
        open_sweep(folder.path).run(999)


def test_an_unknown_run_has_no_model(folder: Folder) -> None:
    with pytest.raises(ResultsError, match="has no run 9"):
        open_sweep(folder.path).model(9)


def test_codes_are_the_posterior_means_in_any_batch(
    folder: Folder, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = open_sweep(folder.path)
    pixels = torch.from_numpy(sweep.images("train").reshape(-1, PIXELS))
    expected = VAE.encode(sweep.model(1), pixels)[0].detach()  # type: ignore[arg-type]
    codes = sweep.codes(1, "train")
    assert codes.dtype == np.float32
    assert codes.shape == (24, 2)
    np.testing.assert_allclose(codes, expected, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr("analysis.frames.run.BATCH", 5)
    np.testing.assert_allclose(sweep.codes(1, "train"), expected, rtol=1e-5, atol=1e-6)
    assert sweep.codes(2).shape == (3, 1)


def test_images_are_as_the_runs_saw_them(folder: Folder, images: np.ndarray) -> None:
    test = open_sweep(folder.path).images()
    assert test.dtype == np.float32
    assert test.shape == (3, 4, 4)
    binary = images > 127.5
    assert all(any(np.array_equal(image, whole) for whole in binary) for image in test)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_exported_files_hold_the_frames_of_their_names(tmp_path: Path, kind: str) -> None:
    sweep = open_sweep(write_sweep(tmp_path / "s", trials=3, seeds=2, epochs=4).path)
    paths = export_frames(sweep, kind, tmp_path / "frames")
    assert [path.name for path in paths] == [f"{name}.{kind}" for name in ("trials", "runs", "history", "dims")]
    for path in paths:
        written = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
        own = getattr(sweep, path.stem)
        if "error" in written:
            written["error"] = written["error"].astype(object).fillna("")
        assert_frame_equal(written, own, check_dtype=False)


@pytest.mark.parametrize(("objective", "best"), [("elbo", -30.0), ("rate_nats:min", 5.0)])
def test_the_list_shows_the_best_complete_trial(tmp_path: Path, objective: str, best: float) -> None:
    folder = write_sweep(tmp_path / "s", trials=5, seeds=1, epochs=2, objective=objective)
    trials = folder.read_trials()
    worse, better = (best - 10, best + 10) if objective == "elbo" else (best + 10, best - 10)
    new = {"value": [worse, best, worse, better, better], "state": 3 * ["COMPLETE"] + ["PRUNED", "FAIL"]}
    for name, values in new.items():
        trials = trials.set_column(trials.column_names.index(name), name, pa.array(values))
    folder.write_trials(trials)
    (row,) = list_sweeps(tmp_path)
    assert (row["best"], row["complete"], row["failed"]) == (best, 3, 1)
