"""Prepared images as training and evaluation see them."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.npy import open_npy
from vae.errors import ConfigError, DataError
from vae.factors import is_continuous
from vae.files.texts import read_json

SPLITS = ("train", "validation", "test")
SCALING = ("offset", "unit")
"""Arrays that data have which were scaled."""
LOOKED_AT = 1_000


@dataclass(frozen=True, eq=False)
class Data:
    """Images, their known factors and their splits."""

    name: str
    """A name in SOURCES, or the name of the folder or file."""
    images: npt.NDArray[Any]
    """(image, height, width[, channel]) or of a table (sample, feature), uint8 or float32, memory-mapped."""
    scale: float
    """A pixel value is images * scale."""
    factors: npt.NDArray[Any] | None
    """(image, factor), int64, or float64 where one is continuous."""
    factor_names: tuple[str, ...]
    """One a factor."""
    train: npt.NDArray[np.int64]
    """Sorted indices of images; the three splits share none and cover all."""
    validation: npt.NDArray[np.int64]
    """As train."""
    test: npt.NDArray[np.int64]
    """As train."""
    low: float
    """Smallest pixel value."""
    high: float
    """Largest pixel value."""
    resample: bool
    """Whether train images are grey and to be drawn anew each epoch; validation and test are drawn."""
    content_hash: str
    """SHA-256 in hex over everything that changes results."""
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the values 0, 1, 2, ... of a factor are called, where they have names."""
    feature_names: tuple[str, ...] = ()
    """One a column of a table."""
    offset: npt.NDArray[np.float64] | None = None
    """What scaling took off the values: one a feature or channel, or one for all; None where nothing was scaled."""
    unit: npt.NDArray[np.float64] | None = None
    """What scaling divided them by, then; of the shape of `offset`."""
    notes: tuple[str, ...] = ()
    """What was guessed or decided in reading, a line each; known to who prepared the data, not to workers."""

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(height, width), (height, width, channel) or of a table (feature,)."""
        return self.images.shape[1:]

    @property
    def is_table(self) -> bool:
        """Whether samples are rows of features, and no images."""
        return len(self.sample_shape) == 1

    @property
    def is_standardised(self) -> bool:
        """Whether values were scaled to unit deviation or range, whatever the largest of them are."""
        return self.offset is not None and bool(self.offset.any())

    def given(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return scaled values (..., *sample_shape) as they were before: what a user is shown."""
        exact = values.astype(np.float64)
        return exact if self.offset is None or self.unit is None else exact * self.unit + self.offset

    @property
    def is_binary(self) -> bool:
        """Whether every pixel is 0 or 1, by a look at LOOKED_AT images, evenly taken."""
        rows = np.linspace(0, len(self.images) - 1, min(len(self.images), LOOKED_AT)).astype(np.int64)
        return bool(np.isin(self.pixels(rows), (0.0, 1.0)).all())

    @property
    def n_pixels(self) -> int:
        """Values of an image, over height, width and channels."""
        return math.prod(self.sample_shape)

    def pixels(self, indices: npt.NDArray[np.int64], width: int | None = None) -> npt.NDArray[np.float32]:
        """Pixel values (image, pixel) of the images at `indices`, and zeros behind them up to a width."""
        pixels = np.empty((len(indices), width or self.n_pixels), np.float32)
        chosen = self.images[indices].reshape(len(indices), self.n_pixels)
        np.multiply(chosen, np.float32(self.scale), out=pixels[:, : self.n_pixels], dtype=np.float32)
        pixels[:, self.n_pixels :] = 0.0
        return pixels

    def split(self, name: str) -> npt.NDArray[np.int64]:
        """Sorted indices of train, validation or test; any other name raises ConfigError."""
        if name not in SPLITS:
            raise ConfigError(f"split must be one of {', '.join(SPLITS)}, got {name!r}")
        indices: npt.NDArray[np.int64] = getattr(self, name)
        return indices


