"""How far two laws are apart: kernel, transport, moments, a classifier, and the way through the network and back."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from analysis.arrays import Float64, Floating
from analysis.coverage.samples import blocks, checked, squared_distances

KERNEL_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
PERMUTATIONS = 200
DIRECTIONS = 1000
DIRECTIONS_AT_ONCE = 100


class MMD(NamedTuple):
    """Squared maximum mean discrepancy, and where it lies among those of permuted samples."""

    squared: float
    z: float
    """Standard deviations above the permutations' mean."""
    p_value: float
    """Share of permutations at least as large, this order of rows counted in."""
    null: Float64


def mmd(samples: Floating, reference: Floating, permutations: int = PERMUTATIONS, seed: int = 0) -> MMD:
    """Return the unbiased squared MMD of two samples, (sample, latent), with its permutation null.

    The kernel sums C / (C + r²) over C = scale * (expected squared distance of two reference points) for KERNEL_SCALES;
    0 is expected for equal laws, below 0 is possible, 14 the most; no unit. A permutation shuffles which rows are
    samples; as it only moves indicators in a quadratic form, all share one pass over the kernel. Raises DataError as
    `checked`.
    Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html, equation 3; kernel of Tolstikhin et al. 2018,
    https://arxiv.org/abs/1711.01558, section 4.
    """
    samples, reference = checked(samples, reference)
    n, m = len(samples), len(reference)
    expected = 2 * float(reference.var(axis=0, ddof=1).sum())
    pooled = np.vstack([samples, reference]) - reference.mean(axis=0)
    rng = np.random.default_rng(seed)
    first = np.arange(n + m) < n
    is_sample = np.column_stack([first, *(rng.permutation(first) for _ in range(permutations))])
    within, from_samples, total = _kernel_sums(pooled.astype(np.float32), is_sample.astype(np.float32), expected)
    across = from_samples - within
    rest = total - 2 * from_samples + within
    values = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
    value, null = float(values[0]), values[1:]
    z = (value - null.mean()) / max(float(null.std(ddof=1)), 1e-300) if permutations > 1 else np.nan
    return MMD(value, float(z), float((1 + np.sum(null >= value)) / (1 + permutations)), null)


def _kernel_sums(points: Floating, indicators: Floating, expected: float) -> tuple[Floating, Floating, float]:
    """Sums of the kernel over pairs of different points: both indicated, the first indicated, all."""
    half_within = np.zeros(indicators.shape[1])
    row_sums = np.zeros(len(points))
    for rows in blocks(len(points), len(points)):
        after = slice(rows.start, None)
        kernel = np.triu(_inverse_multiquadric(squared_distances(points[rows], points[after]), expected), 1)
        half_within += np.einsum("ip,ip->p", kernel @ indicators[after], indicators[rows], dtype=np.float64)
        row_sums[rows] += kernel.sum(axis=1, dtype=np.float64)
        row_sums[after] += kernel.sum(axis=0, dtype=np.float64)
    return 2 * half_within, row_sums @ indicators, float(row_sums.sum())


def _inverse_multiquadric(squared: Floating, expected: float) -> Floating:
    kernel, term = np.zeros_like(squared), np.empty_like(squared)
    for scale in KERNEL_SCALES:
        constant = squared.dtype.type(scale * max(expected, 1e-30))
        np.add(squared, constant, out=term)
        kernel += np.divide(constant, term, out=term)
    return kernel


def sliced_wasserstein(samples: Floating, reference: Floating, directions: int = DIRECTIONS, seed: int = 0) -> float:
    """Return the sliced 2-Wasserstein distance of two samples, (sample, latent), in the latent's unit.

    The root of the mean, over random unit directions, of the mean squared difference of their sorted projections; a
    reference of another size is interpolated. Not 0 for equal laws but as small as samples of that size allow. Raises
    DataError as `checked`. Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3, section 3.
    """
    samples, reference = checked(samples, reference)
    levels = (np.arange(len(samples)) + 0.5) / len(samples)
    places = np.clip(levels * len(reference) - 0.5, 0, len(reference) - 1)
    below, above, share = np.floor(places).astype(int), np.ceil(places).astype(int), (places % 1)[:, None]

    def quantiles(theta: Floating) -> Floating:
        ordered = np.sort(reference @ theta, axis=0)
        return np.asarray((1 - share) * ordered[below] + share * ordered[above])

    return _sliced_wasserstein(samples, quantiles, directions, seed)


