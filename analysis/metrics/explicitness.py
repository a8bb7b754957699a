"""Explicitness: how well a linear classifier reads each factor from all codes."""

import numpy as np

from analysis.metrics.extremes import draw_in, standardise
from analysis.metrics.fitting import fit
from analysis.metrics.result import Score
from analysis.metrics.sample import Sample, split_rows

CHANCE = 0.5


def explicitness(sample: Sample) -> Score:
    """Return the mean over factors of the one-vs-rest ROC-AUC (macro, test rows) of a logistic regression.

    Chance is 0.5. Codes are standardised by their train rows, extreme values drawn in; a constant code becomes 0.
    Values of a factor that the train or the test rows lack are left out of its mean; a factor with nothing left scores
    0.5.
    """
    codes, factors, codes_test, factors_test = sample.once(draw_in).once(split_rows)
    scaled, scaled_test = standardise(codes, codes_test)
    per_factor = np.array(
        [_area(scaled, labels, scaled_test, test) for labels, test in zip(factors.T, factors_test.T, strict=True)]
    )
    return sample.score(per_factor.mean(), per_factor=per_factor)


def _area(codes: np.ndarray, labels: np.ndarray, codes_test: np.ndarray, labels_test: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(labels)) < 2:
        return CHANCE
    classifier = fit(LogisticRegression(), codes, labels)
    members = labels_test[:, None] == classifier.classes_
    decidable = members.any(axis=0) & ~members.all(axis=0)
    if not decidable.any():
        return CHANCE
    return float(roc_auc(classifier.predict_proba(codes_test)[:, decidable], members[:, decidable]).mean())


def roc_auc(scores: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return per column the chance that a member scores higher than a non-member, ties counting half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    inside = members.sum(axis=0)
    outside = len(members) - inside
    area: np.ndarray = ((ranks * members).sum(axis=0) - inside * (inside + 1) / 2) / (inside * outside)
    return area
