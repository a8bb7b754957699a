"""The intrinsic dimension of samples, from the distances to their nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.statistics.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.arrays import Float64, Floating

NEIGHBOURS = 20
"""Of the maximum-likelihood estimate: fewer are noisier, more see less of what is local."""
KEPT = 0.9
"""Share of the smallest ratios that Two-NN's line is fitted to."""
FEWEST, MOST = 100, 2_500
"""Samples, without duplicates: below them nothing is estimated, and of more so many are drawn."""
RESAMPLES = 200
COLUMNS = ("estimator", "dimension", "low", "high", "samples", "duplicates")


def intrinsic_dimension(samples: Floating, seed: int = 0) -> pd.DataFrame:
    """Return the intrinsic dimension of samples (sample, feature) by two estimators: COLUMNS, a row each.

    Duplicates, which have no ratio of distances, are dropped; low and high are the middle 95 % over bootstrap resamples
    of the samples' ratios. No row where fewer than FEWEST samples differ.
    """
    rng = np.random.default_rng(seed)
    flat = samples.reshape(len(samples), -1)
    distinct = np.unique(flat, axis=0).astype(np.float64)
    rows = []
    if len(distinct) >= FEWEST:
        chosen = distinct[np.sort(rng.permutation(len(distinct))[:MOST])]
        distances = _distances(chosen)
        for name, ratios, estimate in (
            ("Two-NN", distances[:, 1] / distances[:, 0], two_nn),
            ("maximum likelihood", _log_ratios(distances), maximum_likelihood),
        ):
            low, high = _interval(ratios, estimate, rng)
            rows.append((name, estimate(ratios), low, high, len(chosen), len(flat) - len(distinct)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def two_nn(ratios: Float64) -> float:
    """Return the dimension of which the ratios (sample,) of the second to the first neighbour's distance speak.

    The slope, through 0, of -log(1 - F) on the logarithm of the ratio, over the smallest KEPT of them: F is their
    empirical distribution (Facco et al. 2017, https://doi.org/10.1038/s41598-017-11873-y).
    """
    count = int(KEPT * len(ratios))
    across = np.log(np.sort(ratios)[:count])
    up = -np.log1p(-np.arange(1, count + 1) / len(ratios))
    return float(across @ up / (across @ across))


def maximum_likelihood(log_ratios: Float64) -> float:
    """Return the dimension from each sample's mean logarithm of the ratios of its last neighbour's distance to others.

    Levina & Bickel 2004; averaged over samples as inverses, after MacKay and Ghahramani, which leaves no bias.
    """
    return float(1 / log_ratios.mean())


def _log_ratios(distances: Float64) -> Float64:
    return np.asarray(np.log(distances[:, -1:] / distances[:, :-1]).mean(axis=1))


def _distances(samples: Float64) -> Float64:
    """Distances of each sample to its NEIGHBOURS nearest, itself not counted, the nearest first."""
    from sklearn.neighbors import NearestNeighbors

    centred = samples - samples.mean(axis=0)
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(centred)
    distances: Float64 = neighbours.kneighbors()[0]
    return distances[distances[:, 0] > 0]  # of samples that differ by less than rounding it may be 0


def _interval(ratios: Float64, estimate: Callable[[Float64], float], rng: np.random.Generator) -> tuple[float, float]:
    resampled = [estimate(ratios[rng.integers(len(ratios), size=len(ratios))]) for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
