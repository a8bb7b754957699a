"""The same layer of every run of a stack: one call into torch each way, tensors (run, sample, value).

Products are of the dtype of the weights that a layer is given, gradients of parameters are fp32.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from vae.networks.layers import Layer, Linear, Tensors
from vae.networks.network import Network

Activations = list[Tensor]
"""What each layer of a chain read, and what the last put out."""


class StackedLayer(Protocol):
    """What a layer does to all runs at once."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what it puts out; may overwrite what it reads."""
        ...

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Fill the gradients of its parameters, from what it read and the gradient of what it put out."""
        ...

    def input_gradient(self, inputs: Tensor, gradient: Tensor) -> Tensor:
        """Return the gradient of what it read; may overwrite that of what it put out."""
        ...


class StackedLinear:
    """`Linear` of every run."""

    def __init__(self, layer: Linear, weights: Tensors, gradients: Tensors) -> None:
        weight = weights[layer.weight.name]
        self._transposed = layer.transposed
        self._matrix = weight if layer.transposed else weight.mT
        """(run, input, output)"""
        self._bias = weights[layer.bias.name].unsqueeze(1)
        self._weight_gradient = gradients[layer.weight.name]
        self._bias_gradient = gradients[layer.bias.name]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return x W + b."""
        return torch.baddbmm(self._bias, inputs, self._matrix)

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """Sums over samples."""
        left, right = (inputs, gradient) if self._transposed else (gradient, inputs)
        if gradient.dtype == self._weight_gradient.dtype:
            torch.bmm(left.mT, right, out=self._weight_gradient)
            torch.sum(gradient, dim=1, out=self._bias_gradient)
        else:
            self._weight_gradient.copy_(torch.bmm(left.mT, right))
            self._bias_gradient.copy_(gradient.sum(dim=1))

    def input_gradient(self, inputs: Tensor, gradient: Tensor) -> Tensor:
        """Gradient times W transposed."""
        return torch.bmm(gradient, self._matrix.mT)

    def add_input_gradient(self, gradient: Tensor, onto: Tensor) -> None:
        """Add the same to another gradient, where two layers read one."""
        onto.baddbmm_(gradient, self._matrix.mT)


class StackedRelu:
    """`Relu` of every run, in place both ways."""

    def forward(self, inputs: Tensor) -> Tensor:
        """max(0, x)."""
        return inputs.relu_()

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """It has no parameters."""

    def input_gradient(self, inputs: Tensor, gradient: Tensor) -> Tensor:
        """Return the gradient where x is above 0, which it is before and after."""
        before: Tensor = torch.ops.aten.threshold_backward.grad_input(gradient, inputs, 0.0, grad_input=gradient)
        return before


class StackedNetwork:
    """A network of every run: codes, heads and outputs are fp32, whatever the products are."""

    def __init__(self, network: Network, weights: Tensors, gradients: Tensors) -> None:
        def stacked(layers: Sequence[Layer]) -> list[StackedLayer]:
            return [layer.stacked(weights, gradients) for layer in layers]

        self._encoder, self._decoder = stacked(network.encoder), stacked(network.decoder)
        self._mu, self._logvar = (head.stacked(weights, gradients) for head in (network.mu, network.logvar))
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
        gradient = _backward(self._encoder[1:], activations[1:], gradient)
        self._encoder[0].fill_gradients(activations[0], gradient)

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
