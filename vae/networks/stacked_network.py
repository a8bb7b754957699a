"""The network of every run of a stack: forward and backward, half by half, around the latent seam."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vae.networks.layers import Layer, Tensors
from vae.networks.memory import NEW, Kept, Memory
from vae.networks.network import Network
from vae.networks.stacked_layers import StackedLayer

Activations = list[Tensor]
"""What each layer of a chain read, and what the last put out."""


def together(network: Network, tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return a stack's tensors as they lie in memory, the heads' in one, and by parameter, those of the heads as views.

    So the gradients of both heads are one product each, and one tensor is Adam's.
    """
    whole, named = dict(tensors), dict(tensors)
    heads = (layer.parameters for layer in (network.heads, network.mu, network.logvar))
    for both, mu, logvar in zip(*heads, strict=True):
        whole[both.name] = torch.cat([whole.pop(mu.name), whole.pop(logvar.name)], dim=1)
        named[mu.name], named[logvar.name] = whole[both.name].chunk(2, dim=1)
    return whole, named


class StackedNetwork:
    """A network of every run, on tensors that lie together; heads and outputs are fp32, whatever the products are.

    `kept` halves write where they wrote at the step before: what they return is good until they are called again.
    """

    def __init__(self, network: Network, weights: Tensors, gradients: Tensors) -> None:
        def stacked(layers: Sequence[Layer]) -> list[StackedLayer]:
            return [layer.stacked(weights, gradients) for layer in layers]

        self._encoder, self._decoder = stacked(network.encoder), stacked(network.decoder)
        self._heads = network.heads.stacked(weights, gradients)
        self._mu, self._logvar = self._heads.halves()
        self._first = network.first
        self._runs, self._precision = next((len(weight), weight.dtype) for weight in weights.values())
        self._kept = Kept()

    def encode(self, x: Tensor, *, kept: bool = False) -> tuple[Activations, Tensor, Tensor]:
        """Activations, mu and logvar of samples (1, sample, pixel) that all runs share."""
        memory = self._kept if kept else NEW
        activations = _forward(self._encoder, self._shared(x), memory)
        mu, logvar = (head.forward(activations[-1], memory).float() for head in (self._mu, self._logvar))
        return activations, mu, logvar

    def decode(self, z: Tensor, *, kept: bool = False) -> tuple[Activations, Tensor]:
        """Activations and output of codes (run, sample, latent)."""
        activations = _forward(self._decoder, z.to(self._precision), self._kept if kept else NEW)
        return activations, activations[-1].float()

    def fill_decoder_gradients(self, activations: Activations, output_gradient: Tensor) -> Tensor:
        """Fill the gradients of the decoder's parameters and return that of z."""
        return _backward(self._decoder, activations, output_gradient.to(self._precision), self._kept).float()

    def fill_encoder_gradients(self, activations: Activations, heads_gradient: Tensor) -> None:
        """Fill the gradients of the parameters of both heads and of the encoder."""
        hidden, gradient = activations[-1], heads_gradient.to(self._precision)
        self._heads.fill_gradients(hidden, gradient)
        gradient = self._heads.input_gradient(hidden, gradient, self._kept)
        after = self._first + 1
        gradient = _backward(self._encoder[after:], activations[after:], gradient, self._kept)
        self._encoder[self._first].fill_gradients(activations[self._first], gradient)

    def _shared(self, x: Tensor) -> Tensor:
        """Samples as every run's, (run, sample, pixel), in the precision of the products.

        fp32 products read one sample for all runs where it lies; those in bf16 would copy it each time.
        """
        samples = x.to(self._precision).expand(self._runs, -1, -1)
        return samples if self._precision == torch.float32 else samples.contiguous()


def _forward(layers: Sequence[StackedLayer], inputs: Tensor, memory: Memory) -> Activations:
    activations = [inputs]
    for layer in layers:
        activations.append(layer.forward(activations[-1], memory))
    return activations


def _backward(layers: Sequence[StackedLayer], activations: Activations, gradient: Tensor, memory: Memory) -> Tensor:
    """Fill the layers' gradients from the last to the first; return the gradient of what the first read."""
    for layer, inputs in zip(reversed(layers), reversed(activations[:-1]), strict=True):
        layer.fill_gradients(inputs, gradient)
        gradient = layer.input_gradient(inputs, gradient, memory)
    return gradient
