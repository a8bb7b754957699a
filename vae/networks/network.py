"""A network: what encodes, the two heads of q(z|x), and what decodes, each a list of layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from vae.networks.layers import Layer, Linear, LogSigma
from vae.networks.padding import Layout, Shape, Width


@dataclass(frozen=True)
class Network:
    """x -> encoder -> (mu, logvar), z -> decoder -> output, with whatever scale the likelihood has."""

    encoder: tuple[Layer, ...]
    mu: Linear
    logvar: Linear
    decoder: tuple[Layer, ...]
    log_sigma: LogSigma | None = None

    @property
    def latent(self) -> Width:
        """Of z."""
        return self.mu.outputs

    @property
    def heads(self) -> Linear:
        """Mu and logvar as a stack has them: one layer, whose outputs are both, side by side."""
        return Linear("heads", self.mu.inputs, Width(2 * self.latent.padded))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, in the order in which they are drawn and stand in the plain module."""
        return (*self.encoder, self.mu, self.logvar, *self.decoder)

    @property
    def holders(self) -> tuple[Layer | LogSigma, ...]:
        """All that has parameters."""
        return (*self.layers, self.log_sigma) if self.log_sigma else self.layers

    @cached_property
    def parameters(self) -> tuple[Layout, ...]:
        """Every parameter of a run."""
        return tuple(parameter for holder in self.holders for parameter in holder.parameters)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Shape of each parameter of a run, as in the plain module."""
        return {parameter.name: parameter.shape for parameter in self.parameters}

    @cached_property
    def products(self) -> int:
        """Multiplications of a training step for one sample: forward, and for both gradients."""
        first = self.encoder[self.first]
        return 3 * sum(layer.products for layer in self.layers) - first.products

    @cached_property
    def first(self) -> int:
        """Place in the encoder of the first layer that has parameters: nobody needs the gradient of what it reads."""
        return next(place for place, layer in enumerate(self.encoder) if layer.parameters)

    @cached_property
    def activations(self) -> int:
        """Values that a step holds of one sample.

        What the layers put out, the gradient on its way back through hidden units, the output's log-probabilities, and
        what stands around z.
        """
        latent, output = self.latent.padded, self.decoder[-1].activations
        hidden = max(layer.activations for layer in (*self.encoder, *self.decoder[:-1]))
        return sum(layer.activations for layer in self.layers) + hidden + output + 4 * latent
