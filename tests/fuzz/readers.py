"""Every reader of what a user may have got from elsewhere, with a valid file for it."""

import gzip
import json
import struct
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from PIL import Image

from tests import published
from tests.fuzz import formats
from tests.fuzz.drive import Reader
from tests.fuzz.mutations import mutate_bytes, mutate_json
from tests.synthetic import PROVENANCE, SPEC, record, trials_table
from vae.columns import DIMS, HISTORY
from vae.config import RunConfig
from vae.files.results import Folder
from vae.files.rounds import Round
from vae.trained import TrainedRun

RNG_SEED = 0
DATA_HASH = "d" * 64
OWN = "tests.own_networks:noisy"
TRIALS, SEEDS, PIXELS, EPOCHS = 4, 2, 16, 3
WHOLE_SPEC: dict[str, Any] = {**SPEC, "trials": TRIALS, "seeds": SEEDS, "epochs": EPOCHS, "hidden_dim": "8"}
WHOLE_SPEC |= {
    "latent_dim": "2:5",
    "stop_after": 3,
    "scores": "none",
    "keep_weights": "all",
    "report": True,
    "jobs": "1",
}


def _images(folder: Path) -> Path:
    rng = np.random.default_rng(RNG_SEED)
    path = folder / "mine.npz"
    images = rng.integers(0, 256, (12, 8, 8), np.uint8)
    np.savez_compressed(path, images=images, factors=rng.integers(0, 3, (12, 2)))
    return path


def _npy(folder: Path) -> Path:
    path = folder / "mine.npy"
    np.save(path, np.random.default_rng(RNG_SEED).integers(0, 256, (12, 3, 8, 8), np.uint8))
    return path


def _hdf5(folder: Path) -> Path:
    rng = np.random.default_rng(RNG_SEED)
    with h5py.File(folder / "mine.h5", "w") as file:
        images = rng.integers(0, 256, (12, 8, 8), np.uint8)
        file.create_dataset("group/x", data=images, chunks=(5, 8, 8), compression="gzip")
        file.create_dataset("labels", data=rng.normal(size=(12, 2)))
    return folder / "mine.h5"


def _codes(folder: Path) -> Path:
    rng = np.random.default_rng(RNG_SEED)
    path = folder / "codes.npz"
    np.savez(path, codes=rng.normal(size=(12, 3)), factors=rng.integers(0, 3, (12, 2)))
    return path


def _table(kind: str) -> Any:
    """A table with features, a text and a continuous factor."""

    def make(folder: Path) -> Path:
        rng = np.random.default_rng(RNG_SEED)
        columns: dict[str, Any] = {"x": rng.normal(size=24), "y": rng.integers(0, 9, 24), "z": rng.normal(size=24)}
        frame = pd.DataFrame(columns | {"kind": ["a", "b"] * 12, "size": rng.normal(size=24)})
        path = folder / f"mine.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
        return path

    return make


def _table_config(path: Path) -> Any:
    from vae.data import DataConfig

    return DataConfig(source=str(path), factors=("kind", "size"))


def _read_table(path: Path) -> object:
    from vae.data import describe, open_data, prepare

    prepared = prepare(_table_config(path), path.parent / "cache")
    return describe(open_data(prepared))


def _prepared_table(name: str) -> Any:
    def make(folder: Path) -> Path:
        from vae.data import prepare

        (folder / "source").mkdir()
        return prepare(_table_config(_table("csv")(folder / "source")), folder / "cache") / name

    return make


def _codes_of_texts(folder: Path) -> Path:
    rng = np.random.default_rng(RNG_SEED)
    path = folder / "codes.npz"
    factors = np.column_stack([rng.random(12).astype(np.str_), np.array(["a", "b", "c"] * 4)])
    np.savez(path, codes=rng.normal(size=(12, 3)), factors=factors)
    return path


def _make_sample(path: Path) -> object:
    from analysis.metrics import ScoreWarning
    from analysis.metrics.inputs import make_sample
    from analysis.scores.after_sweep import _read_codes as read

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        return make_sample(*read(path))


