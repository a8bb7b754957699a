"""The axes of a search space, read from text: `low:high[:log]`, `a,b,c`, one value, or `usual`."""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vae.config import RunConfig
from vae.errors import ConfigError, said
from vae.loss_table import LOSSES, USUAL
from vae.parameters import PARAMETERS, Parameter, Value


@dataclass(frozen=True)
class Axis:
    """One hyperparameter's choices, or its range."""

    name: str
    choices: tuple[Value, ...] = ()
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    by_loss: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    """Each loss's own choices, where losses differ in them; `choices` are then those of all."""

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return PARAMETERS[self.name].kind == "integer"

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to search."""
        return len(self.choices) == 1

    @property
    def size(self) -> int:
        """The number of its values: choices, integers, or floats that a computer can tell apart."""
        if self.choices:
            return len(self.choices)
        return self._place(self.high) - self._place(self.low) + 1

    def at(self, place: int) -> Value:
        """Return the value at a place in [0, size), in their order."""
        if self.choices:
            return self.choices[place]
        place += self._place(self.low)
        return place if self.is_integer else _as_float(place)

    def has(self, value: object) -> bool:
        """Whether the value is one of the choices, or a number of the right kind within the range."""
        if PARAMETERS[self.name].kind == "name":
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int if self.is_integer else int | float):
            return False
        return value in self.choices if self.choices else self.low <= value <= self.high

    def of_loss(self, loss: str) -> "Axis":
        """Return the axis as one loss has it."""
        if self.name == "loss":
            return Axis(self.name, (loss,))
        return Axis(self.name, dict(self.by_loss)[loss]) if self.by_loss else self

    def _place(self, value: float) -> int:
        return int(value) if self.is_integer else _as_place(value)


def grids_of(axes: Sequence[Axis]) -> list[Sequence[Axis]]:
    """Return the products that axes span: one, or one a loss where losses have choices of their own."""
    losses = next((dict(axis.by_loss) for axis in axes if axis.by_loss), {})
    return [[axis.of_loss(loss) for axis in axes] for loss in losses] or [axes]


def size_of(axes: Sequence[Axis]) -> int:
    """Return the number of points that axes span."""
    return sum(math.prod(axis.size for axis in grid) for grid in grids_of(axes))


def parse_axis(name: str, text: str, losses: Iterable[str] = tuple(LOSSES)) -> Axis:
    """Read an axis of a sweep of some losses; ConfigError, with the rule and what came, for anything that is none.

    A range means the powers of two within it where the parameter says so, else every run would have a shape of its own.
    """
    parameter = PARAMETERS[name]
    if parameter.of_loss and text == USUAL:
        return _usual(name, losses)
    if parameter.kind == "name" or ":" not in text:
        return Axis(name, _choices(parameter, text))
    low_text, high_text, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise ConfigError(f"{name} must be low:high[:log], a,b,c or one value, got {said(text)}")
    low, high, log = _number(parameter, low_text, text), _number(parameter, high_text, text), bool(rest)
    if low > high:
        raise ConfigError(f"{name} must run from low to high, got {said(text)}")
    if log and low <= 0:
        raise ConfigError(f"{name} on a log axis must be above 0, got {said(text)}")
    if parameter.powers_of_two:
        return Axis(name, _powers_of_two(name, int(low), int(high), text))
    return Axis(name, (low,)) if low == high else Axis(name, (), low, high, log)


def _usual(name: str, losses: Iterable[str]) -> Axis:
    """Return the usual values of each loss; a loss that does not read the parameter has its default alone."""
    unread = (getattr(RunConfig, name),)
    by_loss = {loss: tuple(map(float, LOSSES[loss].usual_of(name))) or unread for loss in losses}
    choices = tuple(sorted({value for values in by_loss.values() for value in values}))
    differ = len(set(by_loss.values())) > 1
    return Axis(name, choices, by_loss=tuple(by_loss.items()) if differ else ())


def _choices(parameter: Parameter, text: str) -> tuple[Value, ...]:
    """Read choices, each once."""
    if parameter.kind != "name":
        return tuple(dict.fromkeys(_number(parameter, part, text) for part in text.split(",")))
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        parameter.check(name)
    return names


def _number(parameter: Parameter, part: str, text: str) -> float:
    name, is_integer = parameter.name, parameter.kind == "integer"
    try:
        value = int(part) if is_integer else float(part) + 0.0  # no negative zero
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    except ValueError:
        kind = "whole numbers" if is_integer else "numbers"
        raise ConfigError(f"{name} must be low:high[:log], a,b,c or one value of {kind}, got {said(text)}") from None
    if not finite:
        raise ConfigError(f"{name} must be finite, got {text[:40]!r}")
    parameter.check(value)
    return value


def _powers_of_two(name: str, low: int, high: int, text: str) -> tuple[int, ...]:
    powers = tuple(2**k for k in range(high.bit_length()) if low <= 2**k <= high)
    if not powers:
        raise ConfigError(f"a range of {name} must hold a power of two, got {said(text)}")
    return powers


def _as_place(value: float) -> int:
    """Number the floats that are not negative, in their order: the next one up has the next number."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def _as_float(place: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", place))[0])
