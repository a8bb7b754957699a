"""When a run has stopped improving: the one rule by which training ends itself and a report says it was too short."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from vae.loss_table import WEIGHS_RATE

PATIENCE_STEPS = 500
"""A run ends where so many steps, and at least LEAST_EPOCHS, no longer lower its loss noticeably."""
LEAST_EPOCHS = 5
MOST_STEPS = 20_000
"""Where training ends in any case."""
NOMINAL_EPOCHS = 100
"""What a length that is not known before counts as, where work is planned and trials are compared on the way."""
NOTICEABLE_NATS = 0.1
"""A fall of the loss over the patience that counts as improvement, per example."""
NOTICEABLE_SHARE = 0.01
"""Of all that was gained since the first epoch, where that is more."""

Losses = npt.NDArray[np.float64]
"""(epoch,): what a run minimises, on validation in nats per example (see `trained_loss`)."""


def trained_loss(
    loss: str, model: str, beta: float, capacity_nats: float, rate_nats: Losses, distortion_nats: Losses
) -> Losses:
    """Return what a run minimises by epoch, (epoch,), in nats per example, as far as rate and distortion tell.

    An AE minimises D. Of the losses that weigh a part of the rate it is D + R, without that part.
    """
    if model == "ae":
        return distortion_nats
    if loss == "annealed_vae":
        return distortion_nats + beta * np.abs(rate_nats - capacity_nats)
    return distortion_nats + (beta if loss in WEIGHS_RATE else 1.0) * rate_nats


def nominal_epochs(epochs: int | Literal["auto"]) -> int:
    """Return the epochs of a run, or what stands for them where they are not known before."""
    return NOMINAL_EPOCHS if epochs == "auto" else epochs


def patience_epochs(steps_an_epoch: int) -> int:
    """Return over how many epochs a loss is looked at."""
    return max(LEAST_EPOCHS, math.ceil(PATIENCE_STEPS / steps_an_epoch))


def most_epochs(steps_an_epoch: int) -> int:
    """Return after how many epochs training ends in any case."""
    return max(2 * LEAST_EPOCHS, math.ceil(MOST_STEPS / steps_an_epoch))


def expected_epochs(steps_an_epoch: int) -> int:
    """Return about how many epochs runs train that end themselves: some two and a half times the patience."""
    return math.ceil(2.5 * patience_epochs(steps_an_epoch))


def recent_fall_nats(losses: Losses, patience: int) -> float:
    """Return by how much a loss falls in `patience` epochs, by the least-squares line through the last of them.

    A run of fewer epochs is judged by its second half; NaN where that is shorter than LEAST_EPOCHS.
    """
    window = patience if len(losses) >= patience else len(losses) // 2
    if window < LEAST_EPOCHS:
        return math.nan
    places = np.arange(window) - (window - 1) / 2
    return float(-(places @ losses[-window:]) / (places @ places) * (patience - 1))


def still_improves(losses: Losses, patience: int) -> bool:
    """Whether more epochs would lower a loss noticeably; a run too short to tell would, one that is not finite not."""
    if not np.isfinite(losses).all():
        return False
    fall, gained = recent_fall_nats(losses, patience), float(losses[0] - losses.min())
    return math.isnan(fall) or fall > max(NOTICEABLE_NATS, NOTICEABLE_SHARE * gained)


def has_converged(losses: Losses, patience: int) -> bool:
    """Whether training may end: the loss no longer falls noticeably, over as many epochs as the patience."""
    return not still_improves(losses, patience) and (len(losses) >= patience or not np.isfinite(losses).all())
