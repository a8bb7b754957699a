"""Latent dimensions, moved one at a time and laid out in a plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vae.errors import ConfigError

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Traversal:
    """What a decoder makes of an image's code when one dimension at a time is set to other values."""

    images: Floats
    """(dim, step, height, width[, channel])."""
    dims: npt.NDArray[np.int64]
    """(dim,): which latent dimension each row moves."""
    places: Floats
    """(dim, step): what it is set to."""
    quantiles: npt.NDArray[np.float64]
    """(step,): the share of the aggregate posterior that lies below each value."""
    kl_nats: npt.NDArray[np.float64]
    """(dim,): each dimension's KL on the test split, nats per image; NaN for an AE."""


def check_dims(dims: Sequence[int], latent_dim: int) -> npt.NDArray[np.int64]:
    """Return dimensions as an array (dim,); ConfigError where there is none or one that is not there."""
    chosen = np.asarray(dims, dtype=np.int64)
    if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= latent_dim:
        raise ConfigError(f"dims must name latent dimensions from 0 to {latent_dim - 1}, got {list(dims)}")
    return chosen


def in_two_dimensions(codes: Floats) -> Floats:
    """Return codes (sample, latent) as (sample, 2): themselves, their two principal components, or beside a 0."""
    if codes.shape[1] == 2:
        return codes
    from sklearn.decomposition import PCA

    components = min(2, *codes.shape)
    plane = np.zeros((len(codes), 2), dtype=np.float32)
    plane[:, :components] = codes[:, :components] if codes.shape[1] == 1 else PCA(components).fit_transform(codes)
    return plane
