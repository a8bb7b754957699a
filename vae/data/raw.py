"""Data as a source gives them: checked, of one type and scale, not yet limited, split, scaled or binarised."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.arrays import channels_note, is_channels_first
from vae.data.lazy import Lazy
from vae.data.white import guess_note, white_of
from vae.data_config import MINIMUM_IMAGES, DataConfig
from vae.errors import DataError
from vae.factors import Column, join_factors, read_factor

FEWEST_FEATURES = 2
MOST_NAMES = 8
"""Columns that an error names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RawData:
    """All images of a source, with what is known of them."""

    images: npt.NDArray[Any] | Lazy
    """(image, height, width) or (image, height, width, channel), uint8 or float32.

    Of a table (sample, feature), float64.
    """
    scale: float
    """A pixel value is images * scale."""
    factors: npt.NDArray[Any] | None = None
    """(image, factor), int64, or float64 where one is continuous."""
    factor_names: tuple[str, ...] = ()
    first_test: int | None = None
    """Images from this one on are the source's own test split; None if it has none."""
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the values 0, 1, 2, ... of a factor are called, where they have names."""
    feature_names: tuple[str, ...] = ()
    """One a column of a table."""
    notes: tuple[str, ...] = ()
    """What was guessed or decided in reading, a line each."""

    @property
    def is_table(self) -> bool:
        """Whether samples are rows of features, and no images."""
        return len(self.images.shape) == 2


def check_raw_data(
    where: object,
    images: npt.NDArray[Any] | Lazy,
    factors: Sequence[npt.NDArray[Any]] = (),
    factor_names: Sequence[str] = (),
    first_test: int | None = None,
    *,
    config: DataConfig | None = None,
    notes: Sequence[str] = (),
) -> RawData:
    """Make RawData of arrays found in the file or folder `where`; raises DataError if they break a rule.

    Of `config` are read `white`, `scale` and, of a table (sample, feature), `factors` and `drop`.
    """
    config = config or DataConfig()
    if len(images.shape) not in (2, 3, 4) or 0 in images.shape[1:]:
        rule = "data must have shape (sample, feature), (image, height, width) or (image, height, width, channel)"
        raise DataError(f"{rule}, got {images.shape} in '{where}'")
    if isinstance(images, np.ndarray) and is_channels_first(images.shape):
        notes = (*notes, channels_note(images.shape))
        images = np.moveaxis(images, 1, -1)
    columns = _columns(where, factors, factor_names, images)
    if isinstance(images, np.ndarray) and images.ndim == 2:
        return table_of_array(where, images, columns, config, tuple(notes))
    if config.factors or config.drop:
        raise DataError(
            f"factors and drop name columns of a table, got images of shape {images.shape[1:]} in '{where}'"
        )
    if len(images) < MINIMUM_IMAGES:
        raise DataError(f"data must hold at least {MINIMUM_IMAGES} images, got {len(images)} in '{where}'")
    if isinstance(images, np.ndarray):
        images, scale, guess = _scaled(where, images, config)
    else:
        images, scale, guess = _scaled_lazily(where, images, config)
    return RawData(
        images=images,
        scale=scale,
        first_test=first_test,
        notes=(*notes, *guess),
        **factor_fields(columns),
    )


def factor_fields(columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return what RawData knows of factors, from factors by name."""
    return {
        "factors": join_factors(list(columns.values())) if columns else None,
        "factor_names": tuple(columns),
        "factor_levels": {name: column.levels for name, column in columns.items() if column.levels},
    }


def table_of_array(
    where: object, table: npt.NDArray[Any], columns: Mapping[str, Column], config: DataConfig, notes: tuple[str, ...]
) -> RawData:
    """Make RawData of a table (sample, feature) whose columns have no names but their numbers; raises DataError."""
    if table.dtype.kind not in "buif":
        raise DataError(f"a table must be integers, booleans or floats, got {table.dtype} in '{where}'")
    names = tuple(f"feature_{place}" for place in range(table.shape[1]))
    aside = set_aside(where, names, config)
    features = [place for place, name in enumerate(names) if name not in aside]
    chosen = {name: read_factor(f"factor {name}", table[:, names.index(name)]) for name in config.factors}
    kept = tuple(names[place] for place in features)
    return raw_table(where, table[:, features].astype(np.float64), kept, {**columns, **chosen}, notes)


def set_aside(where: object, names: Sequence[str], config: DataConfig) -> set[str]:
    """Return the columns that are no features by what the user says; DataError where there is no such column."""
    for option in ("factors", "drop"):
        for name in getattr(config, option):
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise DataError(f"{option} must be columns of '{where}' ({named(names)}), got {name!r}{hint}")
    return {*config.factors, *config.drop}


