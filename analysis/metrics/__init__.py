"""Disentanglement scores: arrays in, a Score out; `METRICS` is the one list.

    METRICS["mig"](codes, factors)                             one value
    score("mig", codes, factors, bootstrap=200)                with noise floor, ceiling and interval
    score_all(["mig", "sap"], codes, factors)                  several, sharing what they share
    factor_vae(codes_of_the_whole_grid, (3, 6, 40, 32, 32))    by intervention, from a table
    udr(codes_by_run, kl_by_run)                               across runs, without factors

Codes are (sample, latent) numbers, factors (sample, factor) whole numbers, continuous ones or texts.
"""

from analysis.metrics.interventions import beta_vae, factor_vae
from analysis.metrics.registry import METRICS, Metric
from analysis.metrics.result import Score, ScoreWarning
from analysis.metrics.scoring import find_metric, score, score_all
from analysis.metrics.udr import udr

__all__ = [
    "METRICS",
    "Metric",
    "Score",
    "ScoreWarning",
    "beta_vae",
    "factor_vae",
    "find_metric",
    "score",
    "score_all",
    "udr",
]
