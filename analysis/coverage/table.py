"""The coverage table of one run: every measure under three priors, each beside its floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.arrays import Floating
from analysis.coverage.discrepancy import (
    classifier_two_sample,
    cycle_error,
    mmd,
    sliced_wasserstein,
    sliced_wasserstein_to_normal,
)
from analysis.coverage.neighbours import hole_rate, knn_kl, negative_knn_distance, prdc
from analysis.coverage.priors import Prior, fit_priors, regular_covariance
from analysis.coverage.realism import IMAGES, Realism, fit_realism
from analysis.coverage.registry import METRICS
from analysis.statistics.gaussians import frechet_distance, log_density
from analysis.statistics.selection import parameters_of
from vae.errors import ResultsError
from vae.factors import is_continuous

if TYPE_CHECKING:
    from analysis.frames.run import Run
    from analysis.frames.source import Source

COLUMNS = ("seed", "model", "prior", "metric", "value", "floor", "run")
"""After the parameters of the sweep."""
SAMPLES = 5_000
"""Codes and draws at most on either side: time grows with the square."""
DRAWS = 2_000
"""Draws at least for what needs no second sample, and at most for what is decoded."""


@dataclass(frozen=True)
class Codes:
    """Codes of one run: one posterior sample an image, the code itself for an autoencoder; each (image, latent)."""

    known: Floating
    """Of training images: priors are fitted to them, holes are sought between them."""
    fresh: Floating
    """Of other training images: they stand for a perfect prior where the floor is measured."""
    test: Floating
    """Of test images."""
    means: Floating
    """Posterior means of the images of `known`."""
    log_variances: Floating
    """Posterior log-variances of the images of `known`; minus infinity for an autoencoder."""


def run_coverage(
    run: Run, realism: Realism | None = None, floor_of_realism: dict[str, float] | None = None, seed: int = 0
) -> pd.DataFrame:
    """Return one row a prior and metric of a run: its parameters and the columns COLUMNS, in the units of METRICS.

    Codes of test images are compared with draws of each prior; the floor is the same measure with codes of training
    images in place of the draws. `realism` is what decoded draws are held against, made here where it is not handed in.
    Raises ResultsError where weights were not kept or a code is not finite.
    """
    if realism is None or floor_of_realism is None:
        realism, floor_of_realism = sweep_realism(run.sweep, seed)
    codes = gather_codes(run, seed)
    floor = compare(codes.fresh, None, codes, seed) | _cycle(codes.fresh, None, run) | floor_of_realism
    rows = []
    for name, prior in fit_priors(codes.known, seed).items():
        draws = prior.sample(max(len(codes.test), DRAWS), np.random.default_rng([seed, 1]))
        values = compare(draws, prior, codes, seed) | _cycle(draws, prior, run)
        values |= realism.measure(run.decode(draws[:DRAWS].astype(np.float32)))
        named = [key for key in METRICS if key in values]
        rows += [{"prior": name, "metric": key, "value": values[key], "floor": floor[key]} for key in named]
    parameters = parameters_of(run.sweep.runs)
    same = {name: run.row[name] for name in (*parameters, "seed", "model")}
    return pd.DataFrame(rows).assign(**same, run=run.number)[[*parameters, *COLUMNS]]


def sweep_realism(sweep: Source, seed: int = 0) -> tuple[Realism, dict[str, float]]:
    """Return what decoded draws of a sweep's runs are held against, and its measure of the test images."""
    chosen = np.random.default_rng(seed).permutation(sweep.count("train"))[:IMAGES]
    factors = sweep.factors("train")
    is_label = factors is not None and factors.shape[1] == 1 and not is_continuous(factors[:, 0])
    labels = factors[chosen, 0] if factors is not None and is_label else None
    test = first_images(sweep, DRAWS)
    realism = fit_realism(sweep.images("train", chosen), test, labels, seed)
    return realism, realism.measure(test)


