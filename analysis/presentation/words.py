"""Numbers and columns as a reader sees them; a table beside them keeps every digit."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pandas as pd

from analysis.statistics.intervals import SUFFIX
from vae.parameters import PARAMETERS

DIGITS = 4
"""Significant digits of a number of which nothing else is known."""
DECIMALS = 2
"""Of nats, and of a mean with its half-width."""
FEWER = {"active_units": 1, "carrying_units": 1, "collapsed_units": 1, "seconds": 1}
"""Decimals of columns that need no more."""
SPREAD = 1000.0
"""A column whose largest number is this many times its smallest shares no number of decimals."""
HEADINGS = {
    "rate_nats": "R (nats)",
    "distortion_nats": "D (nats)",
    "elbo_nats": "ELBO (nats)",
    "validation_rate_nats": "validation R (nats)",
    "validation_distortion_nats": "validation D (nats)",
    "validation_elbo_nats": "validation ELBO (nats)",
    "zero_rate_nats": "D0 (nats)",
    "rate_low_nats": "from R (nats)",
    "rate_high_nats": "to R (nats)",
    "area_nats2": "area (nats²)",
    "mean_distortion_nats": "mean D (nats)",
    "slope": "dD/dR",
    "expected": "expected dD/dR",
    "seconds": "time (s)",
    "r2": "R2",
    "beta_normalised": "normalised beta",
}
VALIDATION = "validation_"
LABELS = {
    "rate_nats": "rate R (nats per image)",
    "distortion_nats": "distortion D (nats per image)",
    "elbo_nats": "ELBO (nats per image)",
    "kl_nats": "KL (nats per image)",
    "active_units": "active units (count)",
    "epoch": "epoch (passes over the images)",
}
"""Of what is measured; a hyperparameter knows its own."""


def label(column: str) -> str:
    """Return what an axis of a figure says of a column: its name, and its unit in parentheses."""
    if column in PARAMETERS:
        return PARAMETERS[column].label
    if column.startswith(VALIDATION):
        return f"validation {label(column.removeprefix(VALIDATION))}"
    return LABELS.get(column, f"{column} (no unit)")


def short_label(column: str) -> str:
    """Return the label without its unit."""
    return label(column).partition(" (")[0]


def setting(row: Mapping[Any, Any], parameters: Sequence[str]) -> str:
    """Return the values that a row has for some parameters, in words."""
    return ", ".join(f"{short_label(column)} {cell(column, row[column])}" for column in parameters)


def heading(column: str) -> str:
    """Return a column's heading, with its unit."""
    if column in PARAMETERS:
        return PARAMETERS[column].words
    return HEADINGS.get(column, column.replace("_", " "))


def number(value: object, digits: int = DIGITS) -> str:
    """Return a number with that many significant digits, its integer part whole; NaN is a dash."""
    if not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return "–"
    if isinstance(value, int) or math.isinf(value) or value.is_integer():
        return f"{value:.0f}".replace("-", "−")
    return _fixed(value, max(digits - 1 - _magnitude(abs(value)), 0))


def interval(mean: float, width: float, decimals: int = DECIMALS) -> str:
    """Return `mean ± width`, both to as many decimal places; the mean alone where the width is NaN."""
    return _fixed(mean, decimals) if math.isnan(width) else f"{_fixed(mean, decimals)} ± {_fixed(width, decimals)}"


def cell(column: str, value: object) -> str:
    """Return one value of a column as a sentence has it."""
    return texts(column, [value])[0]


def nats(value: float) -> str:
    """Return nats as a sentence has them, without their unit."""
    return cell("_nats", float(value))


def texts(column: str, values: Sequence[object], widths: Sequence[float] | None = None) -> list[str]:
    """Return a column's values as a table has them: with the same number of decimals, beside their half-widths."""
    numbers = [math.nan if value is None else value for value in values]
    if widths is not None:
        decimals = FEWER.get(column, DECIMALS)
        return [interval(mean, width, decimals) for mean, width in zip(cast(list[float], numbers), widths, strict=True)]
    if all(isinstance(value, bool | np.bool_) for value in numbers):
        return ["yes" if value else "no" for value in numbers]
    places = _places(column, [abs(value) for value in numbers if isinstance(value, float) and math.isfinite(value)])
    return [_fixed(v, places) if isinstance(v, float) and places is not None else number(v) for v in numbers]


def percent(share: float) -> str:
    """Return a share from 0 to 1 as whole percent."""
    return f"{100 * share:.0f} %"


def counted(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(parts: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return a frame's rows as texts, a cell a column; a half-width joins its mean."""
    columns = [
        texts(column, frame[column].tolist(), frame[column + SUFFIX].tolist() if column + SUFFIX in frame else None)
        for column in frame.columns.astype(str)
        if not column.endswith(SUFFIX)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _fixed(value: float, decimals: int) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.{decimals}f}".replace("-", "−")


def _places(column: str, sizes: Sequence[float]) -> int | None:
    """How many decimals the numbers of a column share, by their absolute values; None where they share none."""
    if not sizes:
        return None
    whole, is_nats = all(size.is_integer() for size in sizes), column.endswith("_nats")
    if whole and not is_nats:
        return 0
    if column in FEWER:
        return FEWER[column]
    smallest, largest = (choose([size for size in sizes if size] or [1.0]) for choose in (min, max))
    if is_nats:
        return max(DECIMALS, 1 - _magnitude(largest))
    if column.removesuffix("_low").removesuffix("_high") in PARAMETERS:
        return _chosen_places(sizes, max(DECIMALS, 1 - _magnitude(smallest)))
    least = DECIMALS if column.startswith(("value", "best")) else 0  # of an objective, mostly in nats
    return max(DIGITS - 1 - _magnitude(largest), least) if largest < SPREAD * smallest else None


def _magnitude(size: float) -> int:
    return math.floor(math.log10(size))


def _chosen_places(sizes: Sequence[float], drawn: int) -> int:
    """Decimals of a hyperparameter: all of values that somebody chose, `drawn` of those that a sampler drew."""
    short = [f"{size:.{DIGITS}g}" for size in sizes]
    if any(float(text) != size for text, size in zip(short, sizes, strict=True)):
        return drawn
    return max(-int(Decimal(text).normalize().as_tuple().exponent) for text in short)
