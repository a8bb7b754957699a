"""What was searched of a hyperparameter of numbers, as the sweep's spec says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.names import is_named
from vae.parameters import PARAMETERS


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The numbers that a hyperparameter could have: a range, or choices in rising order."""

    name: str
    low: float
    high: float
    is_log: bool = False
    choices: tuple[float, ...] = ()

    def places(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where values lie, from 0 at the low end to 1 at the high one, as the search spreads them."""
        numbers, ends = np.asarray(values, dtype=float), np.array([self.low, self.high])
        if self.choices:
            return np.asarray(np.interp(numbers, self.choices, np.linspace(0, 1, len(self.choices))))
        if self.is_log:
            numbers, ends = np.log(numbers), np.log(ends)
        return np.asarray((numbers - ends[0]) / (ends[1] - ends[0]))

    def beyond(self, *, is_high: bool) -> str:
        """Return the option that searches on at one end, as `--beta` takes it; empty where there is nothing beyond."""
        return self._more_choices(is_high) if self.choices else self._longer_range(is_high)

    def _longer_range(self, is_high: bool) -> str:
        factor = 4.0 if self.is_log else 2.0
        low, high = (self.low, self.high * factor) if is_high else (self._allowed(self.low / factor), self.high)
        widened = low < self.low or high > self.high
        return f"{_text(low)}:{_text(high)}{':log' if self.is_log else ''}" if widened else ""

    def _more_choices(self, is_high: bool) -> str:
        ends = self.choices[-2:] if is_high else self.choices[1::-1]
        step = ends[1] / ends[0] if min(ends) > 0 else np.nan
        if not np.isfinite(ends[1] * step**2):
            return ""
        more = [self._allowed(ends[1] * step), self._allowed(ends[1] * step**2)]
        is_beyond = more[0] > self.high if is_high else more[0] < self.low
        return ",".join(_text(value) for value in sorted({ends[1], *more})) if is_beyond else ""

    def _allowed(self, value: float) -> float:
        """The nearest value that the hyperparameter may have."""
        rule = PARAMETERS[self.name]
        value = float(round(value)) if rule.kind == "integer" else float(f"{value:.2g}")
        value = min(max(value, rule.least), rule.most)
        return self.low if rule.above and value == rule.least else value


def searched(spec: Mapping[str, Any], board: pd.DataFrame, name: str) -> Searched | None:
    """Return what was searched of a hyperparameter; None of names, and where the trials have one value.

    Choices are those that the trials have, and so is what a damaged spec does not say.
    """
    values = board[name].dropna()
    if is_named(board[name]) or values.nunique() < 2:
        return None
    low, _, rest = str(spec.get(name, "")).partition(":")
    high, _, log = rest.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (np.nan, np.nan)
    is_range = not PARAMETERS[name].powers_of_two and ends[0] <= values.min() <= values.max() <= ends[1] < np.inf
    if is_range and not (log and ends[0] <= 0):
        return Searched(name=name, low=ends[0], high=ends[1], is_log=bool(log))
    choices = tuple(sorted({float(value) for value in values}))
    return Searched(name=name, low=choices[0], high=choices[-1], choices=choices)


def _text(value: float) -> str:
    return f"{value:.10g}"
