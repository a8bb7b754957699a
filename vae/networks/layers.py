"""The layers of a network: each knows its parameters, how they begin, what a step costs, and its two forms.

The two forms are the plain torch module, one run's, and the stacked layer, which has a leading run axis.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from vae.config import positive
from vae.networks.padding import REGISTER, Layout, Width

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from vae.networks.stacked_layers import StackedLayer, StackedLinear

Tensors = Mapping[str, "Tensor"]
"""By parameter."""


class Layer(ABC):
    """One step from x to the output; a layer without parameters says only what its two forms are."""

    name: str
    """In the plain module."""

    @property
    def parameters(self) -> tuple[Layout, ...]:
        """Its parameters, in the order in which they are drawn."""
        return ()

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Return its first parameters by name, each at its own shape."""
        return {}

    @property
    def products(self) -> int:
        """Multiplications for one sample, padding included."""
        return 0

    @property
    def activations(self) -> int:
        """Values that it puts out for one sample and a stack keeps, padding included."""
        return 0

    @abstractmethod
    def module(self) -> nn.Module:
        """Return the plain torch module."""

    @abstractmethod
    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return the layer of every run of a stack, on the stack's tensors (run, ...), which it reads and fills."""


def uniform(parameters: Iterable[Layout], bound: float, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw parameters by name, uniformly within a bound."""
    import torch

    return {p.name: torch.empty(p.shape).uniform_(-bound, bound, generator=generator) for p in parameters}


def xavier(weight: Layout, bias: Layout, fans: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw a weight uniformly within sqrt(6 / (fan-in + fan-out)), the sum being `fans`; the bias is zero.

    Glorot & Bengio 2010, equation 16.
    """
    import torch

    return uniform((weight,), math.sqrt(6.0 / fans), generator) | {bias.name: torch.zeros(bias.shape)}


@dataclass(frozen=True)
class Linear(Layer):
    """A fully-connected layer with bias."""

    name: str
    inputs: Width
    outputs: Width
    transposed: bool = False
    """Whether stacks keep the weight as (input, output): with the hidden axis last, gradients are faster products."""
    xavier: bool = False
    """Whether it begins as Xavier's, beside convolutions; else it begins as torch's linear layer does."""

    @property
    def weight(self) -> Layout:
        """(output, input)."""
        shape, room = (self.outputs.own, self.inputs.own), (self.outputs.padded, self.inputs.padded)
        return Layout(f"{self.name}.weight", shape, room, self.transposed)

    @property
    def bias(self) -> Layout:
        """(output,)."""
        return Layout(f"{self.name}.bias", (self.outputs.own,), (self.outputs.padded,))

    @property
    def parameters(self) -> tuple[Layout, ...]:
        """Weight and bias."""
        return (self.weight, self.bias)

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw weight and bias uniformly within 1/sqrt(fan-in), torch's default for a linear layer, or by Xavier."""
        if self.xavier:
            return xavier(self.weight, self.bias, self.inputs.own + self.outputs.own, generator)
        return uniform(self.parameters, 1.0 / math.sqrt(self.inputs.own), generator)

    @property
    def products(self) -> int:
        """One for each weight."""
        return self.weight.size

    @property
    def activations(self) -> int:
        """The outputs."""
        return self.outputs.padded

    def module(self) -> nn.Module:
        """Return torch's linear layer."""
        from torch import nn

        return nn.Linear(self.inputs.own, self.outputs.own)

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLinear:
        """Return one batched product a pass."""
        from vae.networks.stacked_layers import StackedLinear

        tensors = (part[p.name] for part in (weights, gradients) for p in self.parameters)
        return StackedLinear(*tensors, transposed=self.transposed)


@dataclass(frozen=True)
class Relu(Layer):
    """max(0, x), in place of what the layer before puts out."""

    name: str

    def module(self) -> nn.Module:
        """Return torch's ReLU."""
        from torch import nn

        return nn.ReLU()

    def stacked(self, weights: Tensors, gradients: Tensors) -> StackedLayer:
        """Return a pass over every run's activations."""
        from vae.networks.stacked_layers import StackedRelu

        return StackedRelu()


@dataclass(frozen=True)
class LogSigma:
    """Logarithm of a Gaussian likelihood's standard deviation, one scalar a run."""

    initial: float
    learned: bool

    @classmethod
    def of(cls, likelihood: str, sigma: float | Literal["learned"]) -> Self | None:
        """Return that of a likelihood, None for one that has no sigma; ConfigError for one that is not positive."""
        if likelihood != "gaussian":
            return None
        if sigma == "learned":
            return cls(0.0, learned=True)
        positive(sigma=sigma)
        return cls(math.log(sigma), learned=False)

    @property
    def parameters(self) -> tuple[Layout, ...]:
        """Itself."""
        return (Layout("log_sigma", (), (REGISTER,)),)

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Return its first value; nothing is drawn."""
        import torch

        return {p.name: torch.tensor(self.initial) for p in self.parameters}
