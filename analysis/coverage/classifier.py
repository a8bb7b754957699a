"""One small network for all that is told apart here: two samples, and classes of images."""

import warnings
from typing import Any

import numpy as np

from analysis.arrays import Floating, Int64

HIDDEN = 64
ENOUGH = 20
"""Rows a class from which a tenth is held back to stop training early."""


def fit_classifier(features: Floating, labels: Int64, seed: int, *, penalty: float, stop_early: bool) -> Any:
    """Return a fitted network of one hidden layer (predict_proba, classes_) on (sample, feature) and (sample,).

    `stop_early` ends training where accuracy on held-back rows no longer rises, which leaves probabilities unsure.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    held_back = stop_early and bool(np.unique(labels, return_counts=True)[1].min() >= ENOUGH)
    network = MLPClassifier(
        (HIDDEN,),
        alpha=penalty,
        batch_size=min(max(len(features) // 16, 8), 200, len(features)),
        learning_rate_init=3e-3,
        early_stopping=held_back,
        n_iter_no_change=5,
        max_iter=40,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter bounds the time; held-out rows judge
        return network.fit(features, labels)
