"""Several sweeps in one frame: stacked, their specs against each other, and each one's best by every score."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from analysis.presentation.view import View
from analysis.scores.floors import best_above_floor, floor_of_trial
from analysis.statistics.intervals import SUFFIX, trial_means
from vae.errors import ResultsError

NAMES = ("name", "out")
"""Options that only say which sweep it is."""


def stacked(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other, a column `sweep` first that says whose rows they are."""
    parts = [frame.assign(sweep=name) for name, frame in frames.items() if not frame.empty]
    if not parts:
        return pd.DataFrame({"sweep": pd.Series(dtype=str)})
    whole = pd.concat(parts, ignore_index=True)
    return whole[["sweep", *(name for name in whole if name != "sweep")]]


def spec_differences(specs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row an option that differs between specs, and a column a spec, as text."""
    options = dict.fromkeys(option for spec in specs.values() for option in spec)
    rows = [
        {"option": option} | {name: str(spec.get(option, "–")) for name, spec in specs.items()}
        for option in options
        if option not in NAMES and len({str(spec.get(option, "–")) for spec in specs.values()}) > 1
    ]
    return pd.DataFrame(rows, columns=["option", *specs])


def best_scores(view: View) -> pd.DataFrame:
    """Return one row a score: the trial that is best by it, its parameters, value, half-width and floor.

    A score by which no trial is known to be above its floor has no row.
    """
    means = trial_means(view.runs, view.sweep.scores)
    rows = []
    for name in view.sweep.scores:
        try:
            best = best_above_floor(means, name, partial(floor_of_trial, view.sweep))
        except ResultsError:  # no weights were kept
            continue
        if best:
            row = best.row
            value = {"value": float(row[name]), "value" + SUFFIX: float(row[name + SUFFIX])}
            value |= {"floor": best.floor, "floor_high": best.floor_high}
            rows.append({"score": name, "trial": int(row["trial"])} | {p: row[p] for p in view.parameters} | value)
    return pd.DataFrame(rows)
