"""Which trials may be the best: multiple comparisons with the best, paired over seeds."""

from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from analysis.choice.noise import Noise, noise_of
from analysis.statistics.intervals import LEVEL, SUFFIX

COLUMNS = ("trial", "shortfall", "shortfall" + SUFFIX, "n", "is_worse", "is_as_good")
TOLERANCE = 1.5
"""Noise deviations of one seed that the recommended trial may give up."""


def contenders(values: pd.DataFrame, best: int, *, is_less_better: bool = False) -> tuple[pd.DataFrame, Noise]:
    """Compare the best trial with each other one, a row each, COLUMNS, the nearest first; the best itself is first.

    `values` has trial, seed and value, one row a run. `shortfall` is by how much a trial falls short of the best, and
    its half-width that of simultaneous 95 % intervals: multiple comparisons with the best (Hsu 1984,
    https://doi.org/10.1214/aos/1176346726), with Dunnett's one-sided quantile. A trial `is_worse` where its interval
    lies above 0; the truly best trial is among the others at least 95 times in 100, however many were looked at. What
    seeds do to all trials is taken out first, and the noise is pooled over trials (`noise_of`). Of one seed nothing is
    told, and where nothing says that trials differ at all (`Noise.differs`), no trial is called worse.

    `is_as_good` marks what may be recommended in place of the best: trials that fall short by no more than one standard
    error of the best's mean (the one-standard-error rule, Breiman et al. 1984, section 3.4.3), and of which a one-sided
    95 % bound says that they give up no more than TOLERANCE deviations of one seed. Not being told worse is not enough
    for that: with few seeds it says little.
    """
    table = values.pivot_table(index="trial", columns="seed", values="value")
    noise = noise_of(-table if is_less_better else table)
    place = int(np.flatnonzero(noise.trials == best)[0])
    shortfall = noise.means[place] - noise.means
    error = noise.errors(place)
    quantile = dunnett(len(shortfall) - 1, noise.degrees, noise.is_balanced) if noise.degrees else np.nan
    is_worse = (shortfall > quantile * error) & noise.differs
    deviation = np.sqrt(noise.variances[place])
    bound = stats.t.ppf(LEVEL, noise.degrees) * error if noise.degrees else error
    is_as_good = (shortfall <= deviation / np.sqrt(noise.counts[place])) & (shortfall + bound <= TOLERANCE * deviation)
    is_as_good[place], is_worse[place] = True, False
    columns = (noise.trials, shortfall, quantile * error, noise.counts, is_worse, is_as_good & ~is_worse)
    rows = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))).assign(first=noise.trials != best)
    return rows.sort_values(["first", "shortfall", "trial"], ignore_index=True).drop(columns="first"), noise


@cache
def dunnett(comparisons: int, degrees: float, is_balanced: bool) -> float:
    """Return the one-sided 95 % quantile of the largest of so many Student's t that share their control.

    With equally many seeds their correlation is 1/2; else it is taken to be 0, which is never too narrow (Slepian).
    """
    if comparisons < 1:
        return 0.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    control = nodes[:, None] * np.sqrt(0.5 if is_balanced else 0.0)
    scale = np.sqrt(0.5) if is_balanced else 1.0
    chances = (np.arange(256) + 0.5) / 256
    spread = np.sqrt(stats.chi2.ppf(chances, degrees) / degrees)

    def missing(quantile: float) -> float:
        covered = special.ndtr((quantile * spread + control) / scale) ** comparisons
        return float(weights @ covered.mean(axis=1) / weights.sum()) - LEVEL

    return float(optimize.brentq(missing, 0.0, 1e4))
