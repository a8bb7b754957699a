"""The axes of a search space, read from text: `low:high[:log]`, `a,b,c`, or one value."""

import math
from dataclasses import dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from vae.config import LARGEST_DIM, at_least, at_most
from vae.errors import ConfigError

INTEGERS = ("latent_dim", "hidden_dim")
LEAST = {"latent_dim": 1, "hidden_dim": 1, "beta": 0}


@dataclass(frozen=True)
class Axis:
    """One hyperparameter's choices, or its range."""

    name: str
    choices: tuple[float, ...] = ()
    low: float = math.nan
    high: float = math.nan
    log: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to search."""
        return len(self.choices) == 1

    def has(self, value: object) -> bool:
        """Whether the value is one of the choices, or a number of the right kind within the range."""
        if isinstance(value, bool) or not isinstance(value, int if self.name in INTEGERS else int | float):
            return False
        return value in self.choices if self.choices else self.low <= value <= self.high

    def distribution(self) -> BaseDistribution:
        """Return the axis as Optuna knows it."""
        if self.choices:
            return CategoricalDistribution(self.choices)
        if self.name in INTEGERS:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)


def parse_axis(name: str, text: str) -> Axis:
    """Read an axis; ConfigError, with the rule and what came, for anything that is none.

    A range of hidden_dim means the powers of two within it, else every run would have a shape of its own.
    """
    if ":" not in text:
        choices = tuple(dict.fromkeys(_number(name, part, text) for part in text.split(",")))
        at_least(LEAST[name], **{name: min(choices)})
        return Axis(name, choices)
    low_text, high_text, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise ConfigError(f"{name} must be low:high[:log], a,b,c or one value, got {text!r}")
    low, high, log = _number(name, low_text, text), _number(name, high_text, text), bool(rest)
    at_least(LEAST[name], **{name: low})
    if low > high:
        raise ConfigError(f"{name} must run from low to high, got {text!r}")
    if log and low <= 0:
        raise ConfigError(f"{name} on a log axis must be above 0, got {text!r}")
    if name == "hidden_dim":
        return Axis(name, _powers_of_two(int(low), int(high), text))
    return Axis(name, (low,)) if low == high else Axis(name, (), low, high, log)


def _number(name: str, part: str, text: str) -> float:
    try:
        value = int(part) if name in INTEGERS else float(part)
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    except ValueError:
        kind = "whole numbers" if name in INTEGERS else "numbers"
        raise ConfigError(f"{name} must be low:high[:log], a,b,c or one value of {kind}, got {text!r}") from None
    if not finite:
        raise ConfigError(f"{name} must be finite, got {text[:40]!r}")
    if name in INTEGERS:
        at_most(LARGEST_DIM, **{name: value})
    return value


def _powers_of_two(low: int, high: int, text: str) -> tuple[int, ...]:
    powers = tuple(2**k for k in range(high.bit_length()) if low <= 2**k <= high)
    if not powers:
        raise ConfigError(f"a range of hidden_dim must hold a power of two, got {text!r}")
    return powers
