"""The rungs of a pruned study: the epochs after which the trials of a batch are compared."""

import math
from fractions import Fraction

from vae.schedules import BetaSchedule

PRUNERS = {"explore": ("none",), "optimize": ("halving", "median", "none")}
"""The pruners of each mode, its default first: a pruned study is a biased picture of the space."""
ETA = Fraction(3, 2)
"""One trial in so many goes on, for so many times the epochs (Jamieson & Talwalkar 2016, arXiv 1502.07943).

Many gentle rungs lose less of what learns late than the papers' 2 or 3 do with the same epochs (benchmarks/halving.py).
"""
PLACES = tuple(Fraction(1, 8) * ETA**k for k in range(4))
"""Of the epochs, up to less than half: a batch of 16 trains 31 % of them, and two of it come to the end."""


def rungs(pruner: str, epochs: int, beta_schedule: str) -> tuple[int, ...]:
    """Return the epochs, rising, after which trials are compared: `PLACES` of what follows the warm-up.

    Before beta has reached its value the runs of different betas cannot be told apart.
    """
    if pruner == "none":
        return ()
    warm_up = BetaSchedule.parse(beta_schedule).warm_up * epochs
    reached = {math.ceil(warm_up + (epochs - warm_up) * place) for place in PLACES}
    return tuple(sorted(epoch for epoch in reached if epoch < epochs))