def open_data(folder: Path, name: str = "") -> Data:
    """Open a folder that prepare wrote, images memory-mapped so that workers share them; raises DataError.

    Equal images under two names share a folder, which knows only the first name: `name` is another.
    """
    try:
        record = read_json(folder / "data.json", "data.json", DataError)
        record["factor_names"] = tuple(record["factor_names"])
        record["feature_names"] = tuple(record.get("feature_names", ()))
        record["notes"] = ()
        levels = record.get("factor_levels", {})
        record["factor_levels"] = {factor: tuple(names) for factor, names in levels.items()}
        factors = np.array(open_npy(folder / "factors.npy")) if record["factor_names"] else None
        is_scaled = (folder / f"{SCALING[0]}.npy").exists()
        record |= {name: np.array(open_npy(folder / f"{name}.npy")) if is_scaled else None for name in SCALING}
        record["name"] = name or record["name"]
        splits: dict[str, Any] = {name: np.array(open_npy(folder / f"{name}.npy")) for name in SPLITS}
        # Copy on write: torch.from_numpy warns of arrays that cannot be written.
        data = Data(images=open_npy(folder / "images.npy"), factors=factors, **splits, **record)
        _check(data)
    except (DataError, OSError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise DataError(f"the prepared data in '{folder}' are damaged: {reason}; delete the folder") from error
    return data


def _check(data: Data) -> None:
    """Raise DataError for fields that prepare never writes: a folder may have come from elsewhere."""
    count, names = len(data.images), data.factor_names
    splits = [data.train, data.validation, data.test]
    numbers = [data.scale, data.low, data.high]
    words = [*names, *data.feature_names, *(level for levels in data.factor_levels.values() for level in levels)]
    rules = {
        "images": data.images.ndim in (2, 3, 4) and data.images.dtype in (np.uint8, np.float32),
        "numbers": all(isinstance(x, int | float) and math.isfinite(x) for x in numbers) and data.scale > 0,
        "texts": all(isinstance(text, str) for text in (data.name, data.content_hash, *words)),
        "levels": set(data.factor_levels) <= set(names),
        "resample": isinstance(data.resample, bool),
        # A factor's values may be negative: only their order and equality are ever read.
        "factors": data.factors is None or _are_factors(data.factors, (count, len(names))),
        "scaling": _is_scaling(data),
        "features": (len(data.feature_names),) in ((0,), data.sample_shape[-1:]),
        "splits": all(_are_indices(split, (split.size,)) and split.max() < count for split in splits),
    }
    # Bounded as they are now, they can be counted.
    rules["splits"] = rules["splits"] and bool((np.bincount(np.concatenate(splits), minlength=count) == 1).all())
    for name, is_kept in rules.items():
        if not is_kept:
            raise DataError(f"{name} that prepare never writes")


def _are_integers(array: npt.NDArray[Any], shape: tuple[int, ...]) -> bool:
    return array.dtype == np.int64 and array.shape == shape and array.size > 0


def _are_factors(array: npt.NDArray[Any], shape: tuple[int, ...]) -> bool:
    is_continuous = array.dtype == np.float64 and array.shape == shape and array.size > 0
    return _are_integers(array, shape) or (is_continuous and bool(np.isfinite(array).all()))


def _is_scaling(data: Data) -> bool:
    """Whether there is none, or a finite one that can be undone."""
    if data.offset is None or data.unit is None:
        return data.offset is None and data.unit is None
    shapes = {(1,), data.sample_shape[-1:]}
    parts = (data.offset, data.unit)
    is_finite = all(part.dtype == np.float64 and part.shape in shapes and np.isfinite(part).all() for part in parts)
    return bool(is_finite and (data.unit > 0).all())


def _are_indices(array: npt.NDArray[Any], shape: tuple[int, ...]) -> bool:
    return _are_integers(array, shape) and int(array.min()) >= 0


UNIT_SCALE = (0.03, 30.0)
"""Between these lies the largest absolute value of data that training reaches within some thousand steps."""


def default_likelihood(data: Data) -> str:
    """Return the likelihood of data for which the user names none: pixels lie in [0, 1], a table's values anywhere."""
    return "gaussian" if data.is_table else "bernoulli"


def check_likelihood(data: Data, likelihood: str) -> None:
    """Raise DataError if pixels leave [0, 1] under a likelihood that is only defined there.

    Warns where a gaussian's values are far from unit scale, at which networks begin.
    """
    if likelihood in ("bernoulli", "continuous_bernoulli") and (data.low < 0 or data.high > 1):
        got = f"{data.low:.4g} to {data.high:.4g} in '{data.name}'"
        remedy = "scale the values (--scale), or take the likelihood gaussian"
        values = "values" if data.is_table else "pixels"
        raise DataError(f"{likelihood} needs {values} in [0, 1], got {got}; {remedy}")
    if data.is_standardised:
        return
    largest = max(abs(data.low), abs(data.high))
    if likelihood == "gaussian" and largest and not UNIT_SCALE[0] <= largest <= UNIT_SCALE[1]:
        got = f"{data.low:.4g} to {data.high:.4g} in '{data.name}'"
        warnings.warn(
            f"training starts at unit scale and may not reach values of {got}; scale them to about [0, 1] or to unit "
            "deviation: --scale unit or standard",
            stacklevel=2,
        )


def describe(data: Data) -> dict[str, Any]:
    """Say what is in the data: counts, shape and axes, range of values, factors, hash and what was guessed."""
    factors = {} if data.factors is None else dict(zip(data.factor_names, data.factors.T, strict=True))
    levels = {name: list(names) for name, names in data.factor_levels.items()}
    samples, value = ("samples", "value") if data.is_table else ("images", "pixel")
    axes = ("feature",) if data.is_table else ("height", "width", "channel")
    return {
        "name": data.name,
        samples: len(data.images),
        "shape": " x ".join(map(str, data.sample_shape)),
        "axes": " x ".join(axes[: len(data.sample_shape)]),
        **{name: len(data.split(name)) for name in SPLITS},
        f"lowest {value}": data.low,
        f"highest {value}": data.high,
        "factors": {name: _values_described(values) for name, values in factors.items()},
        **({"levels": levels} if levels else {}),
        "hash": data.content_hash,
        "notes": list(data.notes),
    }


def _values_described(values: npt.NDArray[Any]) -> int | str:
    """How many values a factor has, or that it is continuous."""
    return "continuous" if is_continuous(values) else len(np.unique(values))
