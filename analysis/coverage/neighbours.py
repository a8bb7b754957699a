"""What nearest neighbours tell of two samples: precision, recall, density, coverage, divergence and holes."""

from typing import NamedTuple

import numpy as np

from analysis.arrays import Float64, Floating
from analysis.coverage.samples import blocks, checked, neighbour_distances, squared_distances

NEIGHBOURS = 5


class PRDC(NamedTuple):
    """Four shares of a sample against its reference; density may exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(reference: Floating, samples: Floating, k: int = NEIGHBOURS) -> PRDC:
    """Return precision, recall, density and coverage of samples against a reference, both (sample, latent).

    A ball reaches from each point to its k-th neighbour among its own, the point itself not counted and the border
    outside. Precision is the share of samples in a ball of the reference, recall the share of the reference in a ball
    of the samples, density the balls of the reference around a sample over k, coverage the share of the reference's
    balls that hold a sample. No unit. Equal laws give density 1 and coverage `matched_coverage`, 1 - 2^-k in the limit,
    while precision and recall stay under 1. Of a sample of n <= k rows, n - 1 neighbours are used.

    Raises DataError as `checked` does. Naeem et al. 2020, https://arxiv.org/abs/2002.09797, equations 1 to 5.
    """
    reference, samples = checked(reference, samples)
    centre = reference.mean(axis=0)
    reference, samples = reference - centre, samples - centre
    k, sample_k = min(k, len(reference) - 1), min(k, len(samples) - 1)
    radii, sample_radii = (
        neighbour_distances(reference, None, k) ** 2,
        neighbour_distances(samples, None, sample_k) ** 2,
    )
    covered, recalled = (np.zeros(len(reference), bool) for _ in range(2))
    precise = balls = 0
    for rows in blocks(len(samples), len(reference)):
        squared = squared_distances(samples[rows], reference)
        inside = squared < radii
        precise += int(inside.any(axis=1).sum())
        balls += int(inside.sum())
        covered |= inside.any(axis=0)
        recalled |= (squared < sample_radii[rows, None]).any(axis=0)
    shares = (precise / len(samples), float(recalled.mean()), balls / (k * len(samples)), float(covered.mean()))
    return PRDC(*shares)


def matched_coverage(k: int = NEIGHBOURS, reference: int | None = None, samples: int | None = None) -> float:
    """Return the expected coverage of equal laws: 1 - 2^-k, or exactly that for given numbers of rows.

    A ball misses every one of M samples where the k nearest of N - 1 + M points are all its own: Naeem et al. 2020,
    https://arxiv.org/abs/2002.09797, section 3.3.
    """
    if reference is None or samples is None:
        return 1 - 0.5**k
    nearest = np.arange(1, k + 1)
    return float(1 - np.prod((reference - nearest) / (samples + reference - nearest)))


def knn_kl(samples: Floating, reference: Floating, k: int = NEIGHBOURS) -> float:
    """Return an estimate of KL(law of samples || law of reference) in nats from k-th neighbours.

    Both are (sample, latent). It may be below 0; its bias grows with the latent dimension; it is infinite where samples
    lie k + 1 fold on one place, which has no density. Raises DataError as `checked` does. Wang, Kulkarni and Verdú
    2009, https://doi.org/10.1109/TIT.2009.2016060, equation 5.
    """
    samples, reference = checked(samples, reference)
    k = min(k, len(samples) - 1, len(reference))
    among = neighbour_distances(samples, None, k)
    across = neighbour_distances(samples, reference, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(across == among, 0.0, np.log(across) - np.log(among))
    return float(samples.shape[1] * logs.mean() + np.log(len(reference) / (len(samples) - 1)))


def negative_knn_distance(points: Floating, codes: Floating, k: int = NEIGHBOURS) -> Float64:
    """Return minus each point's distance to its k-th nearest code, (point,): it falls where codes are rare."""
    points, codes = checked(points, codes)
    return -neighbour_distances(points, codes, min(k, len(codes)))


def hole_rate(held_out: Floating, drawn: Floating, quantile: float = 0.01) -> float:
    """Return the share of prior draws that fall where codes hardly ever do: `quantile` where both laws are equal.

    Takes a score of codes of held-out images and the same score of prior draws, each (sample,), higher where codes are
    dense: `log_density`, or `negative_knn_distance`, which an autoencoder has too. A draw is in a hole where its score
    is under the held-out codes' quantile. This is our definition; its idea, prior mass without codes, is that of
    Rosca et al. 2018, https://arxiv.org/abs/1802.06847.
    """
    return float(np.mean(np.asarray(drawn) < np.quantile(held_out, quantile)))
