"""One-vs-rest linear SVMs on a single feature, many at once and to their optimum.

The loss is liblinear's: (w^2 + b^2) / 2 + sum C_i max(0, 1 - y_i (w x_i + b))^2, with C_i = C n / (K n_class) for
the class itself ("balanced") and C for the rest. On one axis the rows that a hinge touches are a prefix or a suffix of
the sorted feature, so sums of 1, x, x^2 over them are differences of running sums: a Newton step for all classes of
all factors costs a binary search each, whatever the number of rows.
"""

from dataclasses import dataclass

import numpy as np

PENALTY = 0.01
STEPS = 100
HALVINGS = 30


def fit_threshold_svms(
    feature: np.ndarray, factors: np.ndarray, sizes: list[int], penalty: float = PENALTY
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and intercepts, one a value of each factor in order: margin = weight x + intercept.

    A value that has no row gets weight 0 and intercept -inf: it is never predicted.
    """
    rows = _SortedRows.of(feature, factors, sizes)
    own = np.divide(penalty * len(feature), rows.present * rows.count, out=np.zeros(len(rows.count)), where=rows.exists)
    rest = np.where(rows.present == 2, penalty * len(feature) / (2 * np.maximum(len(feature) - rows.count, 1)), penalty)
    line = np.zeros((2, len(own)))
    loss = rows.loss(line, own, rest)
    for _ in range(STEPS):
        step = _newton_step(line, rows, own, rest)
        size = np.ones(len(own))
        for _ in range(HALVINGS):
            moved = rows.loss(line - size * step, own, rest)
            if not (worse := moved > loss).any():
                break
            size[worse] /= 2
        size[moved > loss] = 0.0
        line, before = line - size * step, loss
        loss = np.minimum(moved, loss)
        if np.all(before - loss <= 1e-14 * before):
            break
    return np.where(rows.exists, line[0], 0.0), np.where(rows.exists, line[1], -np.inf)


@dataclass(frozen=True)
class _SortedRows:
    """A feature sorted, and sorted within every value of every factor, with running sums of 1, x, x^2."""

    sorted_feature: np.ndarray
    all_sums: np.ndarray
    """(3, row + 1)"""
    keys: np.ndarray
    """Class number * rows + rank of a row, ascending over all classes of all factors."""
    class_sums: np.ndarray
    """(3, factor x row + 1), in the order of the keys."""
    starts: np.ndarray
    count: np.ndarray
    """Rows of each class."""
    present: np.ndarray
    """For each class, how many classes of its factor have rows."""

    @classmethod
    def of(cls, feature: np.ndarray, factors: np.ndarray, sizes: list[int]) -> "_SortedRows":
        order = np.argsort(feature)
        ordered = feature[order]
        classes = (factors[order] + np.cumsum([0, *sizes[:-1]])).T.ravel()
        ranks = np.tile(np.arange(len(feature)), len(sizes))
        within = np.argsort(classes, kind="stable")
        count = np.bincount(classes, minlength=sum(sizes))
        present = np.concatenate(
            [np.full(len(block), np.sum(block > 0)) for block in np.split(count, np.cumsum(sizes)[:-1])]
        )
        return cls(
            sorted_feature=ordered,
            all_sums=_running_sums(ordered),
            keys=classes[within] * len(feature) + ranks[within],
            class_sums=_running_sums(ordered[ranks[within]]),
            starts=np.cumsum(count) - count,
            count=count,
            present=present,
        )

    @property
    def exists(self) -> np.ndarray:
        return self.count > 0

    def touched(self, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums (3, class) of 1, x, x^2 over own rows with margin < 1 and over other rows with margin > -1."""
        own_below, _ = self._below(line, 1.0)
        other_own_below, other_below = self._below(line, -1.0)
        ends = self.starts + self.count
        own_total = self.class_sums[:, ends] - self.class_sums[:, self.starts]
        rest_total = self.all_sums[:, -1:] - own_total
        rest_below = other_below - other_own_below
        rising = line[0] >= 0
        return np.where(rising, own_below, own_total - own_below), np.where(rising, rest_total - rest_below, rest_below)

    def _below(self, line: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """Sums over the rows, of the own class and of all, on the left of the point where a line has that margin."""
        with np.errstate(divide="ignore", invalid="ignore"):
            point = (margin - line[1]) / line[0]
        rank = np.searchsorted(self.sorted_feature, np.nan_to_num(point, nan=-np.inf, posinf=np.inf, neginf=-np.inf))
        classes = np.arange(len(self.count))
        position = np.searchsorted(self.keys, classes * len(self.sorted_feature) + rank)
        return self.class_sums[:, position] - self.class_sums[:, self.starts], self.all_sums[:, rank]

    def loss(self, line: np.ndarray, own: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """The regularised squared hinge loss of every class."""
        own_sums, rest_sums = self.touched(line)
        own_loss = _sum_of_squares(own_sums, -line[0], 1 - line[1])
        rest_loss = _sum_of_squares(rest_sums, line[0], 1 + line[1])
        loss: np.ndarray = np.sum(line**2, axis=0) / 2 + own * own_loss + rest * rest_loss
        return loss


def _newton_step(line: np.ndarray, rows: _SortedRows, own: np.ndarray, rest: np.ndarray) -> np.ndarray:
    own_sums, rest_sums = rows.touched(line)
    number, first, second = 2 * (own * own_sums + rest * rest_sums)
    target_number, target_first, _ = 2 * (own * own_sums - rest * rest_sums)
    weight, intercept = line
    weight_slope = weight * (1 + second) + intercept * first - target_first
    intercept_slope = intercept * (1 + number) + weight * first - target_number
    determinant = (1 + second) * (1 + number) - first**2
    return np.array(
        [
            ((1 + number) * weight_slope - first * intercept_slope) / determinant,
            ((1 + second) * intercept_slope - first * weight_slope) / determinant,
        ]
    )


def _sum_of_squares(sums: np.ndarray, slope: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Sum of (slope x + offset)^2 over rows, from their sums of 1, x, x^2."""
    number, first, second = sums
    squares: np.ndarray = number * offset**2 + 2 * slope * offset * first + slope**2 * second
    return squares


def _running_sums(feature: np.ndarray) -> np.ndarray:
    powers = np.array([np.ones_like(feature), feature, feature**2])
    return np.concatenate([np.zeros((3, 1)), np.cumsum(powers, axis=1)], axis=1)
