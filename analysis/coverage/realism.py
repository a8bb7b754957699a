"""Whether decoded draws look like data: a classifier's view of them, and their nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.arrays import Float64, Floating, Int64
from analysis.coverage.classifier import fit_classifier
from analysis.coverage.samples import neighbour_distances

IMAGES = 10_000
"""Training images, at most, that the classifier learns from and that neighbours are sought among."""


@dataclass(frozen=True)
class Realism:
    """What generated images are held against: made once for all runs on the same data."""

    train: Floating
    """(image, pixel)."""
    typical_distance: float
    """Median distance of a test image to its nearest training image, in root summed squared intensity."""
    classifier: Any
    """Fitted on the training images' labels; None where there are none."""
    class_shares: Float64
    """Of the classifier's classes among the training images, (class,)."""

    def measure(self, images: Floating) -> dict[str, float]:
        """Return how real images, (image, ...), look; without a classifier only the ratio of neighbour distances."""
        flat = _flat(images)
        nearest = float(np.median(neighbour_distances(flat, self.train, 1)))
        ratio = {"nearest_neighbour_ratio": nearest / self.typical_distance if self.typical_distance else np.nan}
        if self.classifier is None:
            return ratio
        return classifier_view(self.classifier.predict_proba(flat), self.class_shares) | ratio


def fit_realism(train: Floating, test: Floating, labels: Int64 | None, seed: int = 0) -> Realism:
    """Return what generated images are held against, from images (image, ...) and the training images' labels (image,).

    Labels may be None.
    """
    known = _flat(train)
    typical = float(np.median(neighbour_distances(_flat(test), known, 1)))
    if labels is None or len(np.unique(labels)) < 2:
        return Realism(known, typical, None, np.ones(1))
    classifier = fit_classifier(known, labels, seed, penalty=1e-2, stop_early=False)
    counts = np.unique(labels, return_counts=True)[1]
    return Realism(known, typical, classifier, counts / counts.sum())


def classifier_view(probabilities: Floating, class_shares: Floating) -> dict[str, float]:
    """Return mean confidence, mean entropy and class balance of class probabilities, (image, class).

    Confidence is the largest probability (0 to 1), entropy is in nats, the balance is KL(classes found || class_shares)
    in nats, 0 where every class turns up as often as in the data. The inception score's two parts, apart: Salimans et
    al. 2016, https://arxiv.org/abs/1606.03498, section 4.
    """
    from scipy.special import entr, rel_entr

    classes = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]) / len(probabilities)
    return {
        "confidence": float(probabilities.max(axis=1).mean()),
        "entropy_nats": float(entr(probabilities).sum(axis=1).mean()),
        "class_balance_nats": float(rel_entr(classes, class_shares).sum()),
    }


def _flat(images: Floating) -> Floating:
    return np.asarray(images, np.float32).reshape(len(images), -1)
