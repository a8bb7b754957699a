"""Where the rate-distortion plane ends on the left: the distortion of a decoder that is told nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vae.errors import VaekitError
from vae.zero_rate import MOST_PIXELS, zero_rate_distortion_nats

if TYPE_CHECKING:
    from analysis.frames.sweep import Sweep


@dataclass(frozen=True)
class ZeroRate:
    """The zero-rate point (0, D0) of a sweep's plane."""

    nats: float | None
    """D0 in nats per test image; None where the images cannot be read, or no image differs from another."""
    train_images: int = 0
    """How many train images the decoder's constant pixels are fitted to; 0 where they cannot be read."""


def zero_rate(sweep: Sweep) -> ZeroRate:
    """Return the zero-rate point of a sweep's data and likelihood, in bounded memory."""
    try:
        most = max(1, MOST_PIXELS // math.prod(sweep.image_shape))
        train, test = (sweep.images(split, sweep.thinned(split, most)) for split in ("train", "test"))
    except VaekitError:
        return ZeroRate(None)
    likelihood, sigma = sweep.spec.get("likelihood", "bernoulli"), sweep.spec.get("sigma", "learned")
    nats = zero_rate_distortion_nats(train, test, likelihood, sigma)
    return ZeroRate(nats if math.isfinite(nats) else None, len(train))
