"""Whether runs were trained to their optimum: there the frontier falls by beta nats of D for each nat of R."""

import numpy as np
import pandas as pd

from analysis.plane.frontier import PLANE
from analysis.statistics.intervals import SUFFIX, jackknife_half_width
from analysis.statistics.selection import finished, parameters_of

COLUMNS = ("beta_low", "beta_high", "n", "slope", "slope" + SUFFIX, "expected", "within")


def slopes(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a pair of neighbouring betas between trials that differ in nothing else.

    `slope` is the difference quotient dD/dR of the means over n seeds (no unit: nats over nats), with the jackknife's
    half-width over seeds (95 %). At the least D + beta R of a family, dD/dR = -beta (Alemi et al. 2018, arXiv
    1711.00464, section 2), so between two optima -slope lies between their betas: `within`; `expected` is minus the
    betas' geometric mean. NaN where both rates are equal. The parameters that they share come before the COLUMNS.
    """
    others = [name for name in parameters_of(runs) if name != "beta"]
    rates, distortions = (_by_point(finished(runs), others, name) for name in PLANE)
    points = rates.index.to_frame(index=False)
    shared = points[others]
    low = np.flatnonzero((shared == shared.shift(-1)).all(axis=1))
    first, second = points.iloc[low].reset_index(drop=True), points.iloc[low + 1].reset_index(drop=True)
    slope = _quotients(rates, distortions, low)
    counts = rates.notna().sum(axis=1).to_numpy()
    seeds = rates.columns[: len(rates.columns) if len(rates.columns) > 1 else 0]
    without_one = [_quotients(rates.drop(columns=seed), distortions.drop(columns=seed), low) for seed in seeds]
    return pd.DataFrame(
        {
            **{name: first[name] for name in others},
            "beta_low": first["beta"],
            "beta_high": second["beta"],
            "n": np.minimum(counts[low], counts[low + 1]),
            "slope": slope,
            "slope" + SUFFIX: jackknife_half_width(np.array(without_one).reshape(len(seeds), len(low))),
            "expected": 0.0 - np.sqrt(first["beta"] * second["beta"]),
            "within": (first["beta"] <= -slope) & (-slope <= second["beta"]),
        }
    )


def _by_point(runs: pd.DataFrame, others: list[str], column: str) -> pd.DataFrame:
    """A row a point of the search space, by rising beta where the others are equal; a column a seed."""
    return runs.pivot_table(index=[*others, "beta"], columns="seed", values=column)


def _quotients(rates: pd.DataFrame, distortions: pd.DataFrame, low: np.ndarray) -> np.ndarray:
    """dD/dR from each point in `low` to the next, of means over the seeds that are left."""
    run, fall = (np.diff(frame.mean(axis=1).to_numpy())[low] for frame in (rates, distortions))
    return np.asarray(np.divide(fall, run, out=np.full(len(low), np.nan), where=run != 0))
