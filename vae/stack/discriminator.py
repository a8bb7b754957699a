"""FactorVAE's discriminator of every run of a stack: it tells codes from codes whose dimensions are shuffled apart.

Kim & Mnih 2018, algorithm 2 and appendix A (arXiv 1802.05983); both halves of its loss are of the same minibatch, as
in Locatello et al. 2019 (arXiv 1811.12359).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.device import to_device
from vae.networks.discriminator import layers_of, parameters_of
from vae.networks.memory import NEW, Memory
from vae.networks.stacked_layers import StackedLayer
from vae.randomness import DISCRIMINATOR, PERMUTATION, torch_generator
from vae.stack.adam import StackedAdam

NEGATIVE_SLOPE = 0.2
LEARNING_RATE, BETA1, BETA2 = 1e-4, 0.5, 0.9
REAL, SHUFFLED = 0, 1
"""Places of the two logits."""
Parts = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]


def draw_discriminator(config: RunConfig) -> dict[str, Tensor]:
    """Return a run's first discriminator, padded, drawn from the run's seed; torch's default of linear layers."""
    generator = torch_generator(config.seed, DISCRIMINATOR)
    own = {name: first for layer in layers_of(config.latent_dim) for name, first in layer.draw(generator).items()}
    return {parameter.name: parameter.pack(own[parameter.name]) for parameter in parameters_of(config.latent_dim)}


class Discriminators:
    """Those of a stack's runs, fp32 whatever the network's products are; tensors (run, sample, value).

    `parts` are parameters and Adam's two moments by name, changed in place.
    """

    def __init__(self, configs: Sequence[RunConfig], parts: Parts, steps_taken: int) -> None:
        self._configs, self.parts = configs, parts
        parameters, first, second = parts
        gradients = {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}
        self._layers: list[StackedLayer] = []
        for layer in layers_of(configs[0].latent_dim):
            self._layers += [layer.stacked(parameters, gradients), StackedLeakyRelu()]
        del self._layers[-1]
        rates = [LEARNING_RATE] * len(configs)
        self._adam = StackedAdam(parameters, gradients, first, second, rates, steps_taken, betas=(BETA1, BETA2))

    def step(self, z: Tensor, step: int) -> Tensor:
        """Return the gradient of the summed log density ratio log q(z) / prod q(z_l) with respect to z, then learn.

        The ratio is what the discriminators say before they learn from z (run, sample, latent) and its shuffled twin.
        """
        samples = z.shape[1]
        activations = [torch.cat((z, self._shuffled(z, step)), dim=1)]
        for layer in self._layers:
            activations.append(layer.forward(activations[-1]))
        logits = activations[-1][..., :2]
        ratio = self._through([part[:, :samples] for part in activations], _ratio_gradient(activations[-1], samples))
        mistakes = torch.zeros_like(activations[-1])
        mistakes[..., :2] = 0.5 * logits.softmax(dim=2)
        mistakes[:, :samples, REAL] -= 0.5
        mistakes[:, samples:, SHUFFLED] -= 0.5
        self._through(activations, mistakes.div_(samples), learns=True)
        self._adam.step()
        return ratio

    def _through(self, activations: Sequence[Tensor], gradient: Tensor, *, learns: bool = False) -> Tensor:
        for layer, inputs in zip(reversed(self._layers), reversed(activations[:-1]), strict=True):
            if learns:
                layer.fill_gradients(inputs, gradient)
            gradient = layer.input_gradient(inputs, gradient)
        return gradient

    def _shuffled(self, z: Tensor, step: int) -> Tensor:
        """Each dimension of each run's codes in an order of its own."""
        orders = torch.zeros(z.shape, dtype=torch.int64)
        for run, config in enumerate(self._configs):
            generator = torch_generator(config.seed, PERMUTATION, step)
            orders[run, :, : config.latent_dim] = torch.rand(
                z.shape[1], config.latent_dim, generator=generator
            ).argsort(dim=0)
        return z.gather(1, to_device(orders, z.device))


class StackedLeakyRelu:
    """max(x, NEGATIVE_SLOPE x), in place both ways."""

    def forward(self, inputs: Tensor, memory: Memory = NEW) -> Tensor:
        """Return what it puts out, in the place of what it read."""
        return torch.nn.functional.leaky_relu_(inputs, NEGATIVE_SLOPE)

    def fill_gradients(self, inputs: Tensor, gradient: Tensor) -> None:
        """It has no parameters."""

    def input_gradient(self, inputs: Tensor, gradient: Tensor, memory: Memory = NEW) -> Tensor:
        """Return the gradient times 1 or the slope, by the sign of x, which is the same before and after."""
        before: Tensor = torch.ops.aten.leaky_relu_backward(gradient, inputs, NEGATIVE_SLOPE, True)
        return before


def _ratio_gradient(outputs: Tensor, samples: int) -> Tensor:
    """That of the summed difference of the two logits."""
    gradient = torch.zeros_like(outputs[:, :samples])
    gradient[..., REAL], gradient[..., SHUFFLED] = 1.0, -1.0
    return gradient
