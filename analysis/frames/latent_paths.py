"""Places in a latent space: between two codes, and around one."""

from collections.abc import Callable

import numpy as np

from analysis.arrays import Float32, Float64

PARALLEL = 1e-6
"""Sine of the angle below which two codes span no plane to turn in."""


def linear(first: Float32, last: Float32, steps: int) -> Float32:
    """Return `steps` codes from first to last (latent,), both included, on a straight line: (step, latent)."""
    share = _shares(steps)
    return np.asarray((1 - share) * first + share * last, dtype=np.float32)


def spherical(first: Float32, last: Float32, steps: int) -> Float32:
    """Return `steps` codes from first to last, both included, (step, latent): direction turns, length changes, evenly.

    Codes of equal length keep it on the way (Shoemake 1985, for directions). Where no plane is given to turn in (a
    code at 0, the same or the opposite direction, one latent dimension) it is the straight line.
    """
    ends = np.stack([first, last]).astype(np.float64)
    lengths = np.linalg.norm(ends, axis=1)
    if lengths.min() == 0:
        return linear(first, last, steps)
    start, end = ends / lengths[:, None]
    angle = np.arccos(np.clip(start @ end, -1.0, 1.0))
    if np.sin(angle) < PARALLEL:
        return linear(first, last, steps)
    share = _shares(steps)
    directions = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)
    codes = np.asarray(((1 - share) * lengths[0] + share * lengths[1]) * directions, dtype=np.float32)
    codes[[0, -1]] = first, last
    return codes


PATHS: dict[str, Callable[[Float32, Float32, int], Float32]] = {"linear": linear, "spherical": spherical}


def sphere(centre: Float32, radius: float, n: int, seed: int = 0) -> Float32:
    """Return n codes at exactly `radius` from a centre (latent,), directions uniform, (n, latent).

    A seed gives the same directions at every radius.
    """
    directions = np.random.default_rng(seed).standard_normal((n, len(centre)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(centre + radius * directions, dtype=np.float32)


def _shares(steps: int) -> Float64:
    return np.linspace(0.0, 1.0, steps)[:, None]
