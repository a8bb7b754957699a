"""The network of FactorVAE's discriminator, which no trained model needs.

Kim & Mnih 2018, appendix A (arXiv 1802.05983).
"""

import itertools

from vae.networks.layers import Linear
from vae.networks.padding import Layout, Width, latent_width

HIDDEN_LAYERS, HIDDEN_DIM = 6, 1000
PREFIX = "discriminator."
"""Of its parameters' names in a run's state."""


def layers_of(latent_dim: int) -> list[Linear]:
    """Return its linear layers, z to two logits; between them are leaky ReLUs."""
    widths = [latent_width(latent_dim), *[Width(HIDDEN_DIM)] * HIDDEN_LAYERS, Width(2)]
    return [Linear(f"{PREFIX}fc{n + 1}", *pair) for n, pair in enumerate(itertools.pairwise(widths))]


def parameters_of(latent_dim: int) -> tuple[Layout, ...]:
    """Return its parameters."""
    return tuple(parameter for layer in layers_of(latent_dim) for parameter in layer.parameters)


def products_of(latent_dim: int) -> int:
    """Multiplications of a training step for one sample.

    Its code and the shuffled one go forward and both ways back, and the first back once more for the gradient of z.
    """
    return (2 * 3 + 1) * sum(layer.products for layer in layers_of(latent_dim))


def activations_of(latent_dim: int) -> int:
    """Values that a step holds of one sample and its shuffled twin."""
    return 2 * sum(layer.activations for layer in layers_of(latent_dim))
