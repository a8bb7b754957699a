"""A run between two steps, at padded shape, and the way there and back."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType

import safetensors.torch
import torch
from torch import Tensor

from vae.config import RunConfig
from vae.networks import network_of
from vae.networks.network import Network
from vae.networks.padding import Shape
from vae.parameters import is_own
from vae.randomness import INITIALISATION, torch_generator
from vae.stack.discriminator import draw_discriminator

PARTS = ("parameters", "first_moment", "second_moment")
PLACE = "place"
"""In bytes: epoch, and the part of the next one, exact in float64."""


@dataclass(frozen=True)
class PartOfEpoch:
    """What of an epoch is behind a run: minibatches, and the sums of its training columns over them."""

    steps: int = 0
    rate_nats: float = 0.0
    distortion_nats: float = 0.0
    seconds: float = 0.0
    """The run's share of its stack's."""


@dataclass(frozen=True)
class RunState:
    """A run between two steps, at padded shape: its parameters and Adam's two moments by name."""

    epoch: int
    """Epochs that are over."""
    parameters: dict[str, Tensor]
    first_moment: dict[str, Tensor]
    second_moment: dict[str, Tensor]
    part: PartOfEpoch = PartOfEpoch()
    """Of the epoch under way."""


def initial_state(config: RunConfig, shape: Shape) -> RunState:
    """Draw a run's weights at its own shape from its own seed, then pad them.

    An AE's log-variances are zero and stay so: nothing reads them.
    """
    generator, network = torch_generator(config.seed, INITIALISATION), network_of(config, shape)
    own: dict[str, Tensor] = {}
    for holder in network.holders:
        unread = config.model == "ae" and holder is network.logvar
        own |= {p.name: torch.zeros(p.shape) for p in holder.parameters} if unread else holder.draw(generator)
    further = draw_discriminator(config) if config.loss == "factor_vae" else {}
    return _at_epoch(0, network, own, further)


def saved_state(config: RunConfig, shape: Shape, weights: Mapping[str, Tensor]) -> RunState:
    """Return a trained run from the state of its plain module, to be evaluated: Adam's moments are zero."""
    if is_own(config.network):
        return RunState(0, dict(weights), {}, {})
    return _at_epoch(0, network_of(config, shape), weights)


def own_parameters(config: RunConfig, shape: Shape, state: RunState) -> dict[str, Tensor]:
    """Return a run's parameters at its own shape: the state of the plain module."""
    return {p.name: p.unpack(state.parameters[p.name]) for p in network_of(config, shape).parameters}


def dump_state(state: RunState) -> bytes:
    """Return a state as bytes, safetensors, for a worker anywhere."""
    tensors = {f"{part}.{name}": tensor for part in PARTS for name, tensor in getattr(state, part).items()}
    place = torch.tensor([state.epoch, *astuple(state.part)], dtype=torch.float64)
    return safetensors.torch.save(tensors | {PLACE: place})


def load_state(content: bytes) -> RunState:
    """Return the state of `dump_state`."""
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    tensors = safetensors.torch.load(content)
    epoch, steps, *sums = tensors.pop(PLACE).tolist()
    for key, tensor in tensors.items():
        part, _, name = key.partition(".")
        parts[part][name] = tensor
    return RunState(int(epoch), **parts, part=PartOfEpoch(int(steps), *sums))


def _at_epoch(
    epoch: int, network: Network, own: Mapping[str, Tensor], further: Mapping[str, Tensor] = MappingProxyType({})
) -> RunState:
    """A run with these parameters, at their own shapes, `further` ones that are padded already, and no moments."""
    parameters = {p.name: p.pack(own[p.name]) for p in network.parameters} | dict(further)
    first, second = ({name: torch.zeros_like(tensor) for name, tensor in parameters.items()} for _ in range(2))
    return RunState(epoch, parameters, first, second)
