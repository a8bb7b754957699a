"""InfoMEC: modularity, explicitness and compactness, each as information.

Hsu et al. 2023, "Disentanglement via latent quantization", arXiv 2305.18378. All rows are used and none
held out; extreme values of a code are drawn in. The mutual information between a continuous code and a
factor is Ross's nearest-neighbour estimate (PLoS ONE 2014, 9(2): e87357): codes without
noise look fully informed about every factor.
"""

from typing import Any

import numpy as np

from analysis.metrics.extremes import draw_in, standardise
from analysis.metrics.fitting import fit
from analysis.metrics.result import Score
from analysis.metrics.sample import Sample
from analysis.metrics.units import relative, warn_of_units

NEIGHBOURS = 10
NOISE = 1e-10
"""Of a code's deviation: breaks ties between equal codes."""
ACTIVE_RANGE = 1 / 20
"""A code is active where its range exceeds this share of the largest range: the one place where units matter."""
ITERATIONS = 100


def infom(sample: Sample) -> Score:
    """Return the mean over active codes of the best factor's share of the code's information, rescaled by 1/factors.

    A code without any information has the share 1/factors (the reference returns NaN).
    """
    active, information = _active_information(sample)
    per_code = np.zeros(len(active))
    per_code[active] = _best_share(information[active])
    value = per_code[active].mean() if active.any() else 0.0
    return sample.score(value, per_code=per_code, **_details(active, information))


def infoc(sample: Sample) -> Score:
    """Return the mean over factors of the best code's share of the information on it, rescaled by 1/active codes.

    A factor that no code knows has the share 1/active codes (the reference returns NaN).
    """
    active, information = _active_information(sample)
    per_factor = _best_share(information[active].T) if active.any() else np.zeros(information.shape[1])
    return sample.score(per_factor.mean(), per_factor=per_factor, **_details(active, information))


def infoe(sample: Sample) -> Score:
    """Return 1 - cross-entropy of a balanced logistic regression / that of none, mean over factors, on train rows."""
    (codes,) = standardise(sample.once(draw_in).codes)
    per_factor = np.array([_explained(codes, labels) for labels in sample.factors.T])
    return sample.score(per_factor.mean(), per_factor=per_factor)


def normalised_information(sample: Sample) -> np.ndarray:
    """Return the nearest-neighbour mutual information (code, factor) over the entropy of the factor."""
    from sklearn.utils import check_random_state

    (codes,) = standardise(sample.once(draw_in).codes)
    # Tied codes make the estimate a matter of this noise (deviation 0.005): drawn as the reference draws it.
    rng = check_random_state(sample.seed)
    information = np.empty((codes.shape[1], sample.factors.shape[1]))
    for column, labels in enumerate(sample.factors.T):
        for row, code in enumerate(codes.T):
            noisy = code + NOISE * rng.standard_normal(len(code))
            information[row, column] = nearest_neighbour_information(noisy, labels)
    shares = [np.bincount(labels) / len(labels) for labels in sample.factors.T]
    return information / [-np.sum(share * np.log(np.maximum(share, 1e-300))) for share in shares]


def nearest_neighbour_information(code: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Return Ross's estimate of the mutual information, in nats, of distinct numbers and labels (both (sample,)).

    On one axis the k-th neighbour of a row lies in one of the k + 1 windows of k + 1 sorted rows that hold it.
    """
    from scipy.special import digamma

    repeated = np.bincount(labels)[labels] > 1  # a value that occurs once has no neighbour
    code, labels = code[repeated], labels[repeated]
    if not len(code):
        return 0.0
    ordered = np.sort(code)
    rounding = 4 * np.spacing(np.abs(code).max())  # the k-th neighbour itself must stay outside
    estimates = []
    for label in np.unique(labels):
        members = np.sort(code[labels == label])
        k = min(neighbours, len(members) - 1)
        radius = np.maximum(_kth_distance(members, k) - rounding, 0)
        around = np.searchsorted(ordered, members + radius, "right") - np.searchsorted(ordered, members - radius)
        estimates.append(digamma(k) - digamma(len(members)) - digamma(around))
    return max(0.0, float(digamma(len(code)) + np.concatenate(estimates).mean()))


def _kth_distance(ordered: np.ndarray, k: int) -> np.ndarray:
    """Distance of every sorted number to its k-th neighbour."""
    nearest = np.full(len(ordered), np.inf)
    for left in range(k + 1):
        # windows that start `left` rows before a row and end `k - left` rows after it
        rows = slice(left, len(ordered) - (k - left))
        reach = np.maximum(ordered[rows] - ordered[: len(ordered) - k], ordered[k:] - ordered[rows])
        nearest[rows] = np.minimum(nearest[rows], reach)
    return nearest


def _active_information(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    return sample.once(_active), sample.once(normalised_information)


def _active(sample: Sample) -> np.ndarray:
    nearer = sample.once(draw_in)
    active: np.ndarray = relative(np.ptp(nearer.codes, axis=0), nearer.units) > ACTIVE_RANGE
    warn_of_units(nearer, ~active, "InfoM and InfoC", "a range under 1/20 of the largest")
    return active


def _best_share(information: np.ndarray) -> np.ndarray:
    """Largest share of each row, rescaled so that an even row is 0; 0 for an empty row, 1 for a row of one."""
    total = information.sum(axis=1)
    even = 1 / max(information.shape[1], 2)
    share = np.divide(information.max(axis=1), total, out=np.full(len(total), even), where=total > 0)
    rescaled: np.ndarray = (share - even) / (1 - even)
    return rescaled


def _explained(codes: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression

    labels = np.unique(labels, return_inverse=True)[1]
    classifier = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=ITERATIONS)
    probabilities = fit(classifier, codes, labels).predict_proba(codes)
    given = np.maximum(probabilities[np.arange(len(labels)), labels], np.finfo(float).eps)
    uninformed = np.log(probabilities.shape[1])  # balanced classes: without codes, every value is equally likely
    return max(0.0, 1 + float(np.log(given).mean() / uninformed))


def _details(active: np.ndarray, information: np.ndarray) -> dict[str, Any]:
    return {"active": active.tolist(), "normalised_information": information.tolist()}
