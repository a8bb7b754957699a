"""Which of several sweeps is better, at which rate, by how much and how sure, in words."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.comparison.difference import AT_RATE, ON_AVERAGE, SHARED, differences
from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, listed, nats
from analysis.statistics.intervals import SUFFIX

MEASURES = ("likelihood", "sigma", "binarize", "scale")
"""Options by which distortions are measured: where they differ, nats do not compare."""


def comparable(views: Mapping[str, View]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return how each further sweep differs from the first, by name, and those whose nats are of another measure."""
    view, *_ = views.values()
    told, apart = {}, []
    for name, other in list(views.items())[1:]:
        if _measure(other) != _measure(view):
            apart.append(name)
            continue
        told[name] = differences(view.runs, other.runs, view.zero_rate.nats)
    return told, apart


def _measure(view: View) -> list[str]:
    return [str(view.sweep.spec.get(option, "")) for option in MEASURES]


def which_is_better(first: str, name: str, rows: pd.DataFrame, trials: tuple[int, int]) -> str:
    """Say whether the sweep `name` is better than `first`; `trials` are how many each has, complete."""
    at_rates = rows[rows["what"] == AT_RATE]
    if at_rates.empty:
        said = [f"{name} against {first}: their frontiers share no rate, so which is better cannot be told."]
    else:
        average = rows[rows["what"] == ON_AVERAGE].to_dict(orient="records")[0]
        span = f"between R = {nats(at_rates['rate_nats'].iloc[0])} and {nats(at_rates['rate_nats'].iloc[-1])} nats"
        said = [f"{name} against {first}, at equal rate {span}: {_verdict(name, first, average, 'D')}."]
        said += [_where(name, first, at_rates)]
        if trials[0] != trials[1]:
            most = name if trials[1] > trials[0] else first
            said.append(f"{most} has more trials ({max(trials)} against {min(trials)}), which alone lowers a frontier.")
    for row in rows[rows["what"] == SHARED].to_dict(orient="records"):
        said.append(f"On the points that both have, with equal seeds: {_verdict(name, first, row, 'ELBO')}.")
    return " ".join(filter(None, said))


def _verdict(name: str, first: str, row: Mapping[Any, Any], what: str) -> str:
    fall, width = float(row["difference_nats"]), float(row["difference_nats" + SUFFIX])
    if pd.isna(width):
        return f"cannot tell with one seed (the means differ by {nats(abs(fall))} nats)"
    how = "in differences of equal seeds" if row["is_paired"] else "of seeds of their own"
    size = f"{interval(abs(fall), width)} nats per image (95 %, {how}, {counted(int(row['n']), 'seed')})"
    if not row["is_told"]:
        return f"cannot tell: the difference is {size}"
    better = name if fall > 0 else first
    return f"{better} is better, its {what} {'on average lower' if what == 'D' else 'higher'} by {size}"


def _where(name: str, first: str, at_rates: pd.DataFrame) -> str:
    """At which rates which sweep is told better."""
    parts = []
    for better, rows in (
        (name, at_rates[at_rates["is_told"] & (at_rates["difference_nats"] > 0)]),
        (first, at_rates[at_rates["is_told"] & (at_rates["difference_nats"] < 0)]),
    ):
        if len(rows):
            parts.append(f"{better} at R = {listed([nats(rate) for rate in rows['rate_nats']])}")
    untold = at_rates.loc[~at_rates["is_told"], "rate_nats"]
    if not parts:
        return "At no single rate can it be told." if len(at_rates) else ""
    if len(untold):
        parts.append(f"not told at {listed([nats(rate) for rate in untold])}")
    return f"Better is {listed(parts)}."
