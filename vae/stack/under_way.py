"""The epoch that a stack is in: how many minibatches are over, and what its training columns have come to."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vae.stack.state import PartOfEpoch


class EpochUnderWay:
    """Sums of rate and distortion over the examples so far, in nats, and each run's share of the time."""

    def __init__(self, parts: Sequence[PartOfEpoch], device: torch.device) -> None:
        self.steps = parts[0].steps
        """Minibatches that are over."""
        sums = [[part.rate_nats, part.distortion_nats] for part in parts]
        self.sums = torch.tensor(sums, dtype=torch.float64, device=device).T.contiguous()
        """(2, run)"""
        self._each = self.sums.unbind()
        self.seconds = [part.seconds for part in parts]

    def add(self, rate: Tensor, distortion: Tensor) -> None:
        """Take in a minibatch: rate and distortion in nats, each (run, sample)."""
        for of_epoch, nats in zip(self._each, (rate, distortion), strict=True):
            of_epoch += nats.sum(dim=1, dtype=torch.float64)
        self.steps += 1

    def pass_seconds(self, seconds: float) -> None:
        """Take in the time of all runs together."""
        self.seconds = [so_far + seconds / len(self.seconds) for so_far in self.seconds]

    def parts(self) -> list[PartOfEpoch]:
        """What is behind each run."""
        sums = zip(*self.sums.tolist(), self.seconds, strict=True)
        return [PartOfEpoch(self.steps, *of_run) for of_run in sums]

    def end(self) -> None:
        """Begin the next epoch."""
        self.steps = 0
        self.sums.zero_()
        self.seconds = [0.0] * len(self.seconds)
