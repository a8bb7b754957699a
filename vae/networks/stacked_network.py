"""The network of every run of a stack: forward and backward, half by half, around the latent seam."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vae.networks.layers import Layer, Tensors
from vae.networks.network import Network
from vae.networks.stacked_layers import StackedLayer

Activations = list[Tensor]
"""What each layer of a chain read, and what the last put out."""


class StackedNetwork:
    """A network of every run: codes, heads and outputs are fp32, whatever the products are."""

    def __init__(self, network: Network, weights: Tensors, gradients: Tensors) -> None:
        def stacked(layers: Sequence[Layer]) -> list[StackedLayer]:
            return [layer.stacked(weights, gradients) for layer in layers]

        self._encoder, self._decoder = stacked(network.encoder), stacked(network.decoder)
        self._mu, self._logvar = (head.stacked(weights, gradients) for head in (network.mu, network.logvar))
        self._first = network.first
        self._runs, self._precision = next((len(weight), weight.dtype) for weight in weights.values())

    def encode(self, x: Tensor) -> tuple[Activations, Tensor, Tensor]:
        """Activations, mu and logvar of samples (1, sample, pixel) that all runs share."""
        activations = _forward(self._encoder, self._shared(x))
        hidden = activations[-1]
        return activations, self._mu.forward(hidden).float(), self._logvar.forward(hidden).float()

    def decode(self, z: Tensor) -> tuple[Activations, Tensor]:
        """Activations and output of codes (run, sample, latent)."""
        activations = _forward(self._decoder, z.to(self._precision))
        return activations, activations[-1].float()

    def fill_decoder_gradients(self, activations: Activations, output_gradient: Tensor) -> Tensor:
        """Fill the gradients of the decoder's parameters and return that of z."""
        return _backward(self._decoder, activations, output_gradient.to(self._precision)).float()

    def fill_encoder_gradients(self, activations: Activations, mu_gradient: Tensor, logvar_gradient: Tensor) -> None:
        """Fill the gradients of the parameters of both heads and of the encoder."""
        hidden = activations[-1]
        mu_gradient, logvar_gradient = mu_gradient.to(self._precision), logvar_gradient.to(self._precision)
        self._mu.fill_gradients(hidden, mu_gradient)
        self._logvar.fill_gradients(hidden, logvar_gradient)
        gradient = self._mu.input_gradient(hidden, mu_gradient)
        self._logvar.add_input_gradient(logvar_gradient, onto=gradient)
        after = self._first + 1
        gradient = _backward(self._encoder[after:], activations[after:], gradient)
        self._encoder[self._first].fill_gradients(activations[self._first], gradient)

    def _shared(self, x: Tensor) -> Tensor:
        """Samples as every run's, (run, sample, pixel), in the precision of the products.

        fp32 products read one sample for all runs where it lies; those in bf16 would copy it each time.
        """
        samples = x.to(self._precision).expand(self._runs, -1, -1)
        return samples if self._precision == torch.float32 else samples.contiguous()


def _forward(layers: Sequence[StackedLayer], inputs: Tensor) -> Activations:
    activations = [inputs]
    for layer in layers:
        activations.append(layer.forward(activations[-1]))
    return activations


def _backward(layers: Sequence[StackedLayer], activations: Activations, gradient: Tensor) -> Tensor:
    """Fill the layers' gradients from the last to the first; return the gradient of what the first read."""
    for layer, inputs in zip(reversed(layers), reversed(activations[:-1]), strict=True):
        layer.fill_gradients(inputs, gradient)
        gradient = layer.input_gradient(inputs, gradient)
    return gradient