def raw_table(
    where: object,
    values: npt.NDArray[np.float64],
    feature_names: tuple[str, ...],
    columns: Mapping[str, Column],
    notes: tuple[str, ...] = (),
) -> RawData:
    """Make RawData of features (sample, feature) and factors by name; DataError where they break a rule."""
    rows = len(values)
    if rows < MINIMUM_IMAGES:
        raise DataError(f"a table must have at least {MINIMUM_IMAGES} rows, got {rows} in '{where}'")
    if too_few := not_enough(feature_names):
        raise DataError(f"{too_few} in '{where}'")
    # Both extremes are finite only if every value is; unlike isfinite this makes no copy.
    if not np.isfinite([values.min(), values.max()]).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        got = f"{values[row, column]} in row {row} of column {feature_names[column]!r} in '{where}'"
        raise DataError(f"a table's values must be finite, got {got}: drop the row")
    fields = factor_fields(columns)
    return RawData(images=values, scale=1.0, feature_names=feature_names, notes=notes, **fields)


def not_enough(feature_names: Sequence[str]) -> str:
    """Say that a table has too few features, where it has; else empty."""
    if len(feature_names) >= FEWEST_FEATURES:
        return ""
    got = f"{len(feature_names)} ({named(feature_names)})" if feature_names else "none"
    return f"a table must have at least {FEWEST_FEATURES} columns of features, got {got}"


def named(names: Iterable[str]) -> str:
    """Return names as an error lists them: the first few, shortened."""
    names = list(names)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(name[:40] for name in names[:MOST_NAMES]) + more


def _scaled(
    where: object, images: npt.NDArray[Any], config: DataConfig
) -> tuple[npt.NDArray[Any], float, tuple[str, ...]]:
    """Give the images as uint8 or float32, the scale that makes pixel values of them, and what was guessed."""
    white = config.white
    if images.dtype.kind == "f":
        if white is not None:
            raise DataError(f"white is for integers, got {white:g} for {images.dtype} in '{where}': give scale instead")
        return _finite(where, images), 1.0, ()
    if images.dtype.kind not in "bui":
        raise DataError(f"images must be integers, booleans or floats, got {images.dtype} in '{where}'")
    if config.scale is not None and white is None:  # no pixels, whose white nobody need know
        return images if images.dtype == np.uint8 else images.astype(np.float32), 1.0, ()
    low, high = int(images.min()), int(images.max())
    if low < 0:
        raise DataError(f"integer images must not be negative, got {low} to {high} in '{where}'")
    notes = () if images.dtype.kind == "b" or white is not None else (guess_note(high),)
    white = white_of(where, high, white)
    if white > 255 or not float(white).is_integer():
        return np.divide(images, np.float32(white), dtype=np.float32), 1.0, notes
    return np.ascontiguousarray(images, dtype=np.uint8), 1 / white, notes


def _scaled_lazily(
    where: object, images: Lazy, config: DataConfig
) -> tuple[npt.NDArray[Any] | Lazy, float, tuple[str, ...]]:
    """As `_scaled`, of 8-bit images, of which no more are made than tell white."""
    declared = config.white
    if config.scale is not None and declared is None:
        return images, 1.0, ()
    if declared is not None and (declared > 255 or not float(declared).is_integer()):
        return _scaled(where, np.concatenate(list(images.blocks())), config)
    brightest = 0
    for block in images.blocks():
        brightest = max(brightest, int(block.max()))
        if declared is None and brightest > 127:  # 255 it is, whatever follows
            break
    notes = () if declared is not None else (guess_note(brightest),)
    return images, 1 / white_of(where, brightest, declared), notes


def _finite(where: object, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf and is refused below
        images = np.ascontiguousarray(images, dtype=np.float32)
    # Both extremes are finite only if every pixel is; unlike isfinite this makes no copy.
    for extreme in (images.min(), images.max()):
        if not np.isfinite(extreme):
            raise DataError(f"pixels must be finite, got {extreme} in '{where}'")
    return images


def _columns(
    where: object, factors: Sequence[npt.NDArray[Any]], names: Sequence[str], samples: npt.NDArray[Any] | Lazy
) -> dict[str, Column]:
    """Factors, each (sample,), by name."""
    for factor in factors:
        if len(factor) != len(samples):
            one = "sample" if len(samples.shape) == 2 else "image"
            raise DataError(f"every {one} must have a label, got {len(factor)} for {len(samples)} in '{where}'")
    try:
        return {name: read_factor(name, factor) for name, factor in zip(names, factors, strict=True)}
    except DataError as error:
        raise DataError(f"{error} in '{where}'") from None
