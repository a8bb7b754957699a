"""Known factors as they are given: text, whole numbers or continuous values.

Text becomes the place of its value among the sorted ones, unless all of it is numbers. Whole numbers stay what they
are. Anything else is continuous and stays so; whoever needs classes puts it into bins that hold equally many rows.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.errors import DataError

BINS = 10
"""Classes of a continuous factor."""
LARGEST_WHOLE = 2**53
"""Beyond it doubles skip integers."""


class Column(NamedTuple):
    """One factor of every row."""

    values: npt.NDArray[Any]
    """(row,), int64 or, where continuous, float64."""
    levels: tuple[str, ...]
    """What the values 0, 1, ... are called; empty where they were numbers."""


def read_factor(name: str, given: npt.NDArray[Any]) -> Column:
    """Read one factor (row,); DataError where a value is missing or is no number or text."""
    if given.dtype.kind in "OSU":
        given = _text(name, given)
        numbers = _numbers(given)
        if numbers is None:
            levels, places = np.unique(given, return_inverse=True)
            return Column(places.astype(np.int64), tuple(map(str, levels)))
        given = numbers
    if given.dtype.kind not in "buif":
        raise DataError(f"{name} must be numbers or text, got {given.dtype}")
    finite = np.isfinite(given)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(f"{name} must be finite, got {given[row]} in row {row}: drop the row")
    if given.dtype.kind == "f" and (given != np.rint(given)).any():
        return Column(given.astype(np.float64), ())
    low, high = given.min(initial=0), given.max(initial=0)
    if low < -LARGEST_WHOLE or high > LARGEST_WHOLE:
        raise DataError(f"{name} must lie within -2^53 and 2^53, got {low} to {high}: number their values from 0")
    return Column(given.astype(np.int64), ())


def join_factors(columns: Sequence[Column]) -> npt.NDArray[Any]:
    """Return columns as (row, factor): int64, or float64 where one is continuous."""
    return np.stack([column.values for column in columns], axis=1)


def is_continuous(values: npt.NDArray[Any]) -> bool:
    """Whether a factor (row,) has values between the whole numbers."""
    return bool(values.dtype.kind == "f" and (values != np.rint(values)).any())


def classes(values: npt.NDArray[Any], like: npt.NDArray[Any], bins: int = BINS) -> npt.NDArray[np.int64]:
    """Return the bin, from 0, of each value of a continuous factor (row,).

    Edges are the quantiles of `like` (row,) at 1/bins, 2/bins, ...; a value on an edge is above it, and equal edges are
    one. The smallest value, where many rows share it, is a class of its own; of few distinct values each is one.
    """
    distinct = np.unique(like)
    edges = np.quantile(like, np.arange(1, bins) / bins) if len(distinct) > bins else distinct[1:]
    if len(distinct) > 1:
        edges = np.unique(np.where(edges <= distinct[0], distinct[1], edges))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _text(name: str, given: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """The values as text; DataError where one is missing."""
    values = given.tolist()
    missing = [row for row, value in enumerate(values) if value is None or value != value or value in ("", b"")]
    if missing:
        raise DataError(f"{name} must have a value in every row, got none in row {missing[0]}: drop the row")
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    return np.array(texts, dtype=np.str_)


def _numbers(texts: npt.NDArray[np.str_]) -> npt.NDArray[np.float64] | None:
    """The numbers that all the texts are, or None."""
    try:
        numbers = texts.astype(np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None