def gather_codes(run: Run, seed: int = 0) -> Codes:
    """Return a run's codes of training and test images, at most SAMPLES each; ResultsError where one is not finite."""
    test, count = first_images(run.sweep, SAMPLES), run.sweep.count("train")
    order = np.random.default_rng(seed).permutation(count)
    spare = min(len(test), count // 2)
    fresh, known = (run.sweep.images("train", at) for at in (order[:spare], order[spare : spare + SAMPLES]))
    samples = [run.posterior_samples(part, seed + k) for k, part in enumerate((known, fresh, test))]
    if not all(np.isfinite(part).all() for part in samples):
        raise ResultsError(f"codes must be finite, got NaN or infinity in run {run.number}")
    means, log_variances = run.encode(known)
    return Codes(samples[0], samples[1], samples[2], means, log_variances)


def first_images(sweep: Source, most: int) -> Floating:
    """Return the first test images, (image, height, width[, channel])."""
    return sweep.images("test", np.arange(min(most, sweep.count("test"))))


def compare(draws: Floating, prior: Prior | None, codes: Codes, seed: int = 0) -> dict[str, float]:
    """Return every measure of METRICS that needs no network, between draws (draw, latent) and test codes.

    As many draws as there are test codes are compared with them, all are sought for holes. Without a prior the draws
    are codes themselves: that is the floor. Distances are in standard deviations or variances of the prior.
    """
    pairs = draws[: len(codes.test)]
    mean, covariance, variance = _moments(draws, prior)
    if prior and prior.is_normal:
        distance = sliced_wasserstein_to_normal(codes.test, mean, covariance, seed=seed)
    else:
        distance = sliced_wasserstein(codes.test, pairs, seed=seed)
    moved = frechet_distance(codes.test.mean(axis=0), regular_covariance(codes.test), mean, covariance)
    distances = {"sliced_wasserstein": distance / variance**0.5, "frechet_distance": moved / variance}
    return _neighbours(pairs, codes.test) | _discrepancies(pairs, codes.test, seed) | distances | _holes(draws, codes)


def _moments(draws: Floating, prior: Prior | None) -> tuple[Floating, Floating, float]:
    """Mean, covariance and mean variance of the prior; of the draws where there is none."""
    mean, covariance = (prior.mean, prior.covariance) if prior else (draws.mean(axis=0), regular_covariance(draws))
    return mean, covariance, float(np.trace(covariance)) / len(covariance)


def _cycle(draws: Floating, prior: Prior | None, run: Run) -> dict[str, float]:
    returned = cycle_error(draws[:DRAWS].astype(np.float32), lambda images: run.encode(images)[0], run.decode)
    return {"cycle_error": returned / _moments(draws, prior)[2]}


def _neighbours(draws: Floating, codes: Floating) -> dict[str, float]:
    of_codes, of_prior = prdc(codes, draws), prdc(draws, codes)
    return {
        "prior_coverage": of_prior.coverage,
        "code_coverage": of_codes.coverage,
        "precision": of_codes.precision,
        "recall": of_codes.recall,
        "prior_density": of_prior.density,
        "code_density": of_codes.density,
        "knn_kl_codes_to_prior_nats": knn_kl(codes, draws),
        "knn_kl_prior_to_codes_nats": knn_kl(draws, codes),
    }


def _discrepancies(draws: Floating, codes: Floating, seed: int) -> dict[str, float]:
    discrepancy = mmd(codes, draws, seed=seed)
    told_apart = classifier_two_sample(codes, draws, seed)
    return {
        "mmd_squared": discrepancy.squared,
        "mmd_z": discrepancy.z,
        "mmd_p_value": discrepancy.p_value,
        "two_sample_accuracy": told_apart.accuracy,
        "two_sample_auc": told_apart.auc,
    }


def _holes(draws: Floating, codes: Codes) -> dict[str, float]:
    rates = {
        "hole_rate": hole_rate(
            negative_knn_distance(codes.test, codes.known), negative_knn_distance(draws, codes.known)
        )
    }
    if np.isfinite(codes.log_variances).all():
        held_out, drawn = (log_density(points, codes.means, codes.log_variances) for points in (codes.test, draws))
        rates["hole_rate_mixture"] = hole_rate(held_out, drawn)
    return rates
