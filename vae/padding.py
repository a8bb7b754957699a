"""The fixed widths that a run's tensors are padded to, and the way there and back.

Widths are padded to fixed multiples, never to a stack's own maximum: so each run's slice of every tensor starts on a
64-byte boundary, no vector register spans two runs, and a run's bits do not depend on its neighbours. Padding is
exact: padded weights, pixels and noise are zero, so padded gradients are zero, and Adam leaves such a weight at zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.model import initialise
from vae.randomness import INITIALISATION, torch_generator

LATENT_MULTIPLE = 32
WIDTH_MULTIPLE = 16
PIXEL_MULTIPLE = 32
"""torch's sigmoid and softplus take 32 floats at a time and treat a remainder by another formula."""


def padded(size: int, multiple: int) -> int:
    """Round up to a multiple."""
    return -(-size // multiple) * multiple


def stack_key(config: RunConfig) -> tuple[object, ...]:
    """What two runs must share to be trained in one stack."""
    return (
        padded(config.hidden_dim, WIDTH_MULTIPLE),
        padded(config.latent_dim, LATENT_MULTIPLE),
        config.data,
        config.likelihood,
        config.sigma == "learned",
        config.batch_size,
        config.epochs,
    )


def padded_shapes(config: RunConfig, pixels: int) -> dict[str, tuple[int, ...]]:
    """Padded shape of each parameter of a run; a scalar takes a whole register, of which the first is read."""
    hidden = padded(config.hidden_dim, WIDTH_MULTIPLE)
    latent = padded(config.latent_dim, LATENT_MULTIPLE)
    pixels = padded(pixels, PIXEL_MULTIPLE)
    layers = {
        "fc1": (hidden, pixels),
        "fc_mu": (latent, hidden),
        "fc_logvar": (latent, hidden),
        "fc2": (hidden, latent),
        "fc3": (pixels, hidden),
    }
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (outputs, inputs) in layers.items():
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)
    if config.likelihood == "gaussian":
        shapes["log_sigma"] = (WIDTH_MULTIPLE,)
    return shapes


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
