"""What is done to raw images, one function a step; randomness comes from the generator given."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.lazy import Lazy, LazyImages
from vae.data.raw import RawData
from vae.errors import ConfigError, DataError

_BLOCK_IMAGES = 128  # images at once where a step needs floats, so that memory stays near that of the images

Indices = npt.NDArray[np.int64]


def subsample(raw: RawData, limit: int, rng: np.random.Generator) -> RawData:
    """Keep `limit` images, a source's own test split in proportion; ConfigError if there are fewer."""
    n_images = len(raw.images)
    if limit > n_images:
        raise ConfigError(f"limit must be at most the number of samples, {n_images}, got {limit}")
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
        raise DataError(f"train, validation and test must each get a sample, got {sizes}")
    return np.sort(train), np.sort(validation), np.sort(test)


def resize(images: npt.NDArray[Any], scale: float, size: int) -> npt.NDArray[np.float32]:
    """Average pixel values so that height and width become `size`: over blocks, or where it divides no sides, areas."""
    return (area_average if resize_note(images.shape, size) else block_average)(images, scale, size)


def resize_note(shape: tuple[int, ...], size: int) -> str:
    """Say what becomes of images (image, height, width, ...) that blocks do not fit; ConfigError for a larger size."""
    height, width = shape[1:3]
    if height % size == 0 and width % size == 0:
        return ""
    if size > min(height, width):
        raise ConfigError(f"size must be at most the sides of the images, {height} x {width}, got {size}")
    cropped = "" if height == width else "cropped to their central square and "
    return f"images of {height} x {width} are {cropped}averaged over areas to {size} x {size}"


def resized(images: Lazy, scale: float, size: int) -> LazyImages:
    """Return images that are resized, as `resize` does, once they are made."""

    def make(rows: Indices) -> Iterator[npt.NDArray[Any]]:
        for block in images[rows].blocks():
            yield resize(block, scale, size)

    return LazyImages(np.arange(len(images)), (size, size, *images.shape[3:]), make, np.dtype(np.float32))


def block_average(images: npt.NDArray[Any], scale: float, size: int) -> npt.NDArray[np.float32]:
    """Average pixel values over blocks, so that height and width, which `size` divides, become `size`."""
    n_images, height, width = images.shape[:3]
    averaged = np.empty((n_images, size, size, *images.shape[3:]), dtype=np.float32)
    for start in range(0, n_images, _BLOCK_IMAGES):
        block = images[start : start + _BLOCK_IMAGES]
        tiles = block.reshape(len(block), size, height // size, size, width // size, *images.shape[3:])
        averaged[start : start + _BLOCK_IMAGES] = tiles.mean(axis=(2, 4), dtype=np.float64) * scale
    return averaged


def area_average(images: npt.NDArray[Any], scale: float, size: int) -> npt.NDArray[np.float32]:
    """Average the pixel values in the central square of images over areas, so that height and width become `size`.

    A pixel on the border of two areas counts to each by its share, which leaves no aliases. Sums of integers are exact,
    in any order: where `size` divides the square, block averages come out, to the bit.
    """
    n_images, height, width = images.shape[:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    averaged = np.empty((n_images, size, size, *images.shape[3:]), dtype=np.float32)
    for start in range(0, n_images, _BLOCK_IMAGES):
        block = images[start : start + _BLOCK_IMAGES, top : top + side, left : left + side]
        rows = _area_sums(block, size)
        sums = _area_sums(rows.swapaxes(1, 2), size).swapaxes(1, 2)
        averaged[start : start + _BLOCK_IMAGES] = sums / side**2 * scale
    return averaged


def _area_sums(images: npt.NDArray[Any], size: int) -> npt.NDArray[np.float64]:
    """Sum the second axis over `size` equal areas, in shares of a pixel of 1 / `size`."""
    side = images.shape[1]
    sums = np.empty((len(images), size, *images.shape[2:]))
    for area in range(size):
        low, high = area * side, (area + 1) * side
        pixels = np.arange(low // size, -(-high // size))
        shares = np.minimum((pixels + 1) * size, high) - np.maximum(pixels * size, low)
        sums[:, area] = np.tensordot(images[:, pixels[0] : pixels[-1] + 1], shares.astype(np.float64), (1, 0))
    return sums


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
    drawn = np.array(images)  # and not a map's copy, which is one by its type
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
