"""Scores to which the codes' units matter, and the codes that they miss for it."""

import numpy as np

from analysis.metrics.mutual_information import information
from analysis.metrics.result import listed, warn
from analysis.metrics.sample import Sample

TELLING = 0.1
"""Share of a factor's entropy, beyond what chance gives, that a code must hold to be missed."""


def relative(sizes: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return sizes * units over the largest of them, whatever the units; (latent,), zeros where all sizes are 0."""
    there = sizes > 0
    if not there.any():
        return np.zeros_like(sizes)
    scaled = sizes * np.where(there, units / units[there].max(), 0.0)
    shares: np.ndarray = scaled / scaled.max()
    return shares


def warn_of_units(sample: Sample, ignored: np.ndarray, score: str, reason: str) -> None:
    """Warn of the codes in a mask (latent,) that tell of a factor; `reason` says what about them is to blame."""
    if not ignored.any() or not sample.factors.shape[1]:
        return
    missed = ignored & _telling(sample)
    if missed.any():
        rule = f"codes {listed(missed)} tell of a factor and hardly count in {score}, for {reason}"
        warn(f"{rule}: standardise the codes")


def _telling(sample: Sample) -> np.ndarray:
    info = sample.once(information)
    chance = (sample.bins - 1) * (np.array(sample.sizes) - 1) / (2 * len(sample.codes))
    telling: np.ndarray = np.any(info.mutual - chance > TELLING * info.factor_entropy, axis=1)
    return telling
