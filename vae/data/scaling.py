"""Values that are no pixels, on a scale that networks learn at: scaled by what the train split says, and back."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.errors import DataError

Scale = Literal["standard", "unit"] | float
AT_ONCE = 1024
"""Samples that stand in memory as float64."""


class Scaling(NamedTuple):
    """Scaled values are (value - offset) / unit; a number a feature, a channel, or one for all."""

    offset: npt.NDArray[np.float64]
    unit: npt.NDArray[np.float64]


def fit_scaling(scale: Scale, samples: npt.NDArray[Any], pixel_scale: float, train: npt.NDArray[np.int64]) -> Scaling:
    """Return the scaling by the train split of samples (sample, ..., [channel | feature]).

    `standard` is to mean 0 and deviation 1, `unit` to [0, 1]: of each feature of a table, each channel of colour
    images, and of all pixels of grey ones. A number divides. Raises DataError where nothing varies in training.
    """
    if not isinstance(scale, str):
        return Scaling(np.zeros(1), np.full(1, float(scale)))
    offset, low, high = _extremes(samples, pixel_scale, train)
    if not varies(low, high).all():
        raise DataError("scale needs values that vary in training, got equal ones")
    if scale == "unit":
        return Scaling(low, high - low)
    squares = np.zeros_like(offset)
    for values in _blocks(samples, pixel_scale, train):
        with np.errstate(over="ignore"):
            squares += np.square(values - offset).sum(axis=0)
    if not np.isfinite(squares).all():
        raise DataError(f"scale needs values whose squares are finite, got up to {np.abs([low, high]).max():.4g}")
    count = len(train) * (samples[0].size // len(offset))
    return Scaling(offset, np.sqrt(squares / count))


def varies(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return where values between low and high differ by more than rounding."""
    return np.asarray(high - low > 4 * np.spacing(np.maximum(np.abs(low), np.abs(high))))


def scaled(samples: npt.NDArray[Any], pixel_scale: float, scaling: Scaling) -> npt.NDArray[np.float32]:
    """Return samples on their new scale, a few at a time: without a float64 copy of all."""
    made = np.empty(samples.shape, dtype=np.float32)
    for start in range(0, len(samples), AT_ONCE):
        block = samples[start : start + AT_ONCE].astype(np.float64) * pixel_scale
        with np.errstate(over="ignore"):  # infinite in float32, and refused where it is found
            made[start : start + AT_ONCE] = (block - scaling.offset) / scaling.unit
    return made


def constant_columns(table: npt.NDArray[Any], train: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the places of a table's columns that do not vary in training."""
    _, low, high = _extremes(table, 1.0, train)
    return np.flatnonzero(~varies(low, high))


def _extremes(samples: npt.NDArray[Any], pixel_scale: float, rows: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
    """Mean, least and largest value of each column."""
    parts = [
        (len(values) * values.mean(axis=0), values.min(axis=0), values.max(axis=0), len(values))
        for values in _blocks(samples, pixel_scale, rows)
    ]
    sums, low, high, counts = zip(*parts, strict=True)
    return [np.sum(sums, axis=0) / sum(counts), np.min(low, axis=0), np.max(high, axis=0)]


def _blocks(
    samples: npt.NDArray[Any], pixel_scale: float, rows: npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.float64]]:
    """Some rows as (value, column), a few at a time; grey images are one column."""
    columns = 1 if samples.ndim == 3 else samples.shape[-1]
    for start in range(0, len(rows), AT_ONCE):
        yield samples[rows[start : start + AT_ONCE]].reshape(-1, columns).astype(np.float64) * pixel_scale
