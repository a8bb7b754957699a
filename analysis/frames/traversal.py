"""Latent dimensions, moved one at a time and laid out in a plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import Float32, Float64, Int64
from vae.errors import ConfigError

SPAN, STEPS = 0.98, 7
"""The central share of the aggregate posterior that a traversal goes through, and its values."""
MOST_DIMS = 8
"""Latent dimensions that a report and a sheet traverse, those of the largest KL."""


@dataclass(frozen=True, eq=False)
class Traversal:
    """What a decoder makes of an image's code when one dimension at a time is set to other values."""

    images: Float32
    """(dim, step, height, width[, channel])."""
    dims: Int64
    """(dim,): which latent dimension each row moves."""
    places: Float32
    """(dim, step): what it is set to."""
    quantiles: Float64
    """(step,): the share of the aggregate posterior that lies below each value."""
    kl_nats: Float64
    """(dim,): each dimension's KL on the test split, nats per image; NaN for an AE."""


def check_dims(dims: Sequence[int], latent_dim: int) -> Int64:
    """Return dimensions as an array (dim,); ConfigError where there is none or one that is not there."""
    chosen = np.asarray(dims, dtype=np.int64)
    if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= latent_dim:
        raise ConfigError(f"dims must name latent dimensions from 0 to {latent_dim - 1}, got {list(dims)}")
    return chosen


def in_two_dimensions(codes: Float32) -> Float32:
    """Return codes (sample, latent) as (sample, 2): themselves, their two principal components, or beside a 0."""
    if codes.shape[1] == 2:
        return codes
    from sklearn.decomposition import PCA

    components = min(2, *codes.shape)
    plane = np.zeros((len(codes), 2), dtype=np.float32)
    plane[:, :components] = codes[:, :components] if codes.shape[1] == 1 else PCA(components).fit_transform(codes)
    return plane