def _idx(folder: Path) -> Path:
    rng = np.random.default_rng(RNG_SEED)
    header = struct.pack(">HBBIII", 0, 8, 3, 12, 8, 8)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(header + rng.bytes(12 * 64)))
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 12) + bytes(range(12)))
    return path


def _idx_labels(folder: Path) -> Path:
    _idx(folder)
    return folder / "train-labels-idx1-ubyte"


def _picture(suffix: str, mode: str = "RGB") -> Any:
    def make(folder: Path) -> Path:
        pixels = np.random.default_rng(RNG_SEED).integers(0, 256, (9, 12, 3), np.uint8)
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(pixels).convert(mode).save(folder / f"a.{suffix}", exif=exif)
        return folder / f"a.{suffix}"

    return make


def _prepared(name: str) -> Any:
    def make(folder: Path) -> Path:
        from vae.data import DataConfig, prepare

        (folder / "source").mkdir()
        prepared = prepare(DataConfig(source=str(_images(folder / "source"))), folder / "cache")
        return prepared / name

    return make


def _index_entry(folder: Path) -> Path:
    entry = folder / "index" / f"{'k' * 64}.json"
    entry.parent.mkdir()
    entry.write_text(json.dumps({"content_hash": DATA_HASH, "notes": ["white is taken to be 255"]}))
    return entry


def _toml(folder: Path) -> Path:
    path = folder / "spec.toml"
    Folder(folder).write_spec(WHOLE_SPEC)
    return Folder(folder).spec.rename(path)


def write_small_sweep(folder: Path) -> Folder:
    """Write a whole small sweep without training: tables, weights, journal."""
    from analysis.frames.sweep import Sweep
    from analysis.scores.after_sweep import COLUMNS, scores_cache
    from sweeps.spec.make import make_spec
    from sweeps.study.ask import explore
    from sweeps.study.storage import open_study

    sweep, rng = Folder(folder), np.random.default_rng(RNG_SEED)
    spec = make_spec(WHOLE_SPEC)
    sweep.write_spec(spec.as_dict())
    data = {"hash": DATA_HASH, "name": "digits", "image_shape": [4, 4], "train": 8, "validation": 1, "test": 1}
    session = {"started": "2026-01-01T00:00:00+00:00", "command": PROVENANCE["command"], "versions": {"torch": "2"}}
    sweep.write_provenance({"data": data, "sessions": [session]})
    points = explore(spec, [], TRIALS)
    records = [
        _with_weights(record(t * SEEDS + k, t, k, point, EPOCHS, 20.0, rng, None), rng, spec.run_config(**point))
        for t, point in enumerate(points)
        for k in range(SEEDS)
    ]
    for start in (0, 4):
        sweep.write_stack(records[start : start + 4])
    table = trials_table(points, records, WHOLE_SPEC, {})
    sweep.write_trials(table)
    with open_study(spec, sweep) as study:
        study.add(spec, points, TRIALS)
        for trial, value in enumerate(table["value"].to_pylist()):
            study.tell(trial, "COMPLETE", [value])
    (sweep.analysis).mkdir()
    rows = [(0, "mig", "forest", 0.5, 0.0, 0.1, 20, 1.0, 10), (1, "mig", "forest", 0.25, 0.0, 0.1, 20, None, 10)]
    scores_cache(Sweep(sweep)).write(pd.DataFrame(rows, columns=list(COLUMNS)))
    return sweep


def _with_weights(r: Any, rng: np.random.Generator, config: Any) -> Any:
    from dataclasses import replace

    from vae.networks import network_of

    shapes = network_of(config, (PIXELS,)).shapes
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return replace(r, weights=weights)


def _own(name: str) -> Any:
    """A sweep over a network of the user's own, whose weights have free names and count in a buffer."""

    def make(folder: Path) -> Path:
        from vae.files.weights import weights_bytes
        from vae.own.model import new_model
        from vae.own.source import find_source

        path: Path = _of_sweep(name)(folder)
        sweep = Folder(path.parent if path.name == "provenance.json" else path.parents[1])
        sweep.write_spec(WHOLE_SPEC | {"network": OWN})
        sweep.write_provenance(sweep.read_provenance() | {"networks": {OWN: find_source(OWN).hash}})
        for stack in sweep.stack_paths():
            states = {
                row["run"]: new_model(RunConfig(network=OWN, latent_dim=row["latent_dim"], hidden_dim=8), (4, 4))
                for row in sweep.read_stack(stack).to_pylist()
            }
            tensors = {f"{run}.{n}": t.numpy() for run, model in states.items() for n, t in model.state_dict().items()}
            stack.with_suffix(".safetensors").write_bytes(weights_bytes(tensors))
        return path

    return make


