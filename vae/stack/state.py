"""A run between two epochs, at padded shape, and the way there and back.

Padding is exact: padded weights, pixels and noise are zero, so padded gradients are zero, and Adam leaves such a
weight at zero.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import safetensors.torch
import torch
from torch import Tensor

from vae.config import RunConfig
from vae.randomness import INITIALISATION, torch_generator
from vae.stack.shapes import TRANSPOSED, padded_shapes, parameter_shapes

PARTS = ("parameters", "first_moment", "second_moment")


@dataclass(frozen=True)
class RunState:
    """A run between two epochs, at padded shape: its parameters and Adam's two moments by name."""

    epoch: int
    parameters: dict[str, Tensor]
    first_moment: dict[str, Tensor]
    second_moment: dict[str, Tensor]


def initial_state(config: RunConfig, pixels: int) -> RunState:
    """Draw a run's weights at its own shape from its own seed, then pad them.

    Weights and biases are uniform within 1/sqrt(fan-in), torch's default for a linear layer. An AE's fc_logvar is zero
    and stays so: nothing reads it.
    """
    generator = torch_generator(config.seed, INITIALISATION)
    own = parameter_shapes(config, pixels)
    parameters, first, second = (
        {name: torch.zeros(shape) for name, shape in padded_shapes(config, pixels).items()} for _ in range(3)
    )
    for name, shape in own.items():
        layer = name.partition(".")[0]
        if name == "log_sigma":
            parameters[name][0] = 0.0 if config.sigma == "learned" else math.log(config.sigma)
        elif not (layer == "fc_logvar" and config.model == "ae"):
            bound = 1.0 / math.sqrt(own[f"{layer}.weight"][1])
            drawn = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            _plain(name, parameters[name])[_corner(shape)] = drawn
    return RunState(0, parameters, first, second)


def saved_state(config: RunConfig, pixels: int, weights: Mapping[str, Tensor]) -> RunState:
    """Return a trained run from the state of its plain module, to be evaluated: Adam's moments are zero."""
    parameters, first, second = (
        {name: torch.zeros(shape) for name, shape in padded_shapes(config, pixels).items()} for _ in range(3)
    )
    for name, shape in parameter_shapes(config, pixels).items():
        _plain(name, parameters[name])[_corner(shape)] = weights[name]
    return RunState(config.epochs, parameters, first, second)


def dump_state(state: RunState) -> bytes:
    """Return a state as bytes, safetensors, for a worker anywhere."""
    tensors = {f"{part}.{name}": tensor for part in PARTS for name, tensor in getattr(state, part).items()}
    return safetensors.torch.save(tensors | {"epoch": torch.tensor(state.epoch)})


def load_state(content: bytes) -> RunState:
    """Return the state of `dump_state`."""
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    tensors = safetensors.torch.load(content)
    epoch = int(tensors.pop("epoch"))
    for key, tensor in tensors.items():
        part, _, name = key.partition(".")
        parts[part][name] = tensor
    return RunState(epoch, **parts)


def own_parameters(config: RunConfig, pixels: int, state: RunState) -> dict[str, Tensor]:
    """Return a run's parameters at its own shape: the state of the plain module."""
    return {
        name: _plain(name, state.parameters[name])[_corner(shape)]
        .reshape(shape)
        .clone(memory_format=torch.contiguous_format)
        for name, shape in parameter_shapes(config, pixels).items()
    }


def _plain(name: str, tensor: Tensor) -> Tensor:
    """View a stack's tensor with the axes of the plain module."""
    return tensor.mT if name in TRANSPOSED else tensor


def _corner(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(0, size) for size in shape) or (slice(0, 1),)
