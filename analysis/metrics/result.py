"""What a score is: a number, its parts, and what it may be compared with."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class ScoreWarning(UserWarning):
    """Codes or factors are degenerate, and the score takes the value that is documented for this."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Score:
    """A disentanglement score; `float(score)` is its value."""

    value: float
    per_factor: np.ndarray | None = None
    """(factor,); 0 for a constant factor, which is left out of the value."""
    per_code: np.ndarray | None = None
    """(latent,)"""
    samples: int
    """Rows that were given, test rows included."""
    floor: float | None = None
    """The same metric where codes and factors have nothing to do with each other: the mean over permuted rows."""
    floor_deviation: float | None = None
    """Its standard deviation over the permutations; None where there was one, or one was infinite."""
    permutations: int = 0
    ceiling: float | None = None
    """What a perfect representation, one code a factor, reaches with the same bins; None without bins."""
    interval: tuple[float, float] | None = None
    """A 95 % bootstrap interval over rows."""
    details: dict[str, Any] = field(default_factory=dict)
    """What JSON can hold; matrices are lists of [code][factor]."""

    def __float__(self) -> float:
        return self.value


def listed(mask: np.ndarray) -> str:
    """Return the numbers of the codes or factors in a mask."""
    return ", ".join(map(str, np.flatnonzero(mask)))


def warn(message: str) -> None:
    """Warn that something is degenerate."""
    warnings.warn(message, ScoreWarning, stacklevel=3)
