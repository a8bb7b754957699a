"""How beta is approached during a run."""

import math
from dataclasses import dataclass
from typing import Self

from vae.errors import ConfigError

RULE = "beta_schedule must be constant, linear:F (0 < F <= 1) or cyclic:N (N >= 1)"


@dataclass(frozen=True)
class BetaSchedule:
    """The share of beta in force at a fraction of the run.

    `linear:F` rises from 0 to 1 during the first fraction F of the run (Bowman et al. 2016); `cyclic:N` has N
    equal cycles, each rising during its first half and staying at 1 in its second (Fu et al. 2019).
    """

    kind: str
    parameter: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `constant`, `linear:F` or `cyclic:N`; ConfigError for anything else."""
        kind, colon, number = text.partition(":")
        if kind == "constant" and not colon:
            return cls(kind)
        try:
            parameter = float(number)
        except ValueError:
            raise ConfigError(f"{RULE}, got {text!r}") from None
        if kind == "linear" and 0 < parameter <= 1:
            return cls(kind, parameter)
        if kind == "cyclic" and parameter >= 1 and parameter.is_integer() and math.isfinite(parameter):
            return cls(kind, parameter)
        raise ConfigError(f"{RULE}, got {text!r}")

    @property
    def warm_up(self) -> float:
        """Fraction of the run, in [0, 1], after which beta stays what it is."""
        if self.kind == "linear":
            return self.parameter
        return 1.0 - 0.5 / self.parameter if self.kind == "cyclic" else 0.0

    def at(self, progress: float) -> float:
        """Share of beta, in [0, 1], at a fraction `progress` in [0, 1] of the run."""
        if self.kind == "linear":
            return min(1.0, progress / self.parameter)
        if self.kind == "cyclic":
            return min(1.0, 2.0 * (progress * self.parameter % 1.0)) if progress < 1.0 else 1.0
        return 1.0