def _read_own_model(path: Path) -> object:
    from analysis.frames.sweep import open_sweep

    sweep = open_sweep(path.parent if path.name == "provenance.json" else path.parents[1], network=OWN)
    return [sweep.model(run) for run in sweep.runs["run"]]


def _of_sweep(name: str) -> Any:
    def make(folder: Path) -> Path:
        return write_small_sweep(folder).path / name

    return make


def _read_idx(path: Path) -> object:
    from vae.data.idx import read_idx_folder

    return read_idx_folder(path.parent)


def _read_npz(path: Path) -> object:
    from vae.data import DataConfig
    from vae.data.npz import read_npz

    return read_npz(path, DataConfig())


def _read_npy(path: Path) -> object:
    from vae.data import DataConfig
    from vae.data.npz import read_npy

    return read_npy(path, DataConfig())


def _read_hdf5(path: Path) -> object:
    from vae.data import DataConfig
    from vae.data.hdf5 import read_hdf5

    raw = read_hdf5(path, DataConfig())
    return raw.images if isinstance(raw.images, np.ndarray) else list(raw.images.blocks())


def _read_picture(path: Path) -> object:
    from vae.data.images.kind import kind_of
    from vae.data.images.picture import look, no_warnings, read_picture

    with no_warnings():
        return read_picture(path, kind_of(Counter(look(path)), is_declared=False))


def _in_blocks(path: Path) -> object:
    from vae.data.sets import arrays

    return np.asarray(arrays._in_npz(path, "images")[:5])


def _whole(read: Any) -> Any:
    """Read the folder of a public data set and make all its images."""

    def read_all(path: Path) -> object:
        return np.asarray(read(path.parent).images)

    return read_all


def _read_smallnorb(folder: Path) -> Any:
    from vae.data.sets.norb import read_smallnorb

    return read_smallnorb(folder)


def _read_cars3d(folder: Path) -> Any:
    from vae.data.sets.matlab import read_cars3d

    return read_cars3d(folder)


def _read_svhn(folder: Path) -> Any:
    from vae.data.sets.matlab import read_svhn

    return read_svhn(folder)


def _read_cifar10(folder: Path) -> Any:
    from vae.data.sets.cifar10 import read_cifar10

    return read_cifar10(folder)


def _batch(folder: Path) -> Path:
    for number, name in enumerate(("test_batch", *(f"data_batch_{k}" for k in range(5, 0, -1)))):
        (folder / name).write_bytes(published.batch(number))
    return folder / "data_batch_1"


def _read_codes(path: Path) -> object:
    from analysis.scores.after_sweep import _read_codes as read

    return read(path)


def _open_data(path: Path) -> object:
    from vae.data import describe, open_data

    return describe(open_data(path.parent))


def _look_up(path: Path) -> object:
    from vae.data.index import look_up

    return look_up(path.parent.parent, path.stem)


def _preset(folder: Path) -> Path:
    path = _toml(folder).rename(folder / "mine.toml")
    path.write_text(path.read_text() + '\n[about]\nwhat = "mine"\nsource = "me"\n')
    return path


def _read_preset(path: Path) -> object:
    from sweeps.presets.presets import find_preset, with_preset
    from sweeps.spec.make import make_spec

    return make_spec(with_preset({"preset": str(path)})).identity, find_preset(str(path)).about


def _read_spec(path: Path) -> object:
    from sweeps.spec.make import make_spec, read_spec

    return make_spec(read_spec(path)).identity


def _sweep(path: Path) -> Any:
    from analysis.frames.sweep import open_sweep

    return open_sweep(path)


