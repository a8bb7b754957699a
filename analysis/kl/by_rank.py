"""The KL of each latent dimension, sorted."""

import pandas as pd

from analysis.statistics.intervals import replicates
from analysis.statistics.selection import finished, parameters_of


def kl_by_rank(runs: pd.DataFrame, dims: pd.DataFrame) -> pd.DataFrame:
    """Return each trial's KL per dimension (nats per image), sorted within a run, then averaged over seeds.

    Rank 1 is the dimension of the largest KL: which index it has differs from seed to seed and says nothing.
    """
    trial = ["trial", *parameters_of(runs)]
    rows = dims.merge(finished(runs)[["run", *trial]], on="run")
    rank = rows.groupby("run")["kl_nats"].rank(method="first", ascending=False).astype("int64")
    return replicates(rows.assign(rank=rank), [*trial, "rank"], ["kl_nats"])
