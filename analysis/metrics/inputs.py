"""Checks of codes and factors.

What is degenerate is mended here, once for all metrics, and said in a ScoreWarning:

* a code with a value that is not finite counts as constant: it is of no use to anybody;
* a constant factor is left out of the score (0 in `per_factor`);
* a factor with more values than half the samples is scored, and seldom means anything;
* one code is compared with a constant second one, one factor with a second one that no code encodes;
* a factor value that the test rows lack, or that they alone have, is left out of averages over values.

Without test rows, metrics that need them split the rows 2:1 by the seed; all other metrics use every row.
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.result import warn
from analysis.metrics.sample import Sample
from vae.errors import ConfigError

LARGEST = float(np.finfo(np.float32).max)
"""Beyond it a code is not finite to single-precision models."""


def make_sample(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    bins: int = 20,
    dci_backend: str = "forest",
) -> Sample:
    """Check codes (sample, latent) and integer factors (sample, factor), and mend what is degenerate.

    Raises ConfigError where shapes or types break a rule; warns ScoreWarning where something was mended.
    """
    if bins < 2:
        raise ConfigError(f"bins must be at least 2, got {bins}")
    if dci_backend not in ("forest", "gbt"):
        raise ConfigError(f"dci_backend must be forest or gbt, got {dci_backend!r}")
    given = [_check_codes("codes", codes)]
    values = [_check_factors("factors", factors, len(given[0]))]
    if factors is not None and (codes_test is None) != (factors_test is None):
        raise ConfigError("codes_test and factors_test must be given together, got one of them")
    if codes_test is not None:
        given.append(_check_codes("codes_test", codes_test, given[0].shape[1]))
        values.append(_check_factors("factors_test", factors_test, len(given[1]), values[0].shape[1]))
    finite = _without_broken_codes(given)
    varying = _varying(values[0])
    kept = [block[:, varying] for block in values]
    labels = _labels(kept)
    _warn_of_rare_values(labels[0], varying)
    return Sample(
        codes=finite[0],
        factors=labels[0],
        values=kept[0],
        codes_test=finite[1] if codes_test is not None else None,
        factors_test=labels[1] if codes_test is not None else None,
        values_test=kept[1] if codes_test is not None else None,
        varying=varying,
        seed=seed,
        bins=bins,
        dci_backend=dci_backend,
    )


def _check_codes(name: str, codes: ArrayLike, latents: int | None = None) -> np.ndarray:
    array = _array(name, codes)
    if array.ndim != 2 or len(array) < 2 or array.shape[1] < 1 or array.dtype.kind not in "fiub":
        raise ConfigError(f"{name} must be at least 2 x 1 numbers (sample, latent), got {_describe(array)}")
    if latents is not None and array.shape[1] != latents:
        raise ConfigError(f"{name} must have the {latents} latents of codes, got {array.shape[1]}")
    return array.astype(np.float64)


def _check_factors(name: str, factors: ArrayLike | None, samples: int, width: int | None = None) -> np.ndarray:
    array = np.zeros((samples, 0), dtype=np.int64) if factors is None else _array(name, factors)
    if array.ndim != 2 or array.dtype.kind not in "iub":
        raise ConfigError(f"{name} must be integers (sample, factor), got {_describe(array)}")
    if len(array) != samples:
        raise ConfigError(f"{name} must have the {samples} samples of the codes, got {len(array)}")
    if width is not None and array.shape[1] != width:
        raise ConfigError(f"{name} must have the {width} columns of factors, got {array.shape[1]}")
    return array.astype(np.int64)


def _array(name: str, given: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise ConfigError(f"{name} must be a table of numbers, got rows of different lengths") from error


def _describe(array: np.ndarray) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _without_broken_codes(blocks: list[np.ndarray]) -> list[np.ndarray]:
    broken = ~np.all([(np.abs(block) <= LARGEST).all(axis=0) for block in blocks], axis=0)
    if broken.any():
        warn(f"codes {_list(broken)} have values that are not finite and count as constant")
        blocks = [np.where(broken, 0.0, block) for block in blocks]
    constant = (np.ptp(blocks[0], axis=0) == 0) & ~broken
    if constant.any():
        warn(f"codes {_list(constant)} are constant")
    if len(broken) == 1:
        warn("there is one code: it is compared with a constant second one")
    return blocks


def _varying(values: np.ndarray) -> np.ndarray:
    varying: np.ndarray = np.ptp(values, axis=0) > 0
    if not varying.all():
        warn(f"factors {_list(~varying)} are constant and left out")
    if np.sum(varying) == 1:
        warn("there is one factor: it is compared with a second one that no code encodes")
    return varying


def _warn_of_rare_values(labels: np.ndarray, varying: np.ndarray) -> None:
    rare = np.zeros(len(varying), dtype=bool)
    rare[varying] = [len(np.unique(column)) > len(column) / 2 for column in labels.T]
    if rare.any():
        warn(f"factors {_list(rare)} have more values than half the samples: no score can tell what repeats")


def _labels(blocks: list[np.ndarray]) -> list[np.ndarray]:
    everything = np.concatenate(blocks)
    labels = np.empty_like(everything)
    for column, values in enumerate(everything.T):
        labels[:, column] = np.unique(values, return_inverse=True)[1]
    return np.split(labels, [len(blocks[0])])[: len(blocks)]


def _list(mask: np.ndarray) -> str:
    return ", ".join(map(str, np.flatnonzero(mask)))
