"""Many runs of one VAE with torch.func: `stack_module_state`, `functional_call`, `vmap` over runs of `grad`.

A peer of `benchmarks.peers`, in fp32, with torch's own fused Adam over the stacked tensors. Noise is an argument, drawn
for all runs at once, so that `vmap` meets no randomness and `torch.compile` no generator.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

LEARNING_RATE = 1e-3
Weights = Mapping[str, Tensor]
"""Of one run, or with a leading run axis, by name."""


class NoisyVAE(nn.Module):
    """The VAE of one hidden layer a side; its noise (sample, latent) is given, and logits come out."""

    def __init__(self, pixels: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(pixels, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc2 = nn.Linear(latent_dim, hidden_dim)
        self.fc3 = nn.Linear(hidden_dim, pixels)

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = F.relu(self.fc1(x))
        mu, logvar = self.fc_mu(hidden), self.fc_logvar(hidden)
        z = mu + torch.exp(0.5 * logvar) * noise
        return self.fc3(F.relu(self.fc2(z))), mu, logvar


def loss_of(model: nn.Module) -> Callable[[Weights, Tensor, Tensor], Tensor]:
    """Return D + R of one run summed over a minibatch, in nats, as a function of (weights, x, noise)."""

    def loss(weights: Weights, x: Tensor, noise: Tensor) -> Tensor:
        logits, mu, logvar = functional_call(model, dict(weights), (x, noise))
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return distortion - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())

    return loss


class Ensemble:
    """Trains runs of one shape together, in minibatches of images (sample, pixel)."""

    def __init__(
        self, images: Tensor, hidden_dim: int, latent_dim: int, batch_size: int, *, compiled: bool = False
    ) -> None:
        self._images, self._latent_dim, self._batch_size = images, latent_dim, batch_size
        self._module = NoisyVAE(images.shape[1], hidden_dim, latent_dim)
        gradients = vmap(grad(loss_of(self._module)), in_dims=(0, None, 0))
        # one graph for whole minibatches and one for the last, as dynamic shapes would be slower
        self._gradients = torch.compile(gradients, dynamic=False) if compiled else gradients

    def train(self, start: Sequence[Weights], orders: Sequence[np.ndarray]) -> list[dict[str, Tensor]]:
        """Return the runs' weights after an epoch in each order of the images, from their first weights."""
        modules = [NoisyVAE(self._images.shape[1], *self._module.fc_mu.weight.shape[::-1]) for _ in start]
        for module, weights in zip(modules, start, strict=True):
            module.load_state_dict(dict(weights))
        parameters = {name: nn.Parameter(stacked) for name, stacked in stack_module_state(modules)[0].items()}
        optimiser = torch.optim.Adam(parameters.values(), lr=LEARNING_RATE, fused=True)
        stacked = {name: parameter.detach() for name, parameter in parameters.items()}
        generator = torch.Generator().manual_seed(0)
        for order in orders:
            for x in self._images[torch.from_numpy(order)].split(self._batch_size):
                noise = torch.randn(len(start), len(x), self._latent_dim, generator=generator)
                gradients = self._gradients(stacked, x, noise)
                for name, parameter in parameters.items():
                    parameter.grad = gradients[name]
                optimiser.step()
        return [{name: tensor[run].clone() for name, tensor in stacked.items()} for run in range(len(start))]
