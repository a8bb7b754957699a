"""What is done to raw images, one function a step; randomness comes from the generator given."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.raw import RawData
from vae.errors import ConfigError, DataError

_BLOCK_IMAGES = 128  # images at once where a step needs floats, so that memory stays near that of the images

Indices = npt.NDArray[np.int64]


def subsample(raw: RawData, limit: int, rng: np.random.Generator) -> RawData:
    """Keep `limit` images, a source's own test split in proportion; ConfigError if there are fewer."""
    n_images = len(raw.images)
    if limit > n_images:
        raise ConfigError(f"limit must be at most the number of images, {n_images}, got {limit}")
    first_test = n_images if raw.first_test is None else raw.first_test
    n_train = round(limit * first_test / n_images)
    kept = np.concatenate(
        [
            np.sort(rng.choice(first_test, n_train, replace=False)),
            first_test + np.sort(rng.choice(n_images - first_test, limit - n_train, replace=False)),
        ]
    )
    return dataclasses.replace(
        raw,
        images=raw.images[kept],
        factors=None if raw.factors is None else raw.factors[kept],
        first_test=None if raw.first_test is None else n_train,
    )


def draw_splits(n_images: int, first_test: int | None, rng: np.random.Generator) -> tuple[Indices, Indices, Indices]:
    """Sorted indices of train, validation and test: 80/10/10, or 90/10 before a source's own test split."""
    drawn = rng.permutation(n_images if first_test is None else first_test)
    tenth = max(1, round(len(drawn) / 10))
    if first_test is None:
        test, drawn = drawn[:tenth], drawn[tenth:]
    else:
        test = np.arange(first_test, n_images)
    validation, train = drawn[:tenth], drawn[tenth:]
    if not (len(train) and len(test)):
        sizes = f"{len(train)}, {len(validation)} and {len(test)} of {n_images}"
        raise DataError(f"train, validation and test must each get an image, got {sizes}")
    return np.sort(train), np.sort(validation), np.sort(test)


def block_average(images: npt.NDArray[Any], scale: float, size: int) -> npt.NDArray[np.float32]:
    """Average pixel values so that height and width become `size`; ConfigError if it does not divide them."""
    n_images, height, width = images.shape[:3]
    if height % size or width % size:
        raise ConfigError(f"size must divide height and width of the images, {height} x {width}, got {size}")
    averaged = np.empty((n_images, size, size, *images.shape[3:]), dtype=np.float32)
    for start in range(0, n_images, _BLOCK_IMAGES):
        block = images[start : start + _BLOCK_IMAGES]
        tiles = block.reshape(len(block), size, height // size, size, width // size, *images.shape[3:])
        averaged[start : start + _BLOCK_IMAGES] = tiles.mean(axis=(2, 4), dtype=np.float64) * scale
    return averaged


def threshold(images: npt.NDArray[Any], scale: float) -> npt.NDArray[np.uint8]:
    """Make pixels above 0.5 one and the others zero; raises DataError for pixels outside [0, 1]."""
    if _is_binary(images, scale):
        return images
    _check_grey(images, scale)
    return (images > 0.5 / scale).view(np.uint8)


def sample_held_out(
    images: npt.NDArray[Any], scale: float, held_out: Indices, rng: np.random.Generator
) -> npt.NDArray[Any]:
    """Draw held-out images as Bernoulli(grey value), keep the others; raises DataError outside [0, 1]."""
    if _is_binary(images, scale):
        return images
    _check_grey(images, scale)
    drawn = images.copy()
    for start in range(0, len(held_out), _BLOCK_IMAGES):
        rows = held_out[start : start + _BLOCK_IMAGES]
        grey = images[rows] * scale
        drawn[rows] = (rng.random(grey.shape) < grey) * round(1 / scale)
    return drawn


def _is_binary(images: npt.NDArray[Any], scale: float) -> bool:
    """Whether every pixel is 0 or 1: then there is nothing to binarise, and no copy to make of a mapped file."""
    return images.dtype == np.uint8 and scale == 1


def _check_grey(images: npt.NDArray[Any], scale: float) -> None:
    low, high = float(images.min()) * scale, float(images.max()) * scale
    if low < 0 or high > 1:
        raise DataError(f"binarize needs pixels in [0, 1], got {low:.4g} to {high:.4g}")
