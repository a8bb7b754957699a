"""From a source to a folder of prepared images: limit, block-average, split, binarise, write once."""

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import platformdirs

from vae.data.config import DataConfig
from vae.data.dataset import SPLITS, Data, open_data
from vae.data.download import fetch
from vae.data.raw import RawData
from vae.data.sources import Request, read_source, source_name
from vae.data.transforms import block_average, draw_splits, sample_held_out, subsample, threshold
from vae.errors import DataError

DATA_SEED = 1998  # never the sweep's seed: every sweep over the same images has the same splits


def load_data(config: DataConfig | str, cache: Path | None = None) -> Data:
    """Prepare images, unless the cache holds them already, and open them; raises DataError or ConfigError."""
    config = DataConfig(source=config) if isinstance(config, str) else config
    return open_data(prepare(config, cache), source_name(config.source))


def prepare(config: DataConfig, cache: Path | None = None) -> Path:
    """Write prepared images to CACHE/content_hash, whole or not at all, and give that folder.

    The cache is by default $VAEKIT_CACHE/data, or the user's cache folder. Raises DataError or ConfigError.
    """
    cache = cache or _default_cache()
    data = _prepared(config, read_source(config.source, Request(config.size, cache.parent / "sources")))
    folder = cache / data.content_hash
    try:
        if not folder.is_dir():
            _write(data, folder)
    except OSError as error:
        rule = f"the data cache must be a folder that can be written (VAEKIT_CACHE names another), got '{cache}'"
        raise DataError(f"{rule}: {error.strerror or error}") from error
    return folder


def fetch_data(name: str) -> Path:
    """Find or fetch public images and return their folder; raises ConfigError or DataError if there are none."""
    return fetch(name, _default_cache().parent / "sources")


def _default_cache() -> Path:
    named = os.environ.get("VAEKIT_CACHE")
    return (Path(named).expanduser() if named else platformdirs.user_cache_path("vaekit")) / "data"


def _prepared(config: DataConfig, raw: RawData) -> Data:
    subsample_rng, split_rng, binarize_rng = np.random.default_rng(DATA_SEED).spawn(3)
    if config.limit is not None:
        raw = subsample(raw, config.limit, subsample_rng)
    images, scale = np.asarray(raw.images), raw.scale
    if config.size is not None and images.shape[1:3] != (config.size, config.size):
        images, scale = block_average(images, scale, config.size), 1.0
    train, validation, test = draw_splits(len(images), raw.first_test, split_rng)
    if config.binarize == "threshold":
        images, scale = threshold(images, scale), 1.0
    elif config.binarize == "sample":
        images = sample_held_out(images, scale, np.union1d(validation, test), binarize_rng)
    data = Data(
        name=source_name(config.source),
        images=images,
        scale=scale,
        factors=raw.factors,
        factor_names=raw.factor_names,
        train=train,
        validation=validation,
        test=test,
        low=float(images.min()) * scale,
        high=float(images.max()) * scale,
        resample=config.binarize == "sample",
        content_hash="",
    )
    return dataclasses.replace(data, content_hash=_content_hash(data))


def _arrays(data: Data) -> dict[str, npt.NDArray[Any]]:
    arrays = {"images": data.images} | {name: data.split(name) for name in SPLITS}
    return arrays if data.factors is None else arrays | {"factors": data.factors}


def _content_hash(data: Data) -> str:
    """Hash everything that changes results; the name, where the images came from, does not."""
    arrays = _arrays(data)
    about = {
        "scale": data.scale,
        "factor_names": data.factor_names,
        "resample": data.resample,
        "arrays": {name: [array.shape, array.dtype.str] for name, array in arrays.items()},
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _write(data: Data, folder: Path) -> None:
    """Write beside the folder and move there in one step, so that nobody opens a half-written one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(data)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="writing-") as temporary:
        half = Path(temporary) / folder.name
        half.mkdir()
        for name, array in arrays.items():
            with _durable(half / f"{name}.npy") as file:
                np.save(file, array, allow_pickle=False)
        plain = [field.name for field in dataclasses.fields(data) if field.name not in (*arrays, "factors")]
        with _durable(half / "data.json") as file:
            file.write(json.dumps({name: getattr(data, name) for name in plain}, indent=2).encode() + b"\n")
        try:
            half.replace(folder)
        except OSError:
            if not folder.is_dir():  # else another process wrote the same images first
                raise


@contextmanager
def _durable(path: Path) -> Iterator[BinaryIO]:
    """Open a file whose content outlives a power cut: else the folder could be there and its files empty."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
