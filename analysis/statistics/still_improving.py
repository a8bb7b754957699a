"""Which runs still improved when they ended, by the very rule by which training ends itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analysis.statistics.losses import with_losses
from vae.convergence import patience_epochs, recent_fall_nats, still_improves, trained_loss

if TYPE_CHECKING:
    from analysis.frames.sweep import Sweep

MOST_SHARE = 0.05
"""Of the runs, that may still improve where training is called long enough."""
COLUMNS = ("run", "trial", "model", "epochs", "fall_nats", "over_epochs")


@dataclass(frozen=True, kw_only=True)
class StillImproving:
    """The runs of a sweep that ended too early."""

    table: pd.DataFrame
    """A row each, by run: COLUMNS; the fall of D + beta R on validation, in nats, over its last epochs, NaN where
    the epochs are too few to tell."""
    runs: int
    """How many runs were looked at."""

    @property
    def is_settled(self) -> bool:
        """Whether training was long enough for a verdict."""
        return len(self.table) <= MOST_SHARE * self.runs


def still_improving(sweep: Sweep, runs: pd.DataFrame) -> StillImproving:
    """Judge finished runs of a sweep, of every model, by the loss that each minimised, on validation.

    The patience is that of the train images and the run's batch size; where their number is not known, the second half
    of the epochs.
    """
    runs = with_losses(sweep.spec, runs[runs["state"] == "COMPLETE"])
    curves = dict(iter(sweep.history.groupby("run")))
    images = int(sweep.provenance.get("data", {}).get("train", 0))
    batch_sizes = runs["batch_size"] if "batch_size" in runs else [_number(sweep.spec["batch_size"])] * len(runs)
    rows = []
    for row, batch_size in zip(runs.to_dict(orient="records"), batch_sizes, strict=True):
        curve = curves[row["run"]]
        rates, distortions = (curve[f"validation_{name}_nats"].to_numpy() for name in ("rate", "distortion"))
        losses = trained_loss(row["loss"], row["model"], row["beta"], row["capacity"], rates, distortions)
        known = images > 0 and 1 <= batch_size < math.inf
        patience = patience_epochs(math.ceil(images / batch_size)) if known else len(losses) // 2
        if still_improves(losses, patience):
            over = patience if len(losses) >= patience else len(losses) // 2
            fall = recent_fall_nats(losses, patience)
            rows.append((row["run"], row["trial"], row["model"], len(losses), fall, over))
    return StillImproving(table=pd.DataFrame(rows, columns=list(COLUMNS)), runs=len(runs))


def _number(text: str) -> float:
    """A fixed hyperparameter of a spec; NaN where a damaged one has no number there."""
    try:
        return float(text)
    except ValueError:
        return math.nan
