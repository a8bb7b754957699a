"""Of several objectives: the trials that no other dominates, and the knee among them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vae.columns import Objective, value_columns

LEAST = 3
"""Trials on a front that can have a knee."""


def knee(board: pd.DataFrame, objectives: Sequence[Objective]) -> int | None:
    """Return the trial of the front that lies furthest below the plane through its ends; None where none does.

    Each objective is scaled to [0, 1] on the front (Das 1999, https://doi.org/10.1007/BF01195985): there, a little less
    of one objective begins to cost much of another.
    """
    front = board[~board["dominated"].astype(bool)]
    signs = [1.0 if objective.ascending else -1.0 for objective in objectives]
    costs = front[list(value_columns(tuple(objectives)))].to_numpy(dtype=float) * signs
    if len(costs) < LEAST or not np.isfinite(costs).all():
        return None
    low, high = costs.min(axis=0), costs.max(axis=0)
    if not (low < high).all():
        return None
    sums = ((costs - low) / (high - low)).sum(axis=1)
    place = int(sums.argmin())
    return int(front["trial"].iloc[place]) if sums[place] < 1 else None
