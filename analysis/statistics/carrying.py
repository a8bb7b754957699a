"""How many latent dimensions carry the rate: the active ones may say next to nothing."""

import pandas as pd

SHARE = 0.95
LEAST_NATS = 0.1
COLUMN = "carrying_units"


def carrying_units(dims: pd.DataFrame) -> pd.DataFrame:
    """Return run and carrying_units, a row a run of `dims` (run, dim, kl_nats).

    The smallest number of dimensions that together hold 95 % of the run's rate, each of at least 0.1 nats.
    """
    ranked = dims.sort_values(["run", "kl_nats"], ascending=[True, False], kind="stable")
    kl = ranked.groupby("run")["kl_nats"]
    before = kl.cumsum() - ranked["kl_nats"]
    carries = (before < SHARE * kl.transform("sum")) & (ranked["kl_nats"] >= LEAST_NATS)
    counts = carries.groupby(ranked["run"]).sum().astype(float)
    return counts.rename(COLUMN).reset_index()
