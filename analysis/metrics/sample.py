"""Codes and factors as metrics see them; made by `analysis.metrics.inputs.make_sample`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np

from analysis.metrics.result import Score, warn

T = TypeVar("T")
LEAST_EXPONENT = -1000
"""The reciprocal of a smaller power of two may be infinite."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Finite codes (sample, latent) and varying factors (sample, factor), with the settings of the metrics."""

    codes: np.ndarray
    """Each in a power of two of its own that brings its largest number near 1: no square leaves the number range."""
    units: np.ndarray
    """(latent,), these powers of two: `codes * units` are the codes that were given, to the bit."""
    factors: np.ndarray
    """Labels from 0, without gaps over train and test."""
    values: np.ndarray
    """The numbers that were given, for metrics to which order and distance matter."""
    codes_test: np.ndarray | None
    factors_test: np.ndarray | None
    values_test: np.ndarray | None
    varying: np.ndarray
    """Which of the given factors are kept, bool."""
    seed: int
    bins: int
    dci_backend: str
    binned: np.ndarray
    """Which of the kept factors are continuous, bool: their labels are bins of equally many train rows."""
    factor_bins: int
    _kept: dict[Callable[..., Any], Any] = field(init=False, repr=False, default_factory=dict)

    def once(self, quantity: Callable[["Sample"], T]) -> T:
        """Return a quantity that several metrics share, computed for the first of them."""
        if quantity not in self._kept:
            self._kept[quantity] = quantity(self)
        kept: T = self._kept[quantity]
        return kept

    @property
    def sizes(self) -> list[int]:
        """Number of values of each factor."""
        return [int(labels.max()) + 1 for labels in self.factors.T]

    def score(
        self,
        value: float,
        *,
        per_factor: np.ndarray | None = None,
        per_code: np.ndarray | None = None,
        **details: Any,
    ) -> Score:
        """Return a Score on these rows, with a 0 put in for each factor that was left out."""
        if per_factor is not None:
            kept, per_factor = per_factor, np.zeros(len(self.varying))
            per_factor[self.varying] = kept
        samples = len(self.codes) + (0 if self.codes_test is None else len(self.codes_test))
        return Score(value=float(value), per_factor=per_factor, per_code=per_code, samples=samples, details=details)


def binary_units(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the power of two next to each code's largest number, and below it; 1 for a code of zeros; (latent,)."""
    largest = np.max([np.abs(block).max(axis=0) for block in blocks], axis=0)
    exponents = np.where(largest > 0, np.frexp(largest)[1] - 1, 0)
    return np.ldexp(1.0, np.maximum(exponents, LEAST_EXPONENT))


class Split(NamedTuple):
    """Train and test rows of a sample."""

    codes: np.ndarray
    factors: np.ndarray
    codes_test: np.ndarray
    factors_test: np.ndarray


def split_rows(sample: Sample) -> Split:
    """Return the rows to fit on and to test on: as given, else split 2:1 by the seed."""
    if sample.codes_test is not None and sample.factors_test is not None:
        split = Split(sample.codes, sample.factors, sample.codes_test, sample.factors_test)
    else:
        rows = np.random.default_rng(sample.seed).permutation(len(sample.codes))
        train, test = np.split(rows, [-(len(rows) // 3) or -1])
        split = Split(sample.codes[train], sample.factors[train], sample.codes[test], sample.factors[test])
    one_sided = [
        len(np.unique(train)) != size or len(np.unique(test)) != size
        for train, test, size in zip(split.factors.T, split.factors_test.T, sample.sizes, strict=True)
    ]
    if any(one_sided):
        names = ", ".join(map(str, np.flatnonzero(sample.varying)[one_sided]))
        warn(f"factors {names} have values that stand only in the train or only in the test rows")
    return split
