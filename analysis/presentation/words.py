"""Numbers and columns as a reader sees them; a table beside them keeps every digit."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.statistics.intervals import SUFFIX
from vae.parameters import PARAMETERS

DIGITS = 4
DECIMALS = 2
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
}
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
    return PARAMETERS[column].label if column in PARAMETERS else LABELS[column]


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
    size = math.floor(math.log10(abs(value)))
    return f"{value:.{max(digits - 1 - size, 0)}f}".replace("-", "−")


def interval(mean: float, width: float) -> str:
    """Return `mean ± width` to two decimal places; the mean alone where the width is NaN."""
    if math.isnan(mean):
        return "–"
    text = f"{mean:.{DECIMALS}f}" if math.isnan(width) else f"{mean:.{DECIMALS}f} ± {width:.{DECIMALS}f}"
    return text.replace("-", "−")


def counted(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(parts: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def cell(column: str, value: object) -> str:
    """Return a value as a table or sentence has it: a hyperparameter's with three digits, as it was chosen."""
    return f"{value:.3g}" if column in PARAMETERS and isinstance(value, float) else number(value)


def cells(row: Mapping[str, Any]) -> list[str]:
    """Return a row's cells as text; a half-width joins its mean."""
    return [
        interval(value, row[column + SUFFIX]) if column + SUFFIX in row else cell(column, value)
        for column, value in row.items()
        if not column.endswith(SUFFIX)
    ]
