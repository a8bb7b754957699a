"""Checks of codes and factors.

What is degenerate is mended here, once for all metrics, and said in a ScoreWarning:

* a constant factor is left out of the score (0 in `per_factor`);
* a factor of texts has the classes of its sorted values (see `vae.factors`);
* a continuous factor has classes of equally many train rows, for the scores that need classes;
* a factor with more values than half the samples is scored, and seldom means anything;
* one code is compared with a constant second one, one factor with a second one that no code encodes;
* a factor value that the test rows lack, or that they alone have, is left out of averages over values.

A code that is not finite is an error. Without test rows, metrics that need them split the rows 2:1 by the seed; all
other metrics use every row.
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.result import listed, warn
from analysis.metrics.sample import Sample, binary_units
from vae.errors import ConfigError, DataError
from vae.factors import BINS, classes, is_continuous, join_factors, read_factor


def make_sample(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    bins: int = 20,
    dci_backend: str = "forest",
    factor_bins: int = BINS,
) -> Sample:
    """Check codes (sample, latent) and factors (sample, factor), and mend what is degenerate.

    Factors are whole numbers, continuous ones or texts; a continuous one has `factor_bins` classes.

    Raises ConfigError where shapes or types break a rule; warns ScoreWarning where something was mended.
    """
    for name, count in (("bins", bins), ("factor_bins", factor_bins)):
        if count < 2:
            raise ConfigError(f"{name} must be at least 2, got {count}")
    if dci_backend not in ("forest", "gbt"):
        raise ConfigError(f"dci_backend must be forest or gbt, got {dci_backend!r}")
    given = [_check_codes("codes", codes)]
    values = [_check_factors("factors", factors, len(given[0]))]
    if factors is not None and (codes_test is None) != (factors_test is None):
        raise ConfigError("codes_test and factors_test must be given together, got one of them")
    if codes_test is not None:
        given.append(_check_codes("codes_test", codes_test, given[0].shape[1]))
        values.append(_check_factors("factors_test", factors_test, len(given[1]), values[0].shape[1]))
    values = _coded(values)
    units = binary_units(given)
    scaled = [block / units for block in given]
    _warn_of_codes(scaled[0])
    varying = _varying(values[0])
    kept = [block[:, varying] for block in values]
    binned = np.array([is_continuous(column) for column in np.concatenate(kept).T], dtype=bool)
    labels = _labels(kept, binned, factor_bins)
    _warn_of_rare_values(labels[0], varying)
    return Sample(
        codes=scaled[0],
        units=units,
        factors=labels[0],
        values=kept[0],
        codes_test=scaled[1] if codes_test is not None else None,
        factors_test=labels[1] if codes_test is not None else None,
        values_test=kept[1] if codes_test is not None else None,
        varying=varying,
        seed=seed,
        bins=bins,
        dci_backend=dci_backend,
        binned=binned,
        factor_bins=factor_bins,
    )


def _check_codes(name: str, codes: ArrayLike, latents: int | None = None) -> np.ndarray:
    array = _array(name, codes)
    if array.ndim != 2 or len(array) < 2 or array.shape[1] < 1 or array.dtype.kind not in "fiub":
        raise ConfigError(f"{name} must be at least 2 x 1 numbers (sample, latent), got {_describe(array)}")
    if latents is not None and array.shape[1] != latents:
        raise ConfigError(f"{name} must have the {latents} latents of codes, got {array.shape[1]}")
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        broken = np.argwhere(~np.isfinite(numbers))
        row, code = broken[0]
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise ConfigError(
            f"{name} must be finite, got {numbers[row, code]} in row {row} of code {code}{more}: drop the row"
        )
    return numbers


def _check_factors(name: str, factors: ArrayLike | None, samples: int, width: int | None = None) -> np.ndarray:
    array = np.zeros((samples, 0), dtype=np.int64) if factors is None else _array(name, factors)
    if array.ndim != 2 or array.dtype.kind not in "iubfSUO":
        raise ConfigError(f"{name} must be numbers or texts (sample, factor), got {_describe(array)}")
    if len(array) != samples:
        raise ConfigError(f"{name} must have the {samples} samples of the codes, got {len(array)}")
    if width is not None and array.shape[1] != width:
        raise ConfigError(f"{name} must have the {width} columns of factors, got {array.shape[1]}")
    return array


def _coded(blocks: list[np.ndarray]) -> list[np.ndarray]:
    """Factors as numbers, a text by its place among those of all blocks."""
    if blocks[0].shape[1] == 0:
        return blocks
    everything = np.concatenate(blocks)
    try:
        columns = [read_factor(f"factor {number}", column) for number, column in enumerate(everything.T)]
    except DataError as error:
        raise ConfigError(str(error)) from None
    return np.split(join_factors(columns), [len(blocks[0])])[: len(blocks)]


def _array(name: str, given: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise ConfigError(f"{name} must be a table of numbers, got rows of different lengths") from error


def _describe(array: np.ndarray) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _warn_of_codes(codes: np.ndarray) -> None:
    constant = codes[0] == codes[-1]
    constant[constant] = np.ptp(codes[:, constant], axis=0) == 0
    if constant.any():
        warn(f"codes {listed(constant)} are constant")
    if len(constant) == 1:
        warn("there is one code: it is compared with a constant second one")


def _varying(values: np.ndarray) -> np.ndarray:
    varying: np.ndarray = np.ptp(values, axis=0) > 0
    if not varying.all():
        warn(f"factors {listed(~varying)} are constant and left out")
    if np.sum(varying) == 1:
        warn("there is one factor: it is compared with a second one that no code encodes")
    return varying


def _warn_of_rare_values(labels: np.ndarray, varying: np.ndarray) -> None:
    rare = np.zeros(len(varying), dtype=bool)
    rare[varying] = [np.count_nonzero(np.bincount(column)) > len(column) / 2 for column in labels.T]
    if rare.any():
        warn(f"factors {listed(rare)} have more values than half the samples: no score can tell what repeats")


def _numbered(values: np.ndarray) -> np.ndarray:
    """The rank of each value among the values that occur, from 0."""
    above = values - values.min()
    if above.max() > len(values):
        return np.asarray(np.unique(values, return_inverse=True)[1])
    ranks: np.ndarray = (np.cumsum(np.bincount(above) > 0) - 1)[above]
    return ranks


def _labels(blocks: list[np.ndarray], binned: np.ndarray, factor_bins: int) -> list[np.ndarray]:
    everything = np.concatenate(blocks)
    labels = np.empty(everything.shape, dtype=np.int64)
    for column, values in enumerate(everything.T):
        like = blocks[0][:, column]
        # One that is not continuous may stand in floats beside one that is.
        numbered = classes(values, like, factor_bins) if binned[column] else values.astype(np.int64)
        labels[:, column] = _numbered(numbered)
    return np.split(labels, [len(blocks[0])])[: len(blocks)]
