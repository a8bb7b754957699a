"""Runs that something is wrong with, told from cheap columns and histories: a rule, a sentence, and what to do."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from analysis.presentation.words import cell, counted, nats, number
from analysis.statistics.selection import finished, parameters_of
from vae.parameters import PARAMETERS

FLAGS = ("collapsed", "undertrained", "over-regularised", "prior mismatch")
COLUMNS = ("run", "trial", "flag", "sentence")
NOTICEABLE_NATS = 0.1
"""Less than this, per image, raises no flag."""
COLLAPSED_SHARE = 0.01
"""A distortion within this share of the zero-rate point is that of a collapsed run."""
LAST = 5
"""The last one in so many epochs is looked at, and at least so many epochs."""
RISE_SHARE = 0.01
"""Of everything gained since the first epoch: a validation ELBO that rose by more at the end was not done."""
CONFIDENCE = 0.99
RATE_SHARE = 0.5
"""A run of beta above 1 with less than this share of the rate of a better one pays for too little."""
MISMATCH_SHARE = 0.1
"""Of the rate, that the mismatch of the aggregate posterior's moments may take."""


def flags(
    runs: pd.DataFrame, history: pd.DataFrame, zero_rate_nats: float | None, likelihood: str = "bernoulli"
) -> pd.DataFrame:
    """Return one row a finished VAE run and flag, by run: COLUMNS; the sentence has the numbers and what to do.

    `runs` and `history` are frames of a sweep, `zero_rate_nats` is D at rate 0 on its test split (None: unknown).

    * collapsed: rate below 0.1 nats, or no active unit, or a distortion within 1 % (a density: 0.1 nats) of that of
      independent pixels.
    * undertrained: a line through the validation ELBO of the last fifth of the epochs (at least 5) rises, at 99 %
      confidence, by over 0.1 nats and over 1 % of all that was gained since the first epoch.
    * over-regularised: beta above 1, where by dD/dR = -beta a nat of rate would buy more than a nat of distortion, and
      a run of lower beta, no larger a network and equal other parameters has over twice the rate and an ELBO that is
      over 0.1 nats higher.
    * prior mismatch: `prior_mismatch_nats` above 0.1 nats and 10 % of the rate.
    """
    runs = finished(runs)
    rows = [
        *_collapsed(runs, np.nan if zero_rate_nats is None else zero_rate_nats, likelihood),
        *_undertrained(runs, history),
        *_over_regularised(runs),
        *_mismatched(runs),
    ]
    table = pd.DataFrame(rows, columns=["run", "flag", "sentence"]).astype({"run": "int64"})
    return table.merge(runs[["run", "trial"]], on="run")[list(COLUMNS)].sort_values(["run", "flag"], ignore_index=True)


Row = tuple[int, str, str]


def _collapsed(runs: pd.DataFrame, zero_rate_nats: float, likelihood: str) -> Iterator[Row]:
    # only a Bernoulli's distortion has a zero that a share can be taken from
    margin = COLLAPSED_SHARE * zero_rate_nats if likelihood == "bernoulli" else NOTICEABLE_NATS
    runs = runs.assign(gained=zero_rate_nats - runs["distortion_nats"])
    found = (runs["rate_nats"] < NOTICEABLE_NATS) | (runs["active_units"] == 0) | (runs["gained"] < margin)
    for run, row in _rows(runs[found]):
        gain = row["gained"]
        told = "" if np.isnan(gain) else f", and its distortion is {_gap(gain)} that of independent pixels"
        yield (
            run,
            "collapsed",
            f"It encodes {_nats(row['rate_nats'])} with {counted(int(row['active_units']), 'active unit')}{told}: the "
            f"decoder hardly reads z. Lower beta (here {cell('beta', row['beta'])}) or let it grow from 0 "
            "(--beta-schedule linear:0.5).",
        )


