"""What a run may be stacked with, and what its training step costs: all that planning needs, without torch."""

from vae.config import RunConfig
from vae.networks import network_of
from vae.networks.padding import Width

PASSES = 100
"""Products whose time the work on one activation takes: exponentials, biases, sums, and their memory traffic."""


def stack_key(config: RunConfig) -> tuple[object, ...]:
    """What two runs must share to be trained in one stack."""
    return (
        Width(config.hidden_dim).padded,
        Width(config.latent_dim).padded,
        config.data,
        config.likelihood,
        config.sigma == "learned",
        config.batch_size,
        config.epochs,
        config.precision,
    )


def step_cost(config: RunConfig, pixels: int) -> float:
    """Relative time of one training step on one image: products, and the passes over activations."""
    network = network_of(config, pixels)
    return network.products + PASSES / 2 * network.activations


def working_set_bytes(config: RunConfig, pixels: int) -> int:
    """Bytes that a run's training step touches: weights, gradients and two moments, and the activations."""
    network = network_of(config, pixels)
    weights = sum(parameter.size for parameter in network.parameters)
    return 4 * (4 * weights + config.batch_size * network.activations)
