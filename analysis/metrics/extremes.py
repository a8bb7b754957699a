"""A few extreme values of a code, and scores that they do not break.

One value of 10,000 among a thousand near 1 takes a code's whole range: all others fall into one of 20 bins, and a
threshold that is drawn over the range never parts them. Scores that fit something, or that compare spreads, see codes
in which such values are drawn in. Scores whose formula is bins, largest deviations or correlations keep their formula,
and a warning names the code.
"""

from dataclasses import replace

import numpy as np

from analysis.metrics.mutual_information import bin_columns
from analysis.metrics.result import listed, warn
from analysis.metrics.sample import Sample, binary_units

TAIL = 100
"""One in so many rows, and one at least, is set aside on either side of a code to find the width of the rest."""
EXTREME_RANGE = 4
"""Widths of the rest in the range of a code with extreme values: the rest shares a quarter of the bins."""
MOST_ROWS = 20_000
"""Of more, as many random ones tell the width."""


def draw_in(sample: Sample) -> Sample:
    """Return the sample with extreme codes nearer, in the same order; the very same sample where there are none.

    A value further than the middle 98 % of its code's rows are wide, z widths from their middle, goes to 2 - 1/z
    widths: a normal code keeps its bits up to 4.6 deviations, and nothing lies beyond 2 widths.
    """
    middle, width = sample.once(_bulk)
    blocks = [sample.codes] if sample.codes_test is None else [sample.codes, sample.codes_test]
    furthest = [np.maximum(block.max(axis=0) - middle, middle - block.min(axis=0)) for block in blocks]
    beyond = np.any(np.array(furthest) > width, axis=0)
    if not beyond.any():
        return sample
    nearer = [_nearer(block, middle, width, np.flatnonzero(beyond)) for block in blocks]
    units = binary_units(nearer)
    train, *test = [block / units for block in nearer]
    return replace(sample, codes=train, codes_test=test[0] if test else None, units=sample.units * units)


def standardise(codes: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return all blocks less the mean of the first, over its deviation; a constant code becomes 0."""
    mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    deviation[np.ptp(codes, axis=0) == 0] = np.inf
    return tuple((block - mean) / deviation for block in (codes, *others))


def warn_of_extremes(sample: Sample) -> None:
    """Warn of codes whose range is extreme values and little else."""
    middle, width = sample.once(_bulk)
    extreme = np.ptp(sample.codes, axis=0) > EXTREME_RANGE * width
    if not extreme.any():
        return
    first = np.flatnonzero(extreme)[0]
    row = np.abs(sample.codes[:, first] - middle[first]).argmax()
    crowded = [np.bincount(column).max() for column in bin_columns(sample.codes[:, extreme], sample.bins).T]
    warn(
        f"codes {listed(extreme)} have extreme values (row {row} of code {first} is "
        f"{sample.codes[row, first] * sample.units[first]:.4g}): {min(crowded) / len(sample.codes):.1%} or more of "
        f"their rows share one of {sample.bins} bins, and scores of bins, ranges and correlations see little of them"
    )


def _bulk(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Middle and width of each code without its tails; all of it where the rest does not vary."""
    codes = sample.codes
    if len(codes) > MOST_ROWS:
        codes = codes[np.random.default_rng(0).integers(len(codes), size=MOST_ROWS)]
    aside = min(max(len(codes) // TAIL, 1), (len(codes) - 1) // 2)
    ordered = np.partition(codes, (aside, len(codes) - 1 - aside), axis=0)
    low, high = ordered[aside], ordered[-1 - aside]
    if (whole := low == high).any():
        low, high = np.where(whole, sample.codes.min(axis=0), low), np.where(whole, sample.codes.max(axis=0), high)
    return (low + high) / 2, high - low


def _nearer(codes: np.ndarray, middle: np.ndarray, width: np.ndarray, columns: np.ndarray) -> np.ndarray:
    nearer = codes.copy()
    for column in columns:
        distance = codes[:, column] - middle[column]
        rows = np.flatnonzero(np.abs(distance) > width[column])
        widths = distance[rows] / width[column]
        nearer[rows, column] = middle[column] + width[column] * (2 * np.sign(widths) - 1 / widths)
    return nearer
