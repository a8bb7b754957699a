"""From a source to a folder of prepared images: limit, block-average, split, binarise, write once."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data import index, store
from vae.data.dataset import Data, open_data
from vae.data.paths import CACHE_VARIABLE, default_cache, sources_folder
from vae.data.raw import RawData, named, not_enough
from vae.data.scaling import constant_columns, fit_scaling, scaled
from vae.data.sets.download import fetch
from vae.data.sources import files_of, read_source, source_name
from vae.data.transforms import draw_splits, resize, resize_note, resized, sample_held_out, subsample, threshold
from vae.data_config import DataConfig
from vae.errors import ConfigError, DataError

DATA_SEED = 1998  # never the sweep's seed: every sweep over the same images has the same splits


def load_data(config: DataConfig | str, cache: Path | None = None) -> Data:
    """Prepare images, unless the cache holds them already, and open them; raises DataError or ConfigError."""
    config = DataConfig(source=config) if isinstance(config, str) else config
    return load_prepared(config, cache)[1]


def load_prepared(config: DataConfig, cache: Path | None = None) -> tuple[Path, Data]:
    """Prepare images as `prepare` does; return their folder and, opened, what is in it."""
    folder, notes = _prepare(config, cache)
    return folder, dataclasses.replace(open_data(folder, source_name(config.source)), notes=notes)


def prepare(config: DataConfig, cache: Path | None = None) -> Path:
    """Write prepared images to CACHE/content_hash, whole or not at all, and give that folder.

    The cache is by default $VAEKIT_CACHE/data, or the user's cache folder. Where the same was prepared before, from
    files of the same size and times, nothing is read. Raises DataError or ConfigError.
    """
    return _prepare(config, cache).folder


def _prepare(config: DataConfig, cache: Path | None) -> index.Known:
    cache = cache or default_cache()
    sources = sources_folder(cache)
    key = index.key_of(config, source_name(config.source), files_of(config, sources))
    if known := index.look_up(cache, key):
        return known
    raw = read_source(config, sources)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        done = _written(config, raw, cache)
        index.remember(cache, key, done)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"cannot write the data cache '{cache}' ({reason}): set {CACHE_VARIABLE} to another folder"
        ) from error
    return done


def fetch_data(name: str) -> Path:
    """Find or fetch public images and return their folder; raises ConfigError or DataError if there are none."""
    return fetch(name, sources_folder(default_cache()))


def _written(config: DataConfig, raw: RawData, cache: Path) -> index.Known:
    """Prepare beside the folder and move there in one step, so that nobody opens a half-written one."""
    with tempfile.TemporaryDirectory(dir=cache, prefix="writing-") as scratch:
        half = Path(scratch) / "half"
        half.mkdir()
        data = _prepared(config, raw, half)
        folder = cache / data.content_hash
        if not store.is_whole(folder):
            store.write(data, half, folder)
    return index.Known(folder, data.notes)


def _prepared(config: DataConfig, raw: RawData, half: Path) -> Data:
    subsample_rng, split_rng, binarize_rng = np.random.default_rng(DATA_SEED).spawn(3)
    if config.limit is not None:
        raw = subsample(raw, config.limit, subsample_rng)
    if raw.is_table and (config.size is not None or config.binarize != "none"):
        raise ConfigError("size and binarize are for images, got a table")
    made, scale, notes = raw.images, raw.scale, raw.notes
    if config.size is not None and made.shape[1:3] != (config.size, config.size):
        notes += tuple(filter(None, [resize_note(made.shape, config.size)]))
        made = resize(made, scale, config.size) if isinstance(made, np.ndarray) else resized(made, scale, config.size)
        scale = 1.0
    images = made if isinstance(made, np.ndarray) else store.write_images(made, half)
    train, validation, test = draw_splits(len(images), raw.first_test, split_rng)
    raw, images, left_out = _without_constants(raw, images, train)
    if config.binarize == "threshold":
        images, scale = threshold(images, scale), 1.0
    elif config.binarize == "sample":
        images = sample_held_out(images, scale, np.union1d(validation, test), binarize_rng)
    scaling = None
    if scale_of := config.scale or ("standard" if raw.is_table else None):
        scaling = fit_scaling(scale_of, images, scale, train)
        images, scale = scaled(images, scale, scaling), 1.0
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
        factor_levels=raw.factor_levels,
        feature_names=raw.feature_names,
        notes=(*notes, *left_out),
        offset=None if scaling is None else scaling.offset,
        unit=None if scaling is None else scaling.unit,
    )
    _check_finite(data)
    return dataclasses.replace(data, content_hash=store.content_hash(data))


def _without_constants(
    raw: RawData, images: npt.NDArray[Any], train: npt.NDArray[np.int64]
) -> tuple[RawData, npt.NDArray[Any], tuple[str, ...]]:
    """Leave out a table's columns that do not vary in training, and say so: nothing is to be learned of them."""
    constant = constant_columns(images, train) if raw.is_table else np.empty(0, dtype=np.int64)
    if not len(constant):
        return raw, images, ()
    names = tuple(name for place, name in enumerate(raw.feature_names) if place not in set(constant.tolist()))
    left_out = named(raw.feature_names[place] for place in constant)
    if too_few := not_enough(names):
        raise DataError(f"{too_few}: constant in training are {left_out}")
    note = f"columns that are constant in training are left out: {left_out}"
    return dataclasses.replace(raw, feature_names=names), np.delete(images, constant, axis=1), (note,)


def _check_finite(data: Data) -> None:
    if not np.isfinite([data.low, data.high]).all():
        raise DataError(f"scaled values must be finite, got {data.low:g} to {data.high:g} in '{data.name}'")
