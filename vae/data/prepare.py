"""From a source to a folder of prepared images: limit, block-average, split, binarise, write once."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from vae.data import index, store
from vae.data.dataset import Data, open_data
from vae.data.paths import CACHE_VARIABLE, default_cache, sources_folder
from vae.data.raw import RawData
from vae.data.sets.download import fetch
from vae.data.sources import files_of, read_source, source_name
from vae.data.transforms import block_average, draw_splits, sample_held_out, subsample, threshold
from vae.data_config import DataConfig
from vae.errors import DataError

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
        done = index.Known(_written(config, raw, cache), raw.notes)
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


def _written(config: DataConfig, raw: RawData, cache: Path) -> Path:
    """Prepare beside the folder and move there in one step, so that nobody opens a half-written one."""
    with tempfile.TemporaryDirectory(dir=cache, prefix="writing-") as scratch:
        half = Path(scratch) / "half"
        half.mkdir()
        data = _prepared(config, raw, half)
        folder = cache / data.content_hash
        if not store.is_whole(folder):
            store.write(data, half, folder)
    return folder


def _prepared(config: DataConfig, raw: RawData, half: Path) -> Data:
    subsample_rng, split_rng, binarize_rng = np.random.default_rng(DATA_SEED).spawn(3)
    if config.limit is not None:
        raw = subsample(raw, config.limit, subsample_rng)
    images = raw.images if isinstance(raw.images, np.ndarray) else store.write_images(raw.images, half)
    scale = raw.scale
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
        factor_levels=raw.factor_levels,
        feature_names=raw.feature_names,
    )
    return dataclasses.replace(data, content_hash=store.content_hash(data))
