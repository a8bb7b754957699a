"""Whether the best trial is better than the others, or only luckier with its seeds."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.intervals import LEVEL, SUFFIX

LARGEST = 1e150
"""The square of a larger value has no place among finite numbers: it counts as missing."""
COLUMNS = ("trial", "lead", "lead" + SUFFIX, "n", "is_told")


def lead(values: pd.DataFrame, best: int, *, is_less_better: bool = False) -> pd.DataFrame:
    """Return by how much a trial leads each other one, a row each, the nearest first: COLUMNS.

    `values` has trial, seed and value, one row a run. The lead is the mean of the differences over the n seeds that
    both trials have, so what seeds have in common cancels; `is_told` says that its 95 % interval lies above 0.

    Many trials were looked at, and the first was chosen as the luckiest too: the intervals are as wide as Bonferroni
    asks for so many comparisons, so that all of them lie above 0 by noise alone at most one time in twenty (multiple
    comparisons with the best, Hsu 1984, https://doi.org/10.1214/aos/1176346726). A few seeds say little of one pair's
    spread, so it is taken to be no smaller than the pooled one of the better half of the trials (`_noise`). With two
    trials it is Student's paired interval. Nothing is told of one seed.
    """
    table = values.pivot_table(index="trial", columns="seed", values="value")
    table = table.where(table.abs() < LARGEST)
    table = -table if is_less_better else table
    differences = table.loc[best] - table.drop(index=best)
    pooled, degrees = _noise(table)
    n = differences.notna().sum(axis=1)
    spread = np.fmax(differences.var(axis=1), 2 * pooled)
    quantile = stats.t.ppf(1 - (1 - LEVEL) / 2 / max(len(differences), 1), degrees) if degrees else np.nan
    half_width = quantile * np.sqrt(spread / n)
    mean = differences.mean(axis=1)
    columns = (mean, half_width, n, mean > half_width)
    rows = pd.DataFrame(dict(zip(COLUMNS[1:], columns, strict=True))).reset_index(names="trial")
    return rows.sort_values(["lead", "trial"], ignore_index=True)


def _noise(table: pd.DataFrame) -> tuple[float, int]:
    """The variance over seeds of the better half of the trials (trial, seed), and its degrees of freedom.

    What a seed does to all trials is taken out; poor trials are left out, for their noise is larger. Where some trials
    have more seeds, it is that of them or of the seeds of all, whichever has more degrees of freedom.
    """
    ranked = table.loc[table.mean(axis=1).sort_values(ascending=False, kind="stable").index]
    half = ranked.iloc[: max(2, -(-len(ranked) // 2))]
    counts = half.notna().sum(axis=1)
    blocks = [half[counts >= least].dropna(axis=1) for least in sorted(set(counts))]
    block = max(blocks, key=_degrees)
    degrees = _degrees(block)
    if not degrees:
        return np.nan, 0
    values = block.to_numpy()
    residuals = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(np.square(residuals).sum() / degrees), degrees


def _degrees(block: pd.DataFrame) -> int:
    trials, seeds = block.shape
    return max(trials - 1, 0) * max(seeds - 1, 0)
