"""The health of a run in one row and a frame of its dimensions, and of a sweep's runs, cached in `analysis/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Float32
from analysis.frames.cache import NETWORKS, Cache
from analysis.health.likelihood import SAMPLES, Bounds, decoder_use_nats, importance_bounds
from analysis.health.mixture import RateSplit, rate_split
from analysis.health.posterior import aggregate_moments
from analysis.statistics.gaussians import frechet_distance, kl_nats
from analysis.statistics.selection import finished, parameters_of
from vae.columns import ACTIVE_VARIANCE
from vae.config import at_least

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.frames.run import Run
    from analysis.frames.sweep import Sweep

MOST_IMAGES = 10_000
"""Test images that the posterior is measured on, evenly taken: each is a component of the aggregate posterior."""
MOST_PIXELS = MOST_IMAGES * 784
"""Pixels of the images whose codes are decoded: as many as Fashion-MNIST's test images have."""
LOW_QUANTILE = 0.05


class RunHealth(NamedTuple):
    """A run's health: `totals`, one number each, and `dims`, one row a latent dimension."""

    totals: dict[str, Any]
    dims: pd.DataFrame


def run_health(run: Run, importance_samples: int = 100, images: Float32 | None = None, seed: int = 0) -> RunHealth:
    """Measure a VAE run on images (image, height, width[, channel]), those of the test split if none are given.

    `seed` is that of the posterior samples. `is_likelihood` says whether the bounds are on log p(x): a Bernoulli's
    are only where every pixel is 0 or 1. Nats are per image. Raises ResultsError where the weights were not kept.
    """
    at_least(1, importance_samples=importance_samples)
    if images is None:
        images = run.sweep.images("test", run.sweep.thinned("test", MOST_IMAGES))
    images = _spread(images, MOST_IMAGES)
    means, log_variances = run.encode(images)
    noise = np.random.default_rng(seed).standard_normal(means.shape, dtype=np.float32)
    moments = aggregate_moments(means, log_variances)
    decoded = max(1, MOST_PIXELS // images[0].size)
    x, mu, log_variance, eps = (_spread(array, decoded) for array in (images, means, log_variances, noise))
    bounds = importance_bounds(run.model, x, mu, log_variance, importance_samples, seed)
    dims = {
        "kl_nats": kl_nats(means, log_variances).mean(axis=0),
        "decoder_use_nats": decoder_use_nats(run.model, x, mu, log_variance, eps, seed),
        "mean": moments.mean,
        "variance": np.diag(moments.covariance),
        "mean_variance": means.var(axis=0, dtype=np.float64),
    }
    totals = {
        "images": len(images),
        "rate_nats": float(dims["kl_nats"].sum()),
        **_split_totals(rate_split(means, log_variances, noise)),
        **_bound_totals(bounds, importance_samples),
        "is_likelihood": _is_likelihood(run, images),
        "frechet_distance": frechet_distance(*moments),
        "active_units": int((dims["mean_variance"] > ACTIVE_VARIANCE).sum()),
    }
    return RunHealth(totals, pd.DataFrame({"dim": np.arange(means.shape[1])} | dims))


def sweep_health(sweep: Sweep, runs: Sequence[int] | None = None, importance_samples: int = 100) -> pd.DataFrame:
    """Return one row a finished VAE run (or of those named): parameters and `run_health`'s totals; cached.

    Raises ResultsError where weights were not kept.
    """
    return _measured(sweep, runs, importance_samples)[0]


def health_dims(sweep: Sweep, runs: Sequence[int] | None = None, importance_samples: int = 100) -> pd.DataFrame:
    """Return one row a run and latent dimension (from 0): KL and decoder use in nats, the aggregate's moments; cached.

    Raises ResultsError where weights were not kept.
    """
    return _measured(sweep, runs, importance_samples)[1]


def _measured(sweep: Sweep, runs: Sequence[int] | None, samples: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames of the runs; those that the cache lacks, or has with fewer samples, are measured and added."""
    known = finished(sweep.runs)
    wanted = known["run"].tolist() if runs is None else [run for run in runs if run in set(known["run"])]
    caches = [health_cache(sweep, name) for name in ("health.csv", "health_dims.csv")]
    frames = [cache.read() for cache in caches]
    there = frames[0].query("importance_samples >= @samples")["run"] if len(frames[0]) else pd.Series(dtype="int64")
    missing = [run for run in wanted if run not in set(there) & set(frames[1]["run"])]
    if missing:
        new = [_rows(sweep, run, samples) for run in missing]
        for k, cache in enumerate(caches):
            rest = frames[k][~frames[k]["run"].isin(missing)]
            joined = pd.concat([part for part in (rest, *(rows[k] for rows in new)) if len(part)])
            frames[k] = joined.sort_values([c for c in ("run", "dim") if c in joined]).reset_index(drop=True)
            cache.write(frames[k])
    totals, dims = (f[f["run"].isin(wanted)].reset_index(drop=True) if len(f) else f for f in frames)
    return totals, dims


def _rows(sweep: Sweep, run: int, samples: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    measured = run_health(sweep.run(run), samples)
    row = sweep.runs.loc[sweep.runs["run"] == run, ["run", "trial", "seed", *parameters_of(sweep.runs)]].reset_index(
        drop=True
    )
    return row.assign(**measured.totals), measured.dims.assign(run=run)[["run", *measured.dims]]


def health_cache(sweep: Sweep, name: str) -> Cache:
    """Return one of the tables of kept health of a sweep's runs, health.csv or health_dims.csv."""
    return Cache(
        path=sweep.folder.analysis / name,
        code=("analysis.health", "analysis.statistics.gaussians", *NETWORKS),
        texts=("model", "state"),
    )


def _split_totals(split: RateSplit) -> dict[str, Any]:
    errors = {name.replace("_nats", "_standard_error_nats"): value for name, value in split.standard_errors.items()}
    return split.nats | errors | {"log_images_nats": split.log_images_nats, "is_capped": split.is_capped}


def _bound_totals(bounds: Bounds, samples: int) -> dict[str, Any]:
    best = bounds.nats[samples]
    size = bounds.effective_sample_size
    means = {f"importance_weighted_elbo_{count}_nats": float(nats.mean()) for count, nats in bounds.nats.items()}
    return means | {
        "importance_samples": samples,
        "importance_weighted_elbo_standard_error_nats": float(best.std() / np.sqrt(len(best))),
        "effective_sample_size_median": float(np.median(size)),
        "effective_sample_size_low": float(np.quantile(size, LOW_QUANTILE)),
        "decoded_images": len(best),
    }


def _is_likelihood(run: Run, images: Float32) -> bool:
    return bool(run.model.likelihood != "bernoulli" or np.isin(images, (0.0, 1.0)).all())


def _spread(rows: Float32, most: int) -> Float32:
    """At most so many rows, evenly taken."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def bound_columns(health: pd.DataFrame) -> dict[int, str]:
    """Return the numbers of samples K that a health frame has bounds for, and their columns, in rising order."""
    counts = {*SAMPLES, *health["importance_samples"].astype(int)}
    columns = {count: f"importance_weighted_elbo_{count}_nats" for count in sorted(counts)}
    return {count: column for count, column in columns.items() if column in health}
