"""Which data a sweep reads and what is done to them before training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from vae.errors import ConfigError

BINARIZATIONS = ("none", "threshold", "sample")
SCALES = ("standard", "unit")
COLUMNS = ("factors", "drop")
"""Options that name columns of a table."""
LARGEST_SIZE = 2**12  # a side in pixels
MINIMUM_IMAGES = 10  # the smallest set of which train, validation and test all get an image


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The data to read and how they are prepared; a bad value raises ConfigError."""

    source: str = "digits"
    """A name in SOURCES, or a folder or file of a format in FORMATS."""
    limit: int | None = None
    """Number of images kept of all splits together, drawn uniformly; None keeps all."""
    size: int | None = None
    """Height and width in pixels, drawn so where they are drawn, or averaged over areas; None keeps the images' own."""
    binarize: str = "none"
    """none, threshold (pixel > 0.5) or sample (Bernoulli of the grey value)."""
    white: float | None = None
    """The integer that is white, pixel value 1; None guesses 1, 255 or 65535."""
    key: str | None = None
    """Name of the array in a file of several; None takes the one that can be meant."""
    scale: Literal["standard", "unit"] | float | None = None
    """How values that are no pixels are scaled, by their train split; a number divides; None is the data's own way."""
    factors: tuple[str, ...] = ()
    """Names of columns that are known factors, in a table."""
    drop: tuple[str, ...] = ()
    """Names of columns that are left out, in a table."""

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("data must be a name, a folder or a file, got ''")
        _check_at_least("limit", self.limit, MINIMUM_IMAGES)
        _check_at_least("size", self.size, 1)
        if self.size is not None and self.size > LARGEST_SIZE:
            raise ConfigError(f"size must be at most {LARGEST_SIZE}, got {self.size}")
        if self.binarize not in BINARIZATIONS:
            raise ConfigError(f"binarize must be one of {', '.join(BINARIZATIONS)}, got {self.binarize!r}")
        if self.white is not None and not _is_above_0(self.white):
            raise ConfigError(f"white must be a number above 0, got {self.white!r}")
        if self.scale is not None and self.scale not in SCALES and not _is_above_0(self.scale):
            raise ConfigError(f"scale must be {', '.join(SCALES)} or a number above 0, got {self.scale!r}")
        for name in COLUMNS:
            names = getattr(self, name)
            if "" in names or len(set(names)) < len(names):
                raise ConfigError(f"{name} must be different names a,b,c, got {','.join(names)!r}")
        if both := set(self.factors) & set(self.drop):
            raise ConfigError(f"factors and drop must name different columns, got {min(both)!r} in both")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "DataConfig":
        """Return what the options of a sweep say of its data: those that have a value, as sweep.toml has them."""
        given = {f.name: options[f.name] for f in fields(cls) if options.get(f.name) not in (None, "")}
        for name in COLUMNS:
            if name in given:
                given[name] = tuple(part.strip() for part in str(given[name]).split(","))
        if "scale" in given and given["scale"] not in SCALES:
            given["scale"] = _number("scale", given["scale"])
        return cls(source=options["data"], **given)


def _number(name: str, text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        raise ConfigError(f"{name} must be {', '.join(SCALES)} or a number above 0, got {text!r}") from None


def _is_above_0(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _check_at_least(name: str, value: int | None, minimum: int) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{name} must be a whole number, got {value!r}")
    if value < minimum:
        raise ConfigError(f"{name} must be at least {minimum}, got {value}")
