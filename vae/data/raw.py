"""Images as a source gives them: checked, of one type and scale, not yet limited, split or binarised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.lazy import Lazy
from vae.data.white import guess_note, white_of
from vae.data_config import MINIMUM_IMAGES
from vae.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class RawData:
    """All images of a source, with what is known of them."""

    images: npt.NDArray[Any] | Lazy
    """(image, height, width) or (image, height, width, channel), uint8 or float32."""
    scale: float
    """A pixel value is images * scale."""
    factors: npt.NDArray[np.int64] | None = None
    """(image, factor)."""
    factor_names: tuple[str, ...] = ()
    first_test: int | None = None
    """Images from this one on are the source's own test split; None if it has none."""
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the values 0, 1, 2, ... of a factor are called, where they have names."""
    feature_names: tuple[str, ...] = ()
    """One a column of a table."""
    notes: tuple[str, ...] = ()
    """What was guessed or decided in reading, a line each."""


def check_raw_data(
    where: object,
    images: npt.NDArray[Any],
    factors: npt.NDArray[Any] | None = None,
    factor_names: Sequence[str] = (),
    first_test: int | None = None,
    *,
    white: float | None = None,
    notes: Sequence[str] = (),
) -> RawData:
    """Make RawData of arrays found in the file or folder `where`; raises DataError if they break a rule.

    `white` is the integer that is pixel value 1; where it is not given it is guessed, and noted.
    """
    if images.ndim not in (3, 4) or 0 in images.shape[1:]:
        rule = "images must have shape (image, height, width) or (image, height, width, channel)"
        raise DataError(f"{rule}, got {images.shape} in '{where}'")
    if len(images) < MINIMUM_IMAGES:
        raise DataError(f"data must hold at least {MINIMUM_IMAGES} images, got {len(images)} in '{where}'")
    if factors is not None:
        factors = _whole_numbers(where, factors, len(images))
    images, scale, guess = _scaled(where, images, white)
    return RawData(
        images=images,
        scale=scale,
        factors=factors,
        factor_names=tuple(factor_names),
        first_test=first_test,
        notes=(*notes, *guess),
    )


def _scaled(
    where: object, images: npt.NDArray[Any], white: float | None
) -> tuple[npt.NDArray[Any], float, tuple[str, ...]]:
    """Give the images as uint8 or float32, the scale that makes pixel values of them, and what was guessed."""
    if images.dtype.kind == "f":
        if white is not None:
            raise DataError(f"white is for integers, got {white:g} for {images.dtype} in '{where}': give scale instead")
        return _finite(where, images), 1.0, ()
    if images.dtype.kind not in "bui":
        raise DataError(f"images must be integers, booleans or floats, got {images.dtype} in '{where}'")
    low, high = int(images.min()), int(images.max())
    if low < 0:
        raise DataError(f"integer images must not be negative, got {low} to {high} in '{where}'")
    notes = () if images.dtype.kind == "b" or white is not None else (guess_note(high),)
    white = white_of(where, high, white)
    if white > 255 or not float(white).is_integer():
        return np.divide(images, np.float32(white), dtype=np.float32), 1.0, notes
    return np.ascontiguousarray(images, dtype=np.uint8), 1 / white, notes


def _finite(where: object, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf and is refused below
        images = np.ascontiguousarray(images, dtype=np.float32)
    # Both extremes are finite only if every pixel is; unlike isfinite this makes no copy.
    for extreme in (images.min(), images.max()):
        if not np.isfinite(extreme):
            raise DataError(f"pixels must be finite, got {extreme} in '{where}'")
    return images


def _whole_numbers(where: object, factors: npt.NDArray[Any], n_images: int) -> npt.NDArray[np.int64]:
    if len(factors) != n_images:
        raise DataError(f"every image must have a label, got {len(factors)} for {n_images} in '{where}'")
    if factors.dtype.kind not in "buif":
        raise DataError(f"labels must be whole numbers, got {factors.dtype} in '{where}'")
    with np.errstate(invalid="ignore"):  # NaN, infinities and fractions come back changed
        whole = np.ascontiguousarray(factors, dtype=np.int64)
    changed = factors[whole != factors]
    if changed.size:
        raise DataError(f"labels must be whole numbers, got {changed[0]} in '{where}'")
    return whole
