"""How training went: ELBO, rate and distortion by epoch of three trials."""

import pandas as pd

from analysis.statistics.intervals import replicates
from analysis.statistics.selection import finished, parameters_of

SPLITS = ("validation", "train")
MEASURED = ("elbo_nats", "rate_nats", "distortion_nats")


def learning_curves(board: pd.DataFrame, runs: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return MEASURED (nats per image, mean and half-width over seeds) by epoch and split of three trials.

    `standing` is first, median or last in the leaderboard `board`; fewer trials have fewer standings.
    """
    chosen = standings(board.drop_duplicates(parameters_of(board)))  # a point asked twice was trained once
    rows = history.merge(finished(runs)[["run", "trial"]], on="run").merge(chosen, on="trial")
    parts = [
        rows[["standing", "trial", "epoch"]].assign(split=split, **{name: rows[f"{split}_{name}"] for name in MEASURED})
        for split in SPLITS
    ]
    return replicates(pd.concat(parts), ["standing", "trial", "split", "epoch"], list(MEASURED))


def standings(board: pd.DataFrame) -> pd.DataFrame:
    """Return which trials of a leaderboard are first, median and last, each trial once."""
    last = len(board) - 1
    places = {"first": 0, "median": (last + 1) // 2, "last": last} if last >= 0 else {}
    chosen = pd.DataFrame({"standing": list(places), "trial": board["trial"].iloc[list(places.values())]})
    # Two trials are a first and a last.
    order = chosen.sort_values("standing", key=lambda names: names == "median", kind="stable")
    return order.drop_duplicates("trial").reset_index(drop=True)
