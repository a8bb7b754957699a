"""What a regulariser gives back."""

from typing import NamedTuple

from torch import Tensor


class Gradients(NamedTuple):
    """Of a regulariser, each (run, sample, latent): mu and logvar as q(z|x) has them, z as drawn."""

    mu: Tensor
    logvar: Tensor
    z: Tensor
