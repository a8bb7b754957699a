"""Ranking without factors: UDR beside the scores that need them."""

from collections.abc import Sequence

import pandas as pd

from analysis.methods.weighted import losses_of
from analysis.statistics.rank_correlation import FEWEST, rank_correlation

COLUMNS = ("score", "loss", "rank_correlation", "low", "high", "trials")
ALL = "all"


def agreement(trials: pd.DataFrame, scores: Sequence[str], udr: str = "udr") -> pd.DataFrame:
    """Return the rank correlation of UDR and each score over trials (means over seeds), of all and of each loss.

    `trials` has a row a trial with loss, UDR and the scores; low and high bound 95 %. A loss of fewer than FEWEST
    trials has no row of its own.
    """
    parts = {ALL: trials} | {loss: trials[trials["loss"] == loss] for loss in losses_of(trials)}
    rows = []
    for score in scores:
        for loss, part in parts.items():
            known = part.dropna(subset=[udr, score])
            if loss == ALL or (len(known) >= FEWEST and len(parts) > 2):
                rows.append((score, loss, *rank_correlation(known[udr], known[score]), len(known)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
