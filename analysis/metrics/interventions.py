"""BetaVAE and FactorVAE scores: can the factor that was held fixed be told from the codes?

Every draw holds one random factor fixed. With the codes of the whole factor grid in a table (`beta_vae`,
`factor_vae`), the encoder has run once and a draw is a look-up. On a sample of codes and factors
(`beta_vae_on_sample`, `factor_vae_on_sample`, what METRICS holds) the other rows of a draw are random rows, with
replacement, of those with the same value of the factor: the same law where factors are uniform and independent, with
variances smaller by 1 / (rows of the value). Votes are learned from train rows and counted on test rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.extremes import draw_in
from analysis.metrics.fitting import fit
from analysis.metrics.inputs import make_sample
from analysis.metrics.result import Score, warn
from analysis.metrics.sample import Sample, split_rows
from analysis.metrics.units import warn_of_units
from vae.errors import ConfigError

BATCH, TRAIN_DRAWS, TEST_DRAWS = 64, 10_000, 5_000
"""As in the study of 12,600 models (Locatello et al. 2019)."""
LEAST_DEVIATION = 0.05
"""A code that deviates less takes no part in the FactorVAE score (disentanglement_lib's study): it is meant for codes
whose prior deviates by 1, and the one place where units matter to it."""
CHUNK = 500
"""Draws looked up at once: they stay in the processor's cache."""


class Rows(Protocol):
    """Codes (row, latent) that can be drawn with a factor held fixed."""

    codes: np.ndarray
    n_factors: int

    def alike(self, rng: np.random.Generator, rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return for each row a random one with the same value of its factor (shapes broadcast)."""
        ...


class Grid:
    """The codes of every combination of factor values, the last factor varying fastest."""

    def __init__(self, codes: np.ndarray, sizes: np.ndarray, scored: np.ndarray) -> None:
        self.codes, self.n_factors = codes, len(scored)
        self._sizes = sizes[scored]
        self._strides = (len(codes) // np.cumprod(sizes))[scored]

    def alike(self, rng: np.random.Generator, rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return random points of the grid with one coordinate replaced by that of the given point."""
        size, stride = self._sizes[factor], self._strides[factor]
        other = rng.integers(len(self.codes), size=rows.shape)
        moved: np.ndarray = other + (rows // stride % size - other // stride % size) * stride
        return moved


class Drawn:
    """The codes and factor labels (row, factor) of a random sample."""

    def __init__(self, codes: np.ndarray, labels: np.ndarray) -> None:
        self.codes, self.n_factors = codes, labels.shape[1]
        self._labels = labels
        self._sorted = np.argsort(labels, axis=0, kind="stable")
        size = labels.max() + 1
        self._counts = np.array([np.bincount(column, minlength=size) for column in labels.T])
        self._starts = np.cumsum(self._counts, axis=1) - self._counts

    def alike(self, rng: np.random.Generator, rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return random rows with the same label."""
        label = self._labels[rows, factor]
        place = (rng.random(rows.shape) * self._counts[factor, label]).astype(np.int64)
        found: np.ndarray = self._sorted[self._starts[factor, label] + place, factor]
        return found


def beta_vae(
    table_codes: ArrayLike, grid_sizes: Sequence[int], *, seed: int = 0, scored: Sequence[int] | None = None
) -> Score:
    """Return the accuracy, in [0, 1], of telling the fixed factor from mean |z1 - z2| of 64 pairs of grid points.

    `table_codes` (point, latent) holds every combination of the factors' values in row-major order; `scored` are the
    factors that count, all by default. The classifier sees differences over their mean, extreme values drawn in; the
    reference's sees them as they are, and its accuracy depends on the codes' units. Higgins et al. 2017, section 3,
    https://openreview.net/forum?id=Sy2fzU9gl.
    """
    sample, grid = _grid(table_codes, grid_sizes, seed, scored)
    return _beta_vae(sample, grid, grid)


def factor_vae(
    table_codes: ArrayLike, grid_sizes: Sequence[int], *, seed: int = 0, scored: Sequence[int] | None = None
) -> Score:
    """Return the accuracy, in [0, 1], of the majority vote from the least varying code of 64 grid points.

    Arguments as in `beta_vae`. Kim & Mnih 2018, section 4, arXiv 1802.05983.
    """
    sample, grid = _grid(table_codes, grid_sizes, seed, scored)
    return _factor_vae(sample, grid, grid)


def beta_vae_on_sample(sample: Sample) -> Score:
    """Return the BetaVAE score with pairs of rows that share a factor's value."""
    nearer = sample.once(draw_in)
    split = nearer.once(split_rows)
    return _beta_vae(nearer, Drawn(split.codes, split.factors), Drawn(split.codes_test, split.factors_test))


def factor_vae_on_sample(sample: Sample) -> Score:
    """Return the FactorVAE score with rows that share a factor's value; codes of deviation < 0.05 take no part."""
    nearer = sample.once(draw_in)
    split = nearer.once(split_rows)
    return _factor_vae(nearer, Drawn(split.codes, split.factors), Drawn(split.codes_test, split.factors_test))


def _grid(
    table_codes: ArrayLike, grid_sizes: Sequence[int], seed: int, scored: Sequence[int] | None
) -> tuple[Sample, Grid]:
    sizes = np.asarray(grid_sizes, dtype=np.int64)
    sample = draw_in(make_sample(table_codes, seed=seed))
    if sizes.ndim != 1 or (sizes < 1).any() or sizes.prod() != len(sample.codes):
        raise ConfigError(
            f"table_codes must have a row for each point of the grid {grid_sizes}, got {len(sample.codes)}"
        )
    factors = np.arange(len(sizes)) if scored is None else np.asarray(scored, dtype=np.int64)
    varying = np.isin(np.arange(len(sizes)), factors) & (sizes > 1)
    if varying.sum() < max(len(factors), 1):
        raise ConfigError(
            f"scored factors must have two values or more in the grid {grid_sizes}, got {factors.tolist()}"
        )
    return replace(sample, varying=varying), Grid(sample.codes, sizes, np.flatnonzero(varying))


def _beta_vae(sample: Sample, train: Rows, test: Rows) -> Score:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(sample.seed)
    fixed, differences = _pair_differences(rng, train, TRAIN_DRAWS)
    fixed_test, differences_test = _pair_differences(rng, test, TEST_DRAWS)
    if train.n_factors == 1:
        return _accuracy(sample, train, fixed_test, fixed_test)  # nothing to tell apart
    usual = differences.mean(axis=0)
    usual[usual == 0] = np.inf
    predicted = fit(LogisticRegression(), differences / usual, fixed).predict(differences_test / usual)
    return _accuracy(sample, train, fixed_test, predicted)


def _factor_vae(sample: Sample, train: Rows, test: Rows) -> Score:
    deviation = train.codes.std(axis=0)
    alive = (deviation >= LEAST_DEVIATION / sample.units) & (np.ptp(train.codes, axis=0) > 0)
    warn_of_units(sample, ~alive, "FactorVAE", f"a deviation under {LEAST_DEVIATION}")
    if not alive.any():
        warn(f"no code deviates by {LEAST_DEVIATION} or more: the FactorVAE score is 0")
        return sample.score(0.0, alive=alive.tolist())
    rng = np.random.default_rng(sample.seed)
    fixed, codes = _least_varying(rng, train, train.codes[:, alive] / deviation[alive], TRAIN_DRAWS)
    fixed_test, codes_test = _least_varying(rng, test, test.codes[:, alive] / deviation[alive], TEST_DRAWS)
    votes = np.zeros((alive.sum(), train.n_factors), dtype=np.int64)
    np.add.at(votes, (codes, fixed), 1)
    predicted = votes.argmax(axis=1)[codes_test]
    return _accuracy(sample, train, fixed_test, predicted, alive=alive.tolist(), votes=votes.tolist())


def _pair_differences(rng: np.random.Generator, rows: Rows, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Fixed factor (draw,) and mean absolute difference of pairs that share it (draw, latent)."""
    fixed = rng.integers(rows.n_factors, size=draws)
    differences = []
    for factor in _chunks(fixed):
        first = rng.integers(len(rows.codes), size=(len(factor), BATCH))
        second = rows.alike(rng, first, factor[:, None])
        differences.append(np.abs(rows.codes[first] - rows.codes[second]).mean(axis=1))
    return fixed, np.concatenate(differences)


def _least_varying(
    rng: np.random.Generator, rows: Rows, scaled: np.ndarray, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fixed factor (draw,) and the code that varies least over rows that share a value of it (draw,)."""
    fixed = rng.integers(rows.n_factors, size=draws)
    least = []
    for factor in _chunks(fixed):
        first = rng.integers(len(rows.codes), size=(len(factor), 1))
        drawn = scaled[rows.alike(rng, np.broadcast_to(first, (len(factor), BATCH)), factor[:, None])]
        least.append(drawn.var(axis=1).argmin(axis=1))
    return fixed, np.concatenate(least)


def _chunks(fixed: np.ndarray) -> list[np.ndarray]:
    return np.split(fixed, range(CHUNK, len(fixed), CHUNK))


def _accuracy(sample: Sample, rows: Rows, fixed: np.ndarray, predicted: np.ndarray, **details: Any) -> Score:
    hits = np.bincount(fixed[fixed == predicted], minlength=rows.n_factors)
    per_factor = hits / np.maximum(np.bincount(fixed, minlength=rows.n_factors), 1)
    return sample.score(hits.sum() / len(fixed), per_factor=per_factor, **details)
