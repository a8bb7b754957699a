"""Scores from the mutual information between binned codes and factors.

Each code is put into equal-width bins from its smallest to its largest value (20 by default, as in
disentanglement_lib), factors stay as they are; entropies are those of the counts, in nats. A few
extreme values take most of the bins, in the reference as here: a warning names their code. With fewer bins than a
factor has values, no representation reaches 1: `score` reports what a perfect one reaches.
"""

from typing import Any, NamedTuple

import numpy as np

from analysis.metrics.result import Score
from analysis.metrics.sample import Sample

ROUNDING = 1e-12
"""Mutual information below this is 0: without it, the ratios of codes that tell nothing would be ratios of noise."""


class Information(NamedTuple):
    """Entropies and mutual information of binned codes and factors, in nats."""

    mutual: np.ndarray
    """(code, factor)"""
    joint_entropy: np.ndarray
    """(code, factor)"""
    code_entropy: np.ndarray
    factor_entropy: np.ndarray


def information(sample: Sample) -> Information:
    """Return mutual information, joint and marginal entropies of all pairs of a code and a factor, in nats."""
    binned = bin_columns(sample.codes, sample.bins)
    sizes = sample.sizes
    joint = np.array(
        [
            [entropy(np.bincount(code * size + factor)) for factor, size in zip(sample.factors.T, sizes, strict=True)]
            for code in binned.T
        ]
    )
    code_entropy = np.array([entropy(np.bincount(code)) for code in binned.T])
    factor_entropy = np.array([entropy(np.bincount(factor)) for factor in sample.factors.T])
    mutual = code_entropy[:, None] + factor_entropy - joint
    return Information(np.where(mutual < ROUNDING, 0.0, mutual), joint, code_entropy, factor_entropy)


def bin_columns(columns: np.ndarray, bins: int) -> np.ndarray:
    """Return the equal-width bin (from 0) of every value between the smallest and the largest of its column.

    A value that only rounding keeps below an edge is on it: bins do not depend on a column's unit.
    """
    binned = np.empty(columns.shape[::-1], dtype=np.int64)
    for row, column in zip(binned, columns.T, strict=True):
        edges = np.histogram_bin_edges(column, bins)
        rounding = 4 * np.spacing(np.abs(edges).max())
        row[:] = np.searchsorted(edges[1:-1] - rounding, column, side="right")
    return binned.T


def entropy(counts: np.ndarray) -> float:
    """Return the entropy of a histogram, in nats."""
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))


def gap(matrix: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the largest minus the second largest entry along an axis; a missing second counts as 0."""
    ordered = np.sort(matrix, axis=axis)
    largest = np.take(ordered, -1, axis=axis)
    second = np.take(ordered, -2, axis=axis) if matrix.shape[axis] > 1 else 0.0
    difference: np.ndarray = largest - second
    return difference


def mig(sample: Sample) -> Score:
    """Return the mean over factors of the gap between the two most informative codes, over the factor's entropy."""
    info = sample.once(information)
    per_factor = gap(info.mutual) / info.factor_entropy
    return sample.score(per_factor.mean(), per_factor=per_factor, **_details(sample, info))


def mig_sup(sample: Sample) -> Score:
    """Return the mean over codes of the gap between the two best known factors, over the code's entropy.

    A constant code has no entropy and scores 0 (the reference returns NaN for the whole score).
    """
    info = sample.once(information)
    per_code = _ratio(gap(info.mutual, axis=1), info.code_entropy)
    return sample.score(per_code.mean(), per_code=per_code, **_details(sample, info))


def dcimig(sample: Sample) -> Score:
    """Return the sum over factors of the largest gap of a code that knows this factor best, over all entropies."""
    info = sample.once(information)
    gaps = np.zeros_like(info.mutual)
    codes = np.arange(len(gaps))
    gaps[codes, info.mutual.argmax(axis=1)] = gap(info.mutual, axis=1)
    best = gaps.max(axis=0)
    value = best.sum() / info.factor_entropy.sum()
    return sample.score(value, per_factor=best / info.factor_entropy, **_details(sample, info))


def jemmig(sample: Sample) -> Score:
    """Return 1 - (H(best code, factor) - MIG's gap) / (H(factor) + log bins), mean over factors.

    Of codes that are equally informative, the best is the most compact, of the smallest entropy: the score does not
    depend on the order of the codes (the reference takes the last). All codes constant is not 0: a code of no entropy
    is as compact as can be.
    """
    info = sample.once(information)
    is_best = info.mutual >= info.mutual.max(axis=0) - ROUNDING
    joint = np.where(is_best, info.joint_entropy, np.inf).min(axis=0)
    per_factor = 1 - (joint - gap(info.mutual)) / (info.factor_entropy + np.log(sample.bins))
    return sample.score(per_factor.mean(), per_factor=per_factor, **_details(sample, info))


def modularity(sample: Sample) -> Score:
    """Return the mean over codes of 1 - the squared information on all but the best factor, over (f - 1) times its.

    A constant code scores 0; a code of pure noise scores 0.5 to 0.7: read it against the floor.
    """
    info = sample.once(information)
    squared = info.mutual**2
    best = squared.max(axis=1)
    others = max(squared.shape[1] - 1, 1)
    per_code = np.where(best > 0, np.maximum(1 - _ratio(squared.sum(axis=1) - best, best * others), 0.0), 0.0)
    return sample.score(per_code.mean(), per_code=per_code, **_details(sample, info))


def _details(sample: Sample, info: Information) -> dict[str, Any]:
    return {"bins": sample.bins, "mutual_information": info.mutual.tolist()}


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio
