"""DCI: disentanglement, completeness and informativeness from how much each code matters to predict each factor.

Importances are those of tree ensembles. `forest`, the default, is 20 extremely randomised trees that look at all codes
in every split and stop at leaves of 5 rows: seconds where `gbt`, the reference's gradient boosting (100 stages of
depth 3), takes minutes. The two give different numbers, so a score names its backend in its details; compare only
scores of one backend. Trees see standardised codes with extreme values drawn in: units and offsets change nothing, and
a few outliers little, though the forest draws its thresholds between the smallest and the largest code.
"""

from typing import Any, NamedTuple

import numpy as np

from analysis.metrics.extremes import draw_in, standardise
from analysis.metrics.fitting import fit
from analysis.metrics.result import Score
from analysis.metrics.sample import Sample, split_rows

TREES, LEAST_LEAF = 20, 5
NOTHING = 1e-11
"""Added to every importance, as in disentanglement_lib, so that a code of no importance is spread evenly."""


class Importances(NamedTuple):
    """What one fit per factor gives, for all three scores."""

    matrix: np.ndarray
    """(code, factor), columns sum to 1 or are 0."""
    train_accuracy: np.ndarray
    test_accuracy: np.ndarray


def importances(sample: Sample) -> Importances:
    """Fit one ensemble a factor on the train rows; return importances and accuracies."""
    codes, factors, codes_test, factors_test = sample.once(draw_in).once(split_rows)
    codes, codes_test = standardise(codes, codes_test)
    matrix = np.zeros((codes.shape[1], factors.shape[1]))
    accuracy = np.empty((2, factors.shape[1]))
    for column, (labels, labels_test) in enumerate(zip(factors.T, factors_test.T, strict=True)):
        if len(np.unique(labels)) > 1:
            model = fit(_ensemble(sample), codes, labels)
            matrix[:, column] = model.feature_importances_
            predicted, predicted_test = model.predict(codes), model.predict(codes_test)
        else:  # the factor varies in the test rows alone
            predicted = predicted_test = labels[0]
        accuracy[:, column] = np.mean(predicted == labels), np.mean(predicted_test == labels_test)
    return Importances(matrix, *accuracy)


def dci_disentanglement(sample: Sample) -> Score:
    """Return 1 - entropy of a code's importances over factors (base f), mean over codes weighted by importance."""
    found = sample.once(importances)
    per_code = concentration(found.matrix)
    value = np.sum(per_code * _shares(found.matrix.sum(axis=1)))
    return sample.score(value, per_code=per_code, **_details(sample, found))


def dci_completeness(sample: Sample) -> Score:
    """Return 1 - entropy of a factor's importances over codes (base c), mean over factors weighted by importance."""
    found = sample.once(importances)
    per_factor = concentration(found.matrix.T)
    value = np.sum(per_factor * _shares(found.matrix.sum(axis=0)))
    return sample.score(value, per_factor=per_factor, **_details(sample, found))


def dci_informativeness(sample: Sample) -> Score:
    """Return the mean over factors of the test accuracy: higher is better, unlike the paper's error."""
    found = sample.once(importances)
    return sample.score(found.test_accuracy.mean(), per_factor=found.test_accuracy, **_details(sample, found))


def concentration(importance: np.ndarray) -> np.ndarray:
    """Return per row 1 - its entropy in base of the row's length: 1 for one entry, 0 for an even or an empty row."""
    shares = importance + NOTHING
    shares /= shares.sum(axis=1, keepdims=True)
    even = np.log(max(importance.shape[1], 2))
    per_row = 1 + np.sum(shares * np.log(shares), axis=1) / even
    return np.where(importance.sum(axis=1) > 0, np.maximum(per_row, 0.0), 0.0)


def _ensemble(sample: Sample) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

    if sample.dci_backend == "gbt":
        return GradientBoostingClassifier(random_state=sample.seed)
    return ExtraTreesClassifier(TREES, max_features=None, min_samples_leaf=LEAST_LEAF, random_state=sample.seed)


def _shares(weights: np.ndarray) -> np.ndarray:
    shares: np.ndarray = weights / max(weights.sum(), NOTHING)
    return shares


def _details(sample: Sample, found: Importances) -> dict[str, Any]:
    return {
        "backend": sample.dci_backend,
        "importance": found.matrix.tolist(),
        "train_accuracy": float(found.train_accuracy.mean()),
    }
