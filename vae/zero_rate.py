"""Where the rate-distortion plane ends on the left: the distortion of a decoder that is told nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vae.config import LIKELIHOODS, one_of, positive

if TYPE_CHECKING:
    from vae.data import Data

Array = npt.NDArray[np.float64]
Images = npt.NDArray[np.floating]
HALVINGS = 100
"""Steps of a bisection: no float64 is left between its ends."""
AT_ONCE = 1024
"""Images whose squares stand in memory."""
MOST_PIXELS = 60_000 * 784
"""Of a split that D0 is computed from: a larger one is thinned evenly, to some 190 MB."""


def zero_rate_of_training_nats(data: "Data", likelihood: str, sigma: float | str) -> float:
    """Return D at rate 0 on the train split, in nats per image and bounded memory: what knowing nothing costs there."""
    train = data.pixels(data.train[thinned(len(data.train), data.n_pixels)])
    return zero_rate_distortion_nats(train, train, likelihood, sigma)


def thinned(samples: int, pixels: int) -> npt.NDArray[np.int64]:
    """Return the places of a split that D0 is computed from: all, or evenly spaced ones where memory is short."""
    most = max(1, MOST_PIXELS // pixels)
    return np.linspace(0, samples - 1, min(samples, most)).round().astype(np.int64)


def zero_rate_distortion_nats(
    images_train: Images,
    images_test: Images,
    likelihood: str = "bernoulli",
    sigma: float | str = "learned",
) -> float:
    """Return D at rate 0, in nats per test image: -log p(x) under the best independent pixels of the train images.

    Images are (image, ...), any trailing shape, in [0, 1] but for gaussian. The decoder is then constant, and its
    maximum likelihood depends on each pixel's train mean alone (gaussian: and on one sigma for all pixels, `learned`
    or given). Exact: a run that collapsed wholly lies at (0, D) (Alemi et al. 2018, arXiv 1711.00464, section 2).
    A pixel that never changes in training is taken to do so in half an image, else one test image makes it infinite.
    Where no train image differs from another, a density with a learned sigma has no best value: -inf, and inf where a
    test image differs. Raises ConfigError for another likelihood or a sigma that is not positive.
    """
    one_of(LIKELIHOODS, likelihood=likelihood)
    train, test = (images.reshape(len(images), -1) for images in (images_train, images_test))
    means = train.mean(axis=0, dtype=np.float64)
    if likelihood == "gaussian":
        return _gaussian(train, test, means, sigma)
    half = 0.5 / len(train)
    inside = np.clip(means, half, 1.0 - half)
    return _from_logits[likelihood](test.mean(axis=0, dtype=np.float64), inside)


def _gaussian(train: Images, test: Images, means: Array, sigma: float | str) -> float:
    if sigma == "learned":
        if not np.ptp(train, axis=0).any():
            return -np.inf if (test == train[0]).all() else np.inf
        variance = _mean_square(train, means)
    else:
        positive(sigma=float(sigma))
        variance = float(sigma) ** 2
    squares = _mean_square(test, means)
    return float(0.5 * len(means) * (squares / variance + np.log(2 * np.pi * variance)))


def _mean_square(images: Images, means: Array) -> float:
    """Mean square distance of (image, pixel) from (pixel,), a few images at a time: without a float64 copy of all."""
    parts = (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))
    return float(sum(np.square(part - means).sum() for part in parts) / images.size)


def _bernoulli(pixels: Array, means: Array) -> float:
    return float(-(pixels * np.log(means) + (1.0 - pixels) * np.log1p(-means)).sum())


def _continuous_bernoulli(pixels: Array, means: Array) -> float:
    logits = continuous_bernoulli_logits(means)
    # l / tanh(l / 2) is 2 at 0
    safe = np.where(logits == 0.0, 1.0, logits)
    normaliser = np.where(logits == 0.0, np.log(2.0), np.log(safe / np.tanh(safe / 2)))
    return float((np.logaddexp(0.0, logits) - pixels * logits - normaliser).sum())


_from_logits: dict[str, Callable[[Array, Array], float]] = {
    "bernoulli": _bernoulli,
    "continuous_bernoulli": _continuous_bernoulli,
}


def continuous_bernoulli_logits(means: Array) -> Array:
    """Return the logits at which a continuous Bernoulli has these means, both (pixel,), means inside (0, 1).

    Solves 1/2 + (coth(l / 2) - 2 / l) / 2 = mean by bisection (Loaiza-Ganem & Cunningham 2019, arXiv 1907.06845).
    """
    # the mean at a logit -a is below 1 / a, so the logit is no larger than 1 / mean
    bound = 1.0 / np.minimum(means, 1.0 - means)
    low, high = -bound, bound
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = _continuous_bernoulli_mean(middle) < means
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def _continuous_bernoulli_mean(logits: Array) -> Array:
    # the two terms cancel near 0, where the mean is 1/2 + l/12
    safe = np.where(np.abs(logits) < 1e-4, 1.0, logits)
    slope = 0.5 / np.tanh(safe / 2) - 1.0 / safe
    return np.asarray(0.5 + np.where(np.abs(logits) < 1e-4, logits / 12, slope))