def _gap(gain: float) -> str:
    return f"{_nats(abs(gain))} {'below' if gain >= 0 else 'above'}"


def _undertrained(runs: pd.DataFrame, history: pd.DataFrame) -> Iterator[Row]:
    curves = history[history["run"].isin(runs["run"])].groupby("run")["validation_elbo_nats"]
    for run, elbo in {int(str(name)): curve.to_numpy() for name, curve in curves}.items():
        if len(elbo) <= LAST:
            continue
        last = max(LAST, len(elbo) // LAST)
        rise, error = _line(elbo[-last:])
        share = rise / max(elbo[-1] - elbo[0], rise)
        if rise > max(NOTICEABLE_NATS, stats.t.ppf(CONFIDENCE, last - 2) * error) and share > RISE_SHARE:
            yield (
                run,
                "undertrained",
                f"Its validation ELBO still rose by {_nats(rise)} over the last {last} of {len(elbo)} epochs, "
                f"{number(100 * share, 2)} % of all it gained since the first: train longer "
                f"(--epochs {2 * len(elbo)}) or with a larger --learning-rate.",
            )


def _line(values: np.ndarray) -> tuple[float, float]:
    """Rise of the least-squares line from the first value to the last, and its standard error."""
    count = len(values)
    places = np.arange(count) - (count - 1) / 2
    slope = places @ values / (places @ places)
    residuals = values - values.mean() - slope * places
    error = np.sqrt(residuals @ residuals / (count - 2) / (places @ places))
    return float((count - 1) * slope), float((count - 1) * error)


def _over_regularised(runs: pd.DataFrame) -> Iterator[Row]:
    beta, rate, elbo = (runs[name].to_numpy() for name in ("beta", "rate_nats", "elbo_nats"))
    names = parameters_of(runs)
    sizes = runs[[name for name in names if PARAMETERS[name].enlarges]].to_numpy()
    others = runs[[name for name in names if name != "beta" and not PARAMETERS[name].enlarges]].to_numpy()
    for index in np.flatnonzero(beta > 1.0):
        is_equal = (others == others[index]).all(axis=1) & (sizes <= sizes[index]).all(axis=1)
        comparable = is_equal & (beta < beta[index]) & (rate[index] < RATE_SHARE * rate)
        reached = np.where(comparable, elbo, -np.inf)
        if reached.max() - elbo[index] <= NOTICEABLE_NATS:
            continue
        row, better = runs.iloc[index], runs.iloc[reached.argmax()]
        yield (
            int(row["run"]),
            "over-regularised",
            f"At beta {cell('beta', row['beta'])} it has a rate of {_nats(row['rate_nats'])}, where run "
            f"{better['run']} with beta {cell('beta', better['beta'])} and no larger network has "
            f"{nats(better['rate_nats'])} and an ELBO that is {_nats(better['elbo_nats'] - row['elbo_nats'])} higher: "
            "lower beta, unless small codes matter.",
        )


def _mismatched(runs: pd.DataFrame) -> Iterator[Row]:
    mismatch = runs["prior_mismatch_nats"]
    for run, row in _rows(runs[mismatch > np.maximum(NOTICEABLE_NATS, MISMATCH_SHARE * runs["rate_nats"])]):
        lost, share = row["prior_mismatch_nats"], 100 * row["prior_mismatch_nats"] / row["rate_nats"]
        yield (
            run,
            "prior mismatch",
            f"At least {_nats(lost)} of its rate of {nats(row['rate_nats'])} ({number(share, 2)} %) only say "
            "how far the moments of its aggregate posterior lie from the prior's: do not sample z from N(0, I) but "
            "from the moments or a mixture of its codes, or raise beta.",
        )


def _rows(runs: pd.DataFrame) -> Iterator[tuple[int, pd.Series]]:
    return ((int(row["run"]), row) for _, row in runs.iterrows())


def _nats(value: float) -> str:
    return f"{nats(value)} nats"