def _show(path: Path) -> object:
    from analysis.presentation.view import View
    from analysis.provenance.record import provenance
    from analysis.references.section import bibtex
    from analysis.summary.listing import list_sweeps
    from analysis.summary.summary import summary

    list_sweeps(path.parent.parent)
    sweep = _sweep(path.parent)
    return summary(View(sweep)), provenance(sweep), bibtex(View(sweep))


def _read_runs(path: Path) -> object:
    sweep = _sweep(path.parent.parent)
    sweep.folder.read_measured()
    return sweep.runs, sweep.history, sweep.dims, sweep.scores


def _read_model(path: Path) -> object:
    sweep = _sweep(path.parent.parent)
    return [sweep.model(run) for run in sweep.runs["run"]], sweep.folder.keep_weights(set(range(8)))


def _running(folder: Path) -> Path:
    from dataclasses import replace

    sweep = write_small_sweep(folder)
    point = {"latent_dim": 2, "beta": 1.0, "hidden_dim": 8}
    rng = np.random.default_rng(RNG_SEED)
    records = [record(TRIALS * SEEDS + k, TRIALS, k, point, EPOCHS, 20.0, rng, None) for k in range(2)]
    dims = dict.fromkeys(DIMS, np.empty(0))
    sweep.write_running([replace(r, state="RUNNING", dims=dims, scores={}) for r in records])
    return sweep.running


def _read_running(path: Path) -> object:
    from analysis.summary.running import running, state

    sweep = _sweep(path.parent)
    return sweep.history, running(sweep), state(sweep)


def _checkpoint(folder: Path) -> Path:
    from vae.files.checkpoints import checkpoint_bytes

    rng = np.random.default_rng(RNG_SEED)
    path = folder / "checkpoints" / "00000000-1.safetensors"
    path.parent.mkdir()
    history = {name: rng.normal(size=EPOCHS) for name in HISTORY}
    path.write_bytes(
        checkpoint_bytes({k: TrainedRun(history, {}, {}, {}, {}, 1.0, rng.bytes(64), k) for k in range(3)})
    )
    return path


def _read_checkpoint(path: Path) -> object:
    from sweeps.coordination.checkpoints import Checkpoints
    from vae.files.checkpoints import read_checkpoint

    content = path.read_bytes()
    checkpoints = Checkpoints(Folder(path.parent.parent))
    checkpoints.read(range(3))  # which removes what is damaged
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return read_checkpoint(path), checkpoints.decided_until(range(3))


def _read_journal(path: Path) -> object:
    from sweeps.coordination.ledger import Ledger
    from sweeps.spec.make import make_spec
    from sweeps.study.ask import explore
    from sweeps.study.storage import asked_until, open_study, point_of

    spec = make_spec(Folder(path.parent).read_spec())
    with open_study(spec, Folder(path.parent)) as study:
        trials = study.trials()
    ledger = Ledger(spec, [])
    ledger.add(point_of(trial) for trial in trials)
    return explore(spec, [], asked_until(trials)), ledger.missing_runs(range(len(ledger))), ledger.table((), ())


def _refined(folder: Path) -> Path:
    sweep = write_small_sweep(folder)
    sweep.write_rounds([Round(TRIALS, SEEDS + 2, (1, 3)), Round(TRIALS, SEEDS + 3, (3,))])
    return sweep.refinement


def _read_rounds(path: Path) -> object:
    from sweeps.coordination.ledger import Ledger
    from sweeps.spec.make import make_spec
    from sweeps.study.ask import explore

    sweep = Folder(path.parent)
    spec = make_spec(sweep.read_spec())
    ledger = Ledger(spec, sweep.read_measured(), sweep.read_rounds())
    ledger.add(explore(spec, [], TRIALS))
    return ledger.missing_more(), ledger.failed_more(), ledger.table(range(TRIALS), ())


def _read_scores(path: Path) -> object:
    from analysis.scores.after_sweep import score_sweep

    return score_sweep(_sweep(path.parent.parent), "mig", runs=[0])


