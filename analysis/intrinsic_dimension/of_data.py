"""The intrinsic dimension of a sweep's train data, and of data before any sweep."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from analysis.intrinsic_dimension.estimates import MOST, intrinsic_dimension
from analysis.presentation.words import listed, number

if TYPE_CHECKING:
    import pandas as pd

    from analysis.frames.sweep import Sweep
    from vae.data import Data

MOST_VALUES = 2**24
"""Of the samples that are read: 128 MiB in float64."""


def of_sweep(sweep: Sweep) -> pd.DataFrame:
    """Return `intrinsic_dimension` of a sweep's train split as the runs saw it; a DataError where it cannot be read."""
    return intrinsic_dimension(sweep.images("train", _drawn(sweep.count("train"), math.prod(sweep.image_shape))))


def of_data(data: Data) -> pd.DataFrame:
    """Return the same of data that no sweep was made of."""
    train = data.split("train")
    return intrinsic_dimension(data.pixels(train[_drawn(len(train), math.prod(data.sample_shape))]))


def in_words(table: pd.DataFrame) -> str:
    """Return the estimates in a line; that there are too few samples, where there are none."""
    if table.empty:
        return "not known: too few different samples"
    return listed([
        f"{number(float(row['dimension']), 2)} ({number(float(row['low']), 2)} to {number(float(row['high']), 2)}) by "
        f"{row['estimator']}"
        for row in table.to_dict(orient="records")
    ])  # fmt: skip


def _drawn(count: int, features: int) -> np.ndarray:
    """Places of more samples than are used, for there may be duplicates."""
    most = max(1, min(2 * MOST, MOST_VALUES // features))
    return np.sort(np.random.default_rng(0).permutation(count)[:most])
