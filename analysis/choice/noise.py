"""What a seed does to a run, by two-way analysis: trial means free of it, and the noise that is left of one seed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]
LARGEST = 1e150
"""The square of a larger value has no place among finite numbers: it counts as missing."""
DOUBT = 0.01
"""The level of the F test by which a study is said to tell anything."""
LEAST_SHARE = 1e-5
"""Of the typical variance, below which none is taken to lie, where its logarithm is needed."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Trials and seeds taken apart; larger values are better."""

    trials: npt.NDArray[np.int64]
    means: Floats
    """A trial's mean, less what its seeds do to all trials."""
    counts: npt.NDArray[np.int64]
    """Seeds of each trial."""
    variances: Floats
    """Of one seed, a trial each; NaN where no trial has two seeds."""
    pooled: float
    """The variance of one seed over the better half of the trials."""
    degrees: float
    """Degrees of freedom of each of `variances`."""
    p_value: float
    """Of the F test that no trial differs from another; 1 where it cannot be made."""
    _of_seeds: Floats
    """What not knowing the seeds' effects exactly adds to the covariance of `means`, in units of `pooled`."""

    @property
    def differs(self) -> bool:
        """Whether any trial differs from another: of studies of noise alone, DOUBT are said to."""
        return self.p_value < DOUBT

    @property
    def is_balanced(self) -> bool:
        """Whether all trials have equally many seeds."""
        return bool((self.counts == self.counts[0]).all())

    def errors(self, best: int) -> Floats:
        """Return the standard error of each trial's difference to that at place `best`; of its own, 0."""
        of_seeds, own = self._of_seeds, self.variances / self.counts
        shared = of_seeds.diagonal() + of_seeds[best, best] - 2 * of_seeds[best]
        errors = np.sqrt(own + own[best] + self.pooled * np.maximum(shared, 0.0))
        errors[best] = 0.0
        return np.asarray(errors)


def noise_of(table: pd.DataFrame) -> Noise:
    """Take apart a table of values, a row a trial and a column a seed, NaN where a trial lacks a seed.

    Values are trial + seed + noise, fitted by least squares (a two-way layout, Scheffé 1959, chapter 4). Of three seeds
    nobody knows a variance: those of the better half of the trials are pooled as far as they agree, by the moderated
    variances of Smyth (2004, https://doi.org/10.2202/1544-6115.1027). Poor trials take no part in that, for their noise
    is another.
    """
    table = table.where(table.abs() < LARGEST).dropna(how="all")
    y = table.to_numpy(dtype=float)
    known = np.isfinite(y)
    counts, raw = known.sum(axis=1), np.nanmean(y, axis=1)
    half = np.zeros(len(y), dtype=bool)
    half[np.argsort(-raw, kind="stable")[: max(2, -(-len(y) // 2))]] = True
    weights = known / counts[:, None]
    deviations = np.where(known, y - raw[:, None], 0.0)
    inside = known[half]
    system = np.diag(inside.sum(axis=0)) - inside.T @ weights[half]
    inverse = np.linalg.pinv(system, hermitian=True)
    seeds = inverse @ deviations[half].sum(axis=0)
    residuals = np.where(known, deviations - (seeds - (weights @ seeds)[:, None]), 0.0)
    spare = int((counts[half] - 1).sum())
    total = max(spare - int(np.linalg.matrix_rank(system, hermitian=True)), 0)
    squares = np.square(residuals).sum(axis=1)
    means, of_seeds = raw - weights @ seeds, weights @ inverse @ weights.T
    degrees = np.where(half, (counts - 1) * (total / max(spare, 1)), counts - 1.0)
    pooled = float(squares[half].sum() / total) if total else np.nan
    variances, of_one = _moderated(squares, degrees, half, pooled, total)
    return Noise(
        trials=table.index.to_numpy(dtype=np.int64),
        means=means,
        counts=counts,
        variances=variances,
        pooled=pooled,
        degrees=of_one,
        p_value=_p_value(means, np.diag(1 / counts) + of_seeds, squares, degrees),
        _of_seeds=of_seeds,
    )


def _moderated(
    squares: Floats, degrees: Floats, half: npt.NDArray[np.bool_], pooled: float, total: int
) -> tuple[Floats, float]:
    """Return a variance a trial, drawn towards what those of the better half have in common, and their degrees."""
    if not total:
        return np.full(len(squares), np.nan), 0.0
    own = degrees > 0
    alone = np.divide(squares, degrees, out=np.zeros_like(squares), where=own)
    prior, strength = _prior(alone[half & own], degrees[half & own])
    if not np.isfinite(strength):
        return np.full(len(squares), pooled), float(total)
    variances = (strength * prior + squares) / (strength + degrees)
    return variances, min(strength + float(degrees[own].min()), float(total))


def _prior(variances: Floats, degrees: Floats) -> tuple[float, float]:
    """Return the common variance and its degrees of freedom, by moments of the logarithms (Smyth 2004, section 6.2)."""
    if len(variances) < 3 or not variances.max():
        return np.nan, np.inf
    logs = np.log(np.maximum(variances, LEAST_SHARE * np.median(variances[variances > 0])))
    centred = logs - special.digamma(degrees / 2) + np.log(degrees / 2)
    excess = float(centred.var(ddof=1) - special.polygamma(1, degrees / 2).mean())
    if excess <= special.polygamma(1, 1e4):
        return np.nan, np.inf
    half = float(optimize.brentq(lambda x: special.polygamma(1, x) - excess, 1e-3, 1e4)) if excess < 1e5 else 1e-3
    return float(np.exp(centred.mean() + special.digamma(half) - np.log(half))), 2 * half


def _p_value(means: Floats, covariance: Floats, squares: Floats, degrees: Floats) -> float:
    """Of the F test that all means are one, given their covariance in units of the noise."""
    spare, others = float(degrees.sum()), len(means) - 1
    if spare <= 0 or not others:
        return 1.0
    solved = np.linalg.solve(covariance, np.column_stack([means, np.ones_like(means)]))
    centre = solved[:, 0].sum() / solved[:, 1].sum()
    between = float((means - centre) @ (solved[:, 0] - centre * solved[:, 1])) / others
    within = float(squares.sum()) / spare
    return float(stats.f.sf(between / within, others, spare)) if within > 0 else float(between == 0)