READERS = (
    Reader("npz", _images, _read_npz, formats.mutate_npz),
    Reader("codes", _codes, _read_codes, formats.mutate_npz),
    Reader("codes of texts", _codes_of_texts, _make_sample, formats.mutate_npz),
    Reader("csv table", _table("csv"), _read_table, formats.mutate_csv),
    Reader("parquet table", _table("parquet"), _read_table, formats.mutate_parquet),
    Reader("idx images", _idx, _read_idx, formats.mutate_idx),
    Reader("idx labels", _idx_labels, _read_idx, formats.mutate_idx),
    Reader("npy", _npy, _read_npy, formats.mutate_npy),
    Reader("hdf5", _hdf5, _read_hdf5, mutate_bytes),
    Reader("png", _picture("png"), _read_picture, formats.mutate_png),
    Reader("png palette", _picture("png", "P"), _read_picture, formats.mutate_png),
    Reader("jpeg", _picture("jpg"), _read_picture, mutate_bytes),
    Reader("tiff", _picture("tif"), _read_picture, mutate_bytes),
    Reader("webp", _picture("webp"), _read_picture, mutate_bytes),
    Reader("gif", _picture("gif"), _read_picture, mutate_bytes),
    Reader("bmp", _picture("bmp"), _read_picture, mutate_bytes),
    Reader("ppm", _picture("ppm"), _read_picture, mutate_bytes),
    Reader("npz in blocks", _images, _in_blocks, formats.mutate_npz),
    Reader("smallnorb", published.write_smallnorb, _whole(_read_smallnorb), formats.mutate_norb),
    Reader("cars3d", published.write_cars3d, _whole(_read_cars3d), formats.mutate_tar),
    Reader("cifar10", published.write_cifar10, _whole(_read_cifar10), formats.mutate_tar),
    Reader("cifar10 batch", _batch, _whole(_read_cifar10), mutate_bytes),
    Reader("svhn", published.write_svhn, _whole(_read_svhn), formats.mutate_mat),
    Reader("prepared json", _prepared("data.json"), _open_data, mutate_json),
    Reader("prepared images", _prepared("images.npy"), _open_data, formats.mutate_npy),
    Reader("prepared factors", _prepared("factors.npy"), _open_data, formats.mutate_npy),
    Reader("prepared table", _prepared_table("data.json"), _open_data, mutate_json),
    Reader("prepared rows", _prepared_table("images.npy"), _open_data, formats.mutate_npy),
    Reader("prepared unit", _prepared_table("unit.npy"), _open_data, formats.mutate_npy),
    Reader("prepared offset", _prepared_table("offset.npy"), _open_data, formats.mutate_npy),
    Reader("prepared split", _prepared("train.npy"), _open_data, formats.mutate_npy),
    Reader("index", _index_entry, _look_up, mutate_json),
    Reader("spec", _toml, _read_spec, formats.mutate_toml),
    Reader("preset", _preset, _read_preset, formats.mutate_toml),
    Reader("sweep.toml", _of_sweep("sweep.toml"), _show, formats.mutate_toml),
    Reader("provenance", _of_sweep("provenance.json"), _show, mutate_json),
    Reader("trials", _of_sweep("trials.parquet"), _show, formats.mutate_parquet),
    Reader("stack", _of_sweep("stacks/00000000.parquet"), _read_runs, formats.mutate_parquet),
    Reader(
        "stack in a table",
        _of_sweep("stacks/00000000.parquet"),
        lambda path: _show(path.parent),
        formats.mutate_parquet,
    ),
    Reader("weights", _of_sweep("stacks/00000000.safetensors"), _read_model, formats.mutate_safetensors),
    Reader("own weights", _own("stacks/00000000.safetensors"), _read_own_model, formats.mutate_safetensors),
    Reader("own provenance", _own("provenance.json"), _read_own_model, mutate_json),
    Reader("running", _running, _read_running, formats.mutate_parquet),
    Reader("checkpoint", _checkpoint, _read_checkpoint, formats.mutate_checkpoint),
    Reader("journal", _of_sweep("study.journal"), _read_journal, formats.mutate_lines),
    Reader("refinement", _refined, _read_rounds, mutate_json),
    Reader("scores", _of_sweep("analysis/scores.csv"), _read_scores, formats.mutate_csv),
)
