"""Reconstruction and movement of a table's features, a row a feature; values are in the table's own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.arrays import Float32, Float64

if TYPE_CHECKING:
    from analysis.frames.run import Run

ENDS = 0.9
"""The central share of a dimension's codes that a movement spans: from the 5 % to the 95 % quantile."""
MOVED = 50
"""Test samples, evenly spaced, over which a movement is averaged."""


def reconstruction(run: Run, samples: Float32, role: str) -> pd.DataFrame:
    """Return R2 and root mean square error of each feature, largest R2 first, of samples (sample, feature).

    R2 is 1 - sum (x - reconstruction)^2 / sum (x - mean)^2 with the mean of these samples, as `r2_score` of
    scikit-learn has it; NaN for a feature that does not vary among them. A reconstruction is E[x|z] at the posterior
    mean.
    """
    given, decoded = (run.sweep.given(values) for values in (samples, run.reconstruct(samples)))
    squares = np.square(given - decoded).mean(axis=0)
    table = pd.DataFrame(
        {
            "role": role,
            "run": run.number,
            "feature": run.sweep.feature_names,
            "r2": _share_explained(squares, given),
            "root_mean_square": np.sqrt(squares),
            "mean": given.mean(axis=0),
            "deviation": given.std(axis=0),
        }
    )
    return table.sort_values("r2", ascending=False, kind="stable", ignore_index=True)


def _share_explained(squares: Float64, given: Float64) -> Float64:
    variance, varies = given.var(axis=0), np.ptp(given, axis=0) > 0
    share = 1.0 - np.divide(squares, variance, out=np.full_like(squares, np.nan), where=varies)
    return np.asarray(share)


def movement(run: Run, samples: Float32, role: str, most_dims: int) -> pd.DataFrame:
    """Return how far each feature moves along each dimension, those of the largest KL, a row a pair.

    Each sample's code is decoded with the dimension at its 5 % and at its 95 % quantile (over the aggregate posterior)
    and the others as they are; `change` is the mean difference over the samples, `change_in_deviations` the same over
    the feature's deviation among them (NaN where it has none). Each dimension's features are sorted by it.
    """
    dims = run.ranked_dims[:most_dims].tolist()
    moved = [run.traverse(sample, dims, span=ENDS, steps=2) for sample in samples[_spread(len(samples))]]
    ends = np.mean([run.sweep.given(one.images) for one in moved], axis=0)
    deviation = run.sweep.given(samples).std(axis=0)
    parts = [_moved(run.sweep.feature_names, pair, deviation) for pair in ends]
    for part, dim, kl in zip(parts, moved[0].dims, moved[0].kl_nats, strict=True):
        part.insert(0, "dim", int(dim))
        part.insert(1, "kl_nats", float(kl))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "role", role)
    table.insert(1, "run", run.number)
    return table


def _moved(names: tuple[str, ...], ends: Float64, deviation: Float64) -> pd.DataFrame:
    change = ends[1] - ends[0]
    relative = np.divide(change, deviation, out=np.full_like(change, np.nan), where=deviation > 0)
    columns: Mapping[str, object] = {
        "feature": names, "low": ends[0], "high": ends[1], "change": change, "change_in_deviations": relative,
    }  # fmt: skip
    table = pd.DataFrame(columns)
    order = table["change_in_deviations"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _spread(count: int) -> np.ndarray:
    return np.linspace(0, count - 1, min(count, MOVED)).round().astype(np.int64)
