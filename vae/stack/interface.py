"""What training, evaluation and scores use of a stack, whatever its networks are and however it trains them."""

from typing import Protocol

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.stack.state import RunState
from vae.stack.under_way import EpochUnderWay


class AnyStack(Protocol):
    """Runs that are trained together; tensors are (run, sample, dim), images (1, sample, pixel) with padding."""

    configs: tuple[RunConfig, ...]
    epoch: int
    """Epochs that are over."""
    under_way: EpochUnderWay
    device: torch.device
    latent: int
    """Dimensions of z, padding included."""
    is_ae: Tensor
    """(run,)"""

    def __len__(self) -> int:
        """Runs."""

    def states(self) -> list[RunState]:
        """Each run as it stands, to go on with."""

    def weights(self) -> list[dict[str, Tensor]]:
        """State of each run's plain module."""

    def sigmas(self) -> list[float]:
        """Each run's standard deviation of p(x|z); empty where the likelihood has none."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mu and logvar of images."""

    def decode(self, z: Tensor) -> Tensor:
        """Decoder output of codes."""

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """-log p(x|z) in nats, (run, sample)."""

    def step(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step of the optimiser; rate and distortion before it, each (run, sample)."""
