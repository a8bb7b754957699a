"""SAP: how far the best single code predicts a factor better than the second best."""

import numpy as np

from analysis.metrics.mutual_information import gap
from analysis.metrics.result import Score
from analysis.metrics.sample import Sample, split_rows
from analysis.metrics.threshold_svm import PENALTY, fit_threshold_svms
from analysis.metrics.units import warn_of_units

SMALLEST, LARGEST = 2.0**-100, 2.0**40
"""Units beyond which the machines stay as they are: all penalty, or none."""


def sap(sample: Sample) -> Score:
    """Return the mean over factors of the gap in test accuracy between the two best single codes.

    Each code predicts each factor by a one-vs-rest linear SVM (C = 0.01, balanced classes) that is fitted to its
    optimum. On one axis such a machine seldom selects a middle value: a perfect representation of dSprites scores
    0.248. The penalty is on weight and intercept, so that units and origin matter, as in the reference: no rescaling
    keeps its numbers (codes over their deviation move them by up to 0.012). A warning names the codes that tell of a
    factor while the penalty takes half the weight or more.
    """
    codes, factors, codes_test, factors_test = sample.once(split_rows)
    units = np.clip(sample.units, SMALLEST, LARGEST)
    codes, codes_test = codes * units, codes_test * units
    _warn_of_penalised(sample, codes)
    if codes.shape[1] == 1:
        codes, codes_test = _with_constant(codes), _with_constant(codes_test)
    accuracy = np.empty((codes.shape[1], factors.shape[1]))
    for row, code, code_test in zip(accuracy, codes.T, codes_test.T, strict=True):
        weights, intercepts = fit_threshold_svms(code, factors, sample.sizes)
        margins = code_test[:, None] * weights + intercepts
        blocks = np.split(margins, np.cumsum(sample.sizes)[:-1], axis=1)
        predicted = np.column_stack([block.argmax(axis=1) for block in blocks])
        row[:] = np.mean(predicted == factors_test, axis=0)
    per_factor = gap(accuracy)
    return sample.score(per_factor.mean(), per_factor=per_factor, accuracy=accuracy.tolist())


def sap_r2(sample: Sample) -> Score:
    """Return the mean over factors of the gap in squared correlation between the two best single codes.

    Units do not matter: a code explains nothing only where it is constant (the reference: of variance <= 1e-12).
    """
    codes = sample.codes - sample.codes.mean(axis=0)
    values = sample.values - sample.values.mean(axis=0)
    variance = np.outer(np.sum(codes**2, axis=0), np.sum(values**2, axis=0))
    alive = np.ptp(sample.codes, axis=0) > 0
    squared = np.divide((codes.T @ values) ** 2, variance, out=np.zeros_like(variance), where=alive[:, None])
    per_factor = gap(squared)
    return sample.score(per_factor.mean(), per_factor=per_factor, squared_correlation=squared.tolist())


def _warn_of_penalised(sample: Sample, codes: np.ndarray) -> None:
    """The slope of one class against another would be halved where 2 C n variance = 1 + mean^2."""
    freedom = 2 * PENALTY * len(codes) * codes.var(axis=0)
    penalised = freedom < 1 + codes.mean(axis=0) ** 2
    warn_of_units(sample, penalised, "SAP", "being too small, or too far from 0, beside its penalty")


def _with_constant(codes: np.ndarray) -> np.ndarray:
    return np.column_stack([codes, np.zeros(len(codes))])