def sliced_wasserstein_to_normal(
    samples: Floating, mean: Floating, covariance: Floating, directions: int = DIRECTIONS, seed: int = 0
) -> float:
    """Return the sliced 2-Wasserstein distance of samples, (sample, latent), to N(mean, covariance), in their unit.

    As `sliced_wasserstein`, against the normal law's exact quantiles: the prior adds no noise.
    """
    from scipy.special import ndtri

    samples, _ = checked(samples, samples)
    standard = ndtri((np.arange(len(samples)) + 0.5) / len(samples))

    def quantiles(theta: Floating) -> Floating:
        variances = np.maximum(np.einsum("ij,ik,kj->j", theta, covariance, theta), 0)
        return np.asarray(mean @ theta + standard[:, None] * np.sqrt(variances))

    return _sliced_wasserstein(samples, quantiles, directions, seed)


def _sliced_wasserstein(
    samples: Floating, quantiles: Callable[[Floating], Floating], directions: int, seed: int
) -> float:
    theta = np.random.default_rng(seed).standard_normal((samples.shape[1], directions))
    theta /= np.linalg.norm(theta, axis=0)
    total = 0.0
    for start in range(0, directions, DIRECTIONS_AT_ONCE):
        part = theta[:, start : start + DIRECTIONS_AT_ONCE]
        total += float(np.mean((np.sort(samples @ part, axis=0) - quantiles(part)) ** 2, axis=0).sum())
    return float(np.sqrt(total / directions))


class TwoSample(NamedTuple):
    """How well a classifier tells two samples apart on rows it has not seen."""

    accuracy: float
    auc: float


def classifier_two_sample(samples: Floating, reference: Floating, seed: int = 0) -> TwoSample:
    """Return held-out accuracy and AUC of a small network that tells two samples, (sample, latent), apart.

    Both are 0.5 for equal laws and 1 for laws that do not meet. It learns on half of either sample, cut to the same
    size, from standardised coordinates and their squares. NaN where a sample has fewer than 4 rows; raises DataError as
    `checked`. Lopez-Paz and Oquab 2017, https://arxiv.org/abs/1610.06545, section 3.
    """
    from sklearn.metrics import roc_auc_score

    from analysis.coverage.classifier import fit_classifier

    samples, reference = checked(samples, reference)
    size = min(len(samples), len(reference)) // 2
    if size < 2:
        return TwoSample(float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    parts = [rng.permutation(points)[: 2 * size] for points in (samples, reference)]
    train, held_out = (np.vstack([part[half] for part in parts]) for half in (slice(size), slice(size, None)))
    labels = np.repeat([0, 1], size)
    centre, spread = train.mean(axis=0), train.std(axis=0)
    scaled = [(points - centre) / np.where(spread > 0, spread, 1) for points in (train, held_out)]
    features, unseen = (np.hstack([points, points**2]) for points in scaled)
    scores = fit_classifier(features, labels, seed, penalty=1e-2, stop_early=True).predict_proba(unseen)[:, 1]
    return TwoSample(float(np.mean((scores > 0.5) == labels)), float(roc_auc_score(labels, scores)))


def cycle_error(codes: Floating, encode: Callable[[Any], Floating], decode: Callable[[Floating], Any]) -> float:
    """Return the mean squared distance of codes, (sample, latent), and their decoded images' codes, a dimension.

    In the latent's squared unit. A dimension that the decoder ignores comes back constant and adds its whole variance;
    where codes lie in holes, decoded images are unlike any that the encoder knows. Our estimate of the latent cycle
    consistency of Jha et al. 2018, https://arxiv.org/abs/1804.10469, section 3.
    """
    return float(np.mean((np.asarray(encode(decode(codes)), np.float64) - codes) ** 2))
