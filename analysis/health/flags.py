"""Runs that something is wrong with, told from cheap columns and histories: a rule, a sentence, and what to do."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from analysis.presentation.words import cell, counted, nats, number
from analysis.statistics.losses import weigh_rate
from analysis.statistics.selection import finished, parameters_of
from vae.parameters import PARAMETERS

FLAGS = ("collapsed", "undertrained", "over-regularised", "prior mismatch")
COLUMNS = ("run", "trial", "flag", "sentence")
NOTICEABLE_NATS = 0.1
"""Less than this, per image, raises no flag."""
COLLAPSED_SHARE = 0.01
"""A distortion within this share of the zero-rate point is that of a collapsed run."""
RATE_SHARE = 0.5
"""A run of beta above 1 with less than this share of the rate of a better one pays for too little."""
MISMATCH_SHARE = 0.1
"""Of the rate, that the mismatch of the aggregate posterior's moments may take."""


def flags(
    runs: pd.DataFrame,
    history: pd.DataFrame,
    improving: pd.DataFrame,
    zero_rate_nats: float | None,
    likelihood: str = "bernoulli",
    spec: Mapping[str, Any] = MappingProxyType({}),
) -> pd.DataFrame:
    """Return one row a finished VAE run and flag, by run: COLUMNS; the sentence has the numbers and what to do.

    `runs` and `history` are frames of a sweep, `improving` is the table of `still_improving`, `zero_rate_nats` is D at
    rate 0 on the test split (None: unknown), `spec` the sweep's.

    * collapsed: rate below 0.1 nats, or no active unit, or a distortion within 1 % (a density: 0.1 nats) of that of
      independent pixels.
    * undertrained: the loss on validation still fell when it ended, by the rule that ends training.
    * over-regularised: under beta_vae alone, beta above 1, where by dD/dR = -beta a nat of rate would buy more than a
      nat of distortion, and a run of lower beta, no larger a network and equal other parameters has over twice the
      rate and an ELBO that is over 0.1 nats higher.
    * prior mismatch: `prior_mismatch_nats` above 0.1 nats and 10 % of the rate.
    """
    runs = finished(runs)
    rows = [
        *_collapsed(runs, history, np.nan if zero_rate_nats is None else zero_rate_nats, likelihood),
        *_undertrained(improving),
        *_over_regularised(weigh_rate(spec, runs)),
        *_mismatched(runs),
    ]
    table = pd.DataFrame(rows, columns=["run", "flag", "sentence"]).astype({"run": "int64"})
    return table.merge(runs[["run", "trial"]], on="run")[list(COLUMNS)].sort_values(["run", "flag"], ignore_index=True)


Row = tuple[int, str, str]


def causes(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a flag of a table of `flags`, all of FLAGS: flag, count of runs, and which, as text."""
    runs = {name: table.loc[table["flag"] == name, "run"] for name in FLAGS}
    rows = [(name, len(found), ", ".join(map(str, found))) for name, found in runs.items()]
    return pd.DataFrame(rows, columns=["flag", "count", "runs"])


def _collapsed(runs: pd.DataFrame, history: pd.DataFrame, zero_rate_nats: float, likelihood: str) -> Iterator[Row]:
    epochs = history.groupby("run").size()
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
            f"(--beta-schedule linear:0.5 --epochs {epochs[run]}).",
        )


def _gap(gain: float) -> str:
    return f"{_nats(abs(gain))} {'below' if gain >= 0 else 'above'}"


def _undertrained(improving: pd.DataFrame) -> Iterator[Row]:
    for run, row in _rows(improving[improving["model"] == "vae"]):
        epochs, remedy = int(row["epochs"]), "train longer, or with a larger --learning-rate"
        if np.isnan(row["fall_nats"]):
            said = f"Its {counted(epochs, 'epoch')} are too few to tell whether it still improved"
        else:
            said = (
                f"Its loss on validation still fell by {_nats(row['fall_nats'])} over the last "
                f"{row['over_epochs']} of {epochs} epochs"
            )
        yield run, "undertrained", f"{said}: {remedy}."


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
