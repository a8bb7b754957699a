"""What is measured between prior and codes: one list for tables, figures and prose."""

from dataclasses import dataclass
from typing import Literal

from analysis.coverage.neighbours import matched_coverage

Better = Literal["higher", "lower", "nearer"]


@dataclass(frozen=True)
class CoverageMetric:
    """How one number of the coverage table is read."""

    better: Better
    """Which way is better; `nearer` means nearer to the matched value."""
    unit: str
    reading: str
    """What it is, to follow its name and a colon."""
    matched: float | None = None
    """Its value where both sides follow one law, where that is known."""


METRICS: dict[str, CoverageMetric] = {
    "prior_coverage": CoverageMetric(
        "higher",
        "share of draws",
        "the share of prior draws with a code nearer than the draw's fifth neighbour among the draws",
        matched_coverage(),
    ),
    "code_coverage": CoverageMetric(
        "higher",
        "share of codes",
        "the share of codes with a prior draw nearer than the code's fifth neighbour among the codes",
        matched_coverage(),
    ),
    "precision": CoverageMetric("higher", "share of draws", "the share of prior draws within a code's neighbourhood"),
    "recall": CoverageMetric("higher", "share of codes", "the share of codes within a prior draw's neighbourhood"),
    "prior_density": CoverageMetric("nearer", "no unit", "how densely codes lie where prior draws are", 1.0),
    "code_density": CoverageMetric("nearer", "no unit", "how densely prior draws lie where codes are", 1.0),
    "mmd_squared": CoverageMetric("lower", "no unit", "the squared kernel discrepancy of codes and prior draws", 0.0),
    "mmd_z": CoverageMetric(
        "lower", "standard deviations", "how far that discrepancy is above those of permuted samples", 0.0
    ),
    "mmd_p_value": CoverageMetric(
        "higher", "share of permutations", "the share of permutations with a discrepancy as large"
    ),
    "sliced_wasserstein": CoverageMetric(
        "lower",
        "prior standard deviations",
        "how far codes must move along a random direction to be distributed as the prior",
    ),
    "frechet_distance": CoverageMetric(
        "lower", "prior variances", "the squared distance of the codes' mean and covariance to the prior's", 0.0
    ),
    "knn_kl_codes_to_prior_nats": CoverageMetric(
        "lower", "nats", "KL(codes || prior), large where codes stray from the prior", 0.0
    ),
    "knn_kl_prior_to_codes_nats": CoverageMetric(
        "lower", "nats", "KL(prior || codes), large where the prior has holes", 0.0
    ),
    "two_sample_accuracy": CoverageMetric(
        "lower", "share of codes and draws", "the share of codes and draws that a classifier tells apart", 0.5
    ),
    "two_sample_auc": CoverageMetric(
        "lower", "area under the curve", "how well a classifier tells codes from draws", 0.5
    ),
    "hole_rate": CoverageMetric(
        "lower",
        "share of draws",
        "the share of prior draws further from training codes than 99 % of test codes are",
        0.01,
    ),
    "hole_rate_mixture": CoverageMetric(
        "lower",
        "share of draws",
        "the share of prior draws less likely than 99 % of test codes under the mixture of the posteriors",
        0.01,
    ),
    "cycle_error": CoverageMetric(
        "lower",
        "prior variances",
        "the squared distance, a dimension, of a prior draw to the code of its decoded image",
    ),
    "confidence": CoverageMetric(
        "higher", "probability", "of the likeliest class of a decoded draw, by a classifier of the data"
    ),
    "entropy_nats": CoverageMetric("lower", "nats", "the entropy of a decoded draw's class probabilities"),
    "class_balance_nats": CoverageMetric("lower", "nats", "KL(classes of decoded draws || classes of the data)", 0.0),
    "nearest_neighbour_ratio": CoverageMetric(
        "nearer",
        "no unit",
        "a decoded draw's distance to the nearest training image over that of a test image",
        1.0,
    ),
}
"""In the order of the table. The last four compare decoded draws with data, the others draws with codes."""
SERIES: dict[tuple[str, str], str] = {
    ("vae", "raw"): "VAE, N(0, I)",
    ("ae", "raw"): "AE, N(0, I)",
    ("ae", "moments"): "AE, Gaussian",
    ("ae", "mixture"): "AE, Gaussian mixture",
}
"""Model and prior that are compared, in the order of figures and tables."""
REALISM = ("confidence", "entropy_nats", "class_balance_nats", "nearest_neighbour_ratio")
KEY = ("prior_coverage", "code_coverage", "hole_rate", "sliced_wasserstein", "two_sample_auc", "cycle_error")
"""The metrics that a report draws and counts."""


def spoken(metric: str) -> str:
    """Return a metric's name as words, without its unit."""
    words = metric.removesuffix("_nats").replace("_", " ").replace("auc", "AUC")
    return (
        words.replace("two sample", "two-sample")
        .replace("nearest neighbour", "nearest-neighbour")
        .replace("wasserstein", "Wasserstein")
    )
