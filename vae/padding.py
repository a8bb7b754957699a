"""A run between two epochs, at padded shape, and the way there and back.

Padding is exact: padded weights, pixels and noise are zero, so padded gradients are zero, and Adam leaves such a
weight at zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.model import initialise
from vae.randomness import INITIALISATION, torch_generator
from vae.shapes import padded_shapes

@dataclass(frozen=True)
class RunState:
    """A run between two epochs, at padded shape: its parameters and Adam's two moments by name."""

    epoch: int
    parameters: dict[str, Tensor]
    first_moment: dict[str, Tensor]
    second_moment: dict[str, Tensor]


def initial_state(config: RunConfig, pixels: int) -> RunState:
    """Draw a run's weights at its own shape from its own seed, then pad them."""
    own = initialise(config, pixels, torch_generator(config.seed, INITIALISATION))
    shapes = padded_shapes(config, pixels)
    parameters, first, second = ({name: torch.zeros(s) for name, s in shapes.items()} for _ in range(3))
    for name, tensor in own.items():
        parameters[name][_corner(tensor)] = tensor
    return RunState(0, parameters, first, second)


def unpad(state: RunState, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a run's parameters at its own shape: those of the plain module's state `like`."""
    return {
        name: state.parameters[name][_corner(tensor)].reshape(tensor.shape).clone()
        for name, tensor in like.items()
    }


def _corner(tensor: Tensor) -> tuple[slice, ...]:
    return tuple(slice(0, size) for size in tensor.shape) or (slice(0, 1),)
