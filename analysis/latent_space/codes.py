"""A run's codes in a plane, and codes on a grid in it: arrays in, arrays and frames out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.arrays import Float32, Float64, Int64

AXES = ("first_axis", "second_axis")
SPAN = 0.98
"""The central share of the codes, along either axis, that a grid covers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A plane in a latent space: the space itself where it has two dimensions, else the codes' principal axes."""

    centre: Float64
    """(latent,): the origin of the plane."""
    axes: Float64
    """(latent, 2), orthonormal; of a latent of one dimension the second axis is 0."""
    share: float
    """The share of the codes' variance that lies in the plane; 1 where the codes are all alike."""

    @classmethod
    def of(cls, codes: Float32) -> Plane:
        """Return the plane of codes (sample, latent)."""
        own, latent = codes.astype(np.float64), codes.shape[1]
        if latent <= 2:
            return cls(centre=np.zeros(latent), axes=np.eye(latent, 2), share=1.0)
        centre = own.mean(axis=0)
        _, sizes, directions = np.linalg.svd(own - centre, full_matrices=False)
        axes = np.zeros((latent, 2))
        axes[:, : min(2, len(directions))] = directions[:2].T
        signs = np.sign(axes[np.abs(axes).argmax(axis=0), range(2)])  # else a matter of the library
        total = float(np.square(sizes).sum())
        share = float(np.square(sizes[:2]).sum()) / total if total else 1.0
        return cls(centre=centre, axes=axes * np.where(signs == 0, 1.0, signs), share=share)

    def of_codes(self, codes: Float32) -> Float64:
        """Return where codes (sample, latent) lie, (sample, 2)."""
        return np.asarray((codes - self.centre) @ self.axes)

    def codes_at(self, places: Float64) -> Float32:
        """Return the codes (sample, latent) at places (sample, 2): what is not in the plane is at its mean."""
        return np.asarray(self.centre + places @ self.axes.T, dtype=np.float32)


def grid(places: Float64, steps: int) -> tuple[Float64, Float64]:
    """Return evenly spaced marks, (steps,) each, over the central SPAN of places (sample, 2), from left and bottom."""
    low, high = np.quantile(places, (0.5 - SPAN / 2, 0.5 + SPAN / 2), axis=0)
    across, up = (np.linspace(low[axis], high[axis], steps) for axis in (0, 1))
    return across, up


def at_marks(across: Float64, up: Float64) -> Float64:
    """Return the places of a grid, (row * column, 2), the topmost row first, as a picture has them."""
    x, y = np.meshgrid(across, up[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def code_table(places: Float64, images: Int64, factors: Mapping[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """Return a row a code: its factors, image (index in the test split), and its places along AXES."""
    return pd.DataFrame({**factors, "image": images} | dict(zip(AXES, places.T, strict=True)))
