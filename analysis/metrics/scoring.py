"""Scores with what they are compared to: the noise floor, the ceiling of the bins, an interval over rows."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.inputs import make_sample
from analysis.metrics.registry import METRICS, Metric
from analysis.metrics.result import Score, ScoreWarning
from analysis.metrics.sample import Sample
from vae.errors import ConfigError
from vae.factors import BINS

COVERAGE = 0.95


def score(
    name_or_metric: str | Metric,
    codes: Any,
    factors: Any = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    floor: bool = True,
    bootstrap: int = 0,
    **settings: Any,
) -> Score:
    """Return one score with its noise floor and ceiling, and with an interval over `bootstrap` resamplings.

    `udr` (codes by run, KL by run) has neither. Arguments, errors and warnings are those of `Metric.__call__`.
    """
    metric = find_metric(name_or_metric)
    if metric.needs == "runs":
        return metric(codes, factors, **settings)
    sample = make_sample(codes, factors, codes_test, factors_test, seed=seed, **settings)
    return _score_all([metric], sample, floor=floor, bootstrap=bootstrap)[metric.name]


def score_all(
    names: Sequence[str | Metric],
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    floor: bool = False,
    permutations: int | None = None,
    bootstrap: int = 0,
    dci_backend: str = "forest",
    bins: int = 20,
    factor_bins: int = BINS,
) -> dict[str, Score]:
    """Return several scores by name; what they share (DCI's fit, the information matrix) is computed once.

    The floor is of as many permutations as the metric says, or of so many, which also asks for it.
    """
    metrics = [find_metric(name) for name in names]
    if across := [metric.name for metric in metrics if metric.needs == "runs"]:
        raise ConfigError(f"score_all takes scores of one run, got {', '.join(across)}")
    settings: dict[str, Any] = {"bins": bins, "dci_backend": dci_backend, "factor_bins": factor_bins}
    sample = make_sample(codes, factors, codes_test, factors_test, seed=seed, **settings)
    return _score_all(metrics, sample, floor=floor, permutations=permutations, bootstrap=bootstrap)


def find_metric(name: str | Metric) -> Metric:
    """Return the metric of that name; ConfigError where there is none."""
    if isinstance(name, Metric):
        return name
    if name not in METRICS:
        raise ConfigError(f"score must be one of {', '.join(METRICS)}, got {name!r}")
    return METRICS[name]


def _score_all(
    metrics: Sequence[Metric], sample: Sample, *, floor: bool, bootstrap: int, permutations: int | None = None
) -> dict[str, Score]:
    if bootstrap < 0:
        raise ConfigError(f"bootstrap must be at least 0, got {bootstrap}")
    scores = {metric.name: metric.of(sample) for metric in metrics}
    rng = np.random.default_rng(sample.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # said of the rows themselves, above
        if floor or permutations:
            scores = _with_floors(metrics, scores, sample, rng, permutations)
        if floor:
            scores = _with_ceilings(metrics, scores, sample)
        if bootstrap:
            scores = _with_intervals(metrics, scores, sample, [_resampled(sample, rng) for _ in range(bootstrap)])
    return scores


def _with_floors(
    metrics: Sequence[Metric], scores: dict[str, Score], sample: Sample, rng: np.random.Generator, given: int | None
) -> dict[str, Score]:
    times = {metric.name: given or metric.permutations for metric in metrics}
    values: dict[str, list[float]] = {name: [] for name in times}
    for time in range(max(times.values(), default=0)):
        unrelated, permuted = _unrelated(sample, rng), _permuted(sample, rng)
        for metric in metrics:
            if time < times[metric.name]:
                values[metric.name].append(metric.of(unrelated if metric.needs == "codes" else permuted).value)
    return {
        name: replace(
            scores[name],
            floor=float(np.mean(found)),
            floor_deviation=float(np.std(found, ddof=1)) if len(found) > 1 and np.isfinite(found).all() else None,
            permutations=len(found),
        )
        for name, found in values.items()
    }


def _with_ceilings(metrics: Sequence[Metric], scores: dict[str, Score], sample: Sample) -> dict[str, Score]:
    perfect = _perfect(sample)
    ceilings = {metric.name: metric.of(perfect).value for metric in metrics if metric.binned}
    return {name: replace(score, ceiling=ceilings.get(name)) for name, score in scores.items()}


def _with_intervals(
    metrics: Sequence[Metric], scores: dict[str, Score], sample: Sample, resampled: list[Sample]
) -> dict[str, Score]:
    """Quantiles of the resampled scores around their mean, moved onto the score.

    Repeated rows bias information upward, and so the mean of the resampled scores; their spread is what is wanted.
    """
    quantiles = np.array([1 - COVERAGE, 1 + COVERAGE]) / 2
    intervals = {}
    for metric in metrics:
        values = np.array([metric.of(one).value for one in resampled])
        around = scores[metric.name].value + np.quantile(values - values.mean(), quantiles)
        low, high = np.clip(around, metric.low, metric.high)
        intervals[metric.name] = replace(scores[metric.name], interval=(float(low), float(high)))
    return intervals


def _permuted(sample: Sample, rng: np.random.Generator) -> Sample:
    """The codes' rows in another order than the factors': each side is as before, but neither tells of the other."""
    test = None if sample.codes_test is None else rng.permutation(sample.codes_test)
    return _like(sample, rng.permutation(sample.codes), sample.values, test, sample.values_test)


def _unrelated(sample: Sample, rng: np.random.Generator) -> Sample:
    """Each code's rows in an order of its own: no code tells of another."""
    return _like(sample, rng.permuted(sample.codes, axis=0), sample.values, None, None)


def _perfect(sample: Sample) -> Sample:
    """One code a factor."""
    codes_test = None if sample.values_test is None else sample.values_test.astype(float)
    if not sample.values.shape[1]:
        return sample
    plain = replace(sample, units=np.ones(sample.values.shape[1]))
    return _like(plain, sample.values.astype(float), sample.values, codes_test, sample.values_test)


def _resampled(sample: Sample, rng: np.random.Generator) -> Sample:
    """As many rows, drawn with replacement."""
    rows = rng.integers(len(sample.codes), size=len(sample.codes))
    if sample.codes_test is None or sample.values_test is None:
        return _like(sample, sample.codes[rows], sample.values[rows], None, None)
    test = rng.integers(len(sample.codes_test), size=len(sample.codes_test))
    return _like(sample, sample.codes[rows], sample.values[rows], sample.codes_test[test], sample.values_test[test])


def _like(
    sample: Sample,
    codes: np.ndarray,
    values: np.ndarray,
    codes_test: np.ndarray | None,
    values_test: np.ndarray | None,
) -> Sample:
    """Other rows in the units of a sample, with its settings."""
    given, given_test = codes * sample.units, None if codes_test is None else codes_test * sample.units
    names = ("seed", "bins", "dci_backend", "factor_bins")
    settings = {name: getattr(sample, name) for name in names}
    made = make_sample(given, values, given_test, values_test, **settings)
    return made if values.shape[1] else replace(made, varying=sample.varying)
