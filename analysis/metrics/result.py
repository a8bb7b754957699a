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

    def __repr__(self) -> str:
        return f"<Score {', '.join(self._facts())}>"

    def _repr_html_(self) -> str:
        first, *others = self._facts()
        rows = "".join(
            f"<tr><th>{name}</th>{''.join(f'<td>{value:.3f}</td>' for value in values)}</tr>"
            for name, values in (("by factor", self.per_factor), ("by code", self.per_code))
            if values is not None
        )
        return f"<p><b>{first}</b> · {', '.join(others)}</p>" + (f"<table>{rows}</table>" if rows else "")

    def _facts(self) -> list[str]:
        """The value, and what it may be compared with, in words."""
        facts = [f"{self.value:.3f}"]
        if self.floor is not None:
            spread = "" if self.floor_deviation is None else f" ± {self.floor_deviation:.3f}"
            facts.append(f"floor {self.floor:.3f}{spread}")
        if self.ceiling is not None:
            facts.append(f"ceiling {self.ceiling:.3f}")
        if self.interval is not None:
            facts.append(f"95 % interval {self.interval[0]:.3f} to {self.interval[1]:.3f}")
        return [*facts, f"{self.samples} samples"]


def listed(mask: np.ndarray) -> str:
    """Return the numbers of the codes or factors in a mask."""
    return ", ".join(map(str, np.flatnonzero(mask)))


def warn(message: str) -> None:
    """Warn that something is degenerate."""
    warnings.warn(message, ScoreWarning, stacklevel=3)
