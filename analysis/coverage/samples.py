"""Two samples side by side: their checks, and their distances in blocks that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.arrays import Float64, Floating
from vae.errors import DataError

BLOCK = 4_000_000
"""Numbers in one block of distances: 32 MB in float64."""


def checked(samples: Floating, others: Floating) -> tuple[Float64, Float64]:
    """Return two samples as float64 (sample, latent); DataError unless each has two finite rows of one width."""
    first, second = (np.asarray(points, np.float64) for points in (samples, others))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or first.shape[1] == 0:
        raise DataError(f"samples must be (sample, latent) of one width, got {first.shape} and {second.shape}")
    if min(len(first), len(second)) < 2:
        raise DataError(f"a sample must have at least 2 rows, got {len(first)} and {len(second)}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise DataError("samples must be finite, got NaN or infinity")
    return first, second


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield the rows of a (rows, columns) matrix, BLOCK numbers at a time."""
    size = max(BLOCK // max(columns, 1), 1)
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def squared_distances(rows: Floating, columns: Floating) -> Floating:
    """Return squared Euclidean distances (row, column) in the inputs' precision, never (row, column, latent)."""
    squared: Floating = np.einsum("ij,ij->i", rows, rows)[:, None] + np.einsum("ij,ij->i", columns, columns)
    squared -= 2 * (rows @ columns.T)
    np.maximum(squared, 0, out=squared)
    return squared


def neighbour_distances(points: Floating, among: Floating | None, k: int) -> Float64:
    """Return each point's distance to its k-th nearest of `among`, (point,); None: of the other points."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k).fit(points if among is None else among)
    distances, _ = search.kneighbors(None if among is None else points)
    return np.asarray(distances[:, -1], np.float64)
