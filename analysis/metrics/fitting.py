"""Fits of scikit-learn's models as the scores define them: silent about what the definitions accept."""

import warnings
from typing import Any

import numpy as np


def fit(model: Any, inputs: np.ndarray, targets: np.ndarray) -> Any:
    """Fit and return the model; it may stop before it converges, and values may be rare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(inputs, targets)
