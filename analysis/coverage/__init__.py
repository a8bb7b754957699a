"""How much of a latent space a prior covers: measures between two samples, and tables of runs that use them.

    prdc(draws, codes).coverage          share of prior draws with a code near
    mmd(codes, draws)                    discrepancy with its permutation null
    run_coverage(sweep.run(3))           every measure of a run, under three priors, with floors
    paired_differences(sweep_coverage(sweep))

Samples are (sample, latent).
"""

from analysis.coverage.differences import paired_differences, verdicts
from analysis.coverage.discrepancy import (
    classifier_two_sample,
    cycle_error,
    mmd,
    sliced_wasserstein,
    sliced_wasserstein_to_normal,
)
from analysis.coverage.neighbours import hole_rate, knn_kl, matched_coverage, negative_knn_distance, prdc
from analysis.coverage.priors import PRIORS, Prior, fit_priors
from analysis.coverage.realism import Realism, fit_realism
from analysis.coverage.registry import METRICS, CoverageMetric
from analysis.coverage.sweep import sweep_coverage
from analysis.coverage.table import run_coverage

__all__ = [
    "METRICS",
    "PRIORS",
    "CoverageMetric",
    "Prior",
    "Realism",
    "classifier_two_sample",
    "cycle_error",
    "fit_priors",
    "fit_realism",
    "hole_rate",
    "knn_kl",
    "matched_coverage",
    "mmd",
    "negative_knn_distance",
    "paired_differences",
    "prdc",
    "run_coverage",
    "sliced_wasserstein",
    "sliced_wasserstein_to_normal",
    "sweep_coverage",
    "verdicts",
]
