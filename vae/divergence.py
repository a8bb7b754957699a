"""Runs that ended worse than knowing nothing: a state of their own, with the reason and what to do."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from vae.convergence import still_improves

MARGIN_NATS = 1.0
MARGIN_SHARE = 0.05
"""A distortion is above D0 where it is so by more than MARGIN_NATS and this share of it: a collapsed run stays near."""
REMEDY = "scale pixel values to a standard deviation of about 1, or lower the learning rate"

Array = npt.NDArray[np.float64]


def reason_of_divergence(history: Mapping[str, Array], zero_rate_nats: float, patience: int) -> str:
    """Return why a finished run counts as diverged, or nothing where it does not.

    `zero_rate_nats` is D0 on the train split: the distortion of the best decoder that is told nothing. A run diverged
    where it ends above it by more than a margin and does not come down to it: its distortion is above where it began,
    or no longer falls. A run that is only too short does not.
    """
    distortion = history["train_distortion_nats"]
    above = float(distortion[-1]) - zero_rate_nats
    margin = max(MARGIN_NATS, MARGIN_SHARE * abs(zero_rate_nats))
    if not math.isfinite(zero_rate_nats) or above <= margin:
        return ""
    if distortion[-1] <= distortion[0] + margin and still_improves(distortion, patience):
        return ""
    return (
        f"diverged: its distortion ends at {distortion[-1]:.6g} nats, {above:.3g} above that of a decoder that ignores "
        f"z; {REMEDY}"
    )
