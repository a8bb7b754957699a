"""What a run may be stacked with, and what its training step costs: all that planning needs, without torch."""

from collections.abc import Callable
from dataclasses import replace

from vae.config import RunConfig
from vae.networks import discriminator, network_of
from vae.networks.network import Network
from vae.networks.padding import Shape, Width, latent_width
from vae.parameters import PARAMETERS, is_own

PADDED: dict[str, dict[str, Callable[[int], Width]]] = {
    "mlp": {"latent_dim": latent_width, "hidden_dim": Width},
    "conv": {"latent_dim": latent_width},
}
"""Widths that runs of one stack may differ in as far as their padding goes, by network; channels have none."""
STANDARD_PASSES = 100.0
"""Products whose time the work on one activation takes: exponentials, biases, sums, and their memory traffic.

Shares of progress are of these; a plan has those of its machine.
"""


def stack_key(config: RunConfig) -> tuple[object, ...]:
    """What two runs must share to be trained in one stack: widths but for padding, all else that gives it its shape."""
    shaping = {name: getattr(config, name) for name, parameter in PARAMETERS.items() if parameter.shapes_stack}
    widths = PADDED.get(config.network, {})
    padded = {name: width(getattr(config, name)).padded for name, width in widths.items()}
    same = (config.data, config.likelihood, config.sigma == "learned", config.epochs, config.precision)
    return (*(shaping | padded).values(), *same)


def step_cost(config: RunConfig, shape: Shape, passes: float = STANDARD_PASSES) -> float:
    """Relative time of one training step on one sample, in products: they, and the passes over activations."""
    products, activations = step_work(config, shape)
    return products + passes * activations


def step_work(config: RunConfig, shape: Shape) -> tuple[float, float]:
    """Products and activations of one training step on one sample; an activation goes both ways."""
    network = _priced(config, shape)
    products, activations = float(network.products), network.activations / 2
    if config.loss == "factor_vae":
        products += discriminator.products_of(config.latent_dim)
    if config.loss == "beta_tc_vae":
        # a pair of samples in one dimension takes what an activation does: an exponential, and passes over it
        activations += config.latent_dim * config.batch_size
    return products, activations


def working_set_bytes(config: RunConfig, shape: Shape) -> int:
    """Bytes that a run's training step touches: weights, gradients and two moments, and the activations."""
    network = _priced(config, shape)
    weights = sum(parameter.size for parameter in network.parameters)
    activations = network.activations
    if config.loss == "factor_vae":
        weights += sum(parameter.size for parameter in discriminator.parameters_of(config.latent_dim))
        activations += discriminator.activations_of(config.latent_dim)
    return 4 * (4 * weights + config.batch_size * activations)


def _priced(config: RunConfig, shape: Shape) -> Network:
    """Return the network whose cost a run has; of the user's own nobody knows it, so an mlp of its sizes stands in."""
    return network_of(replace(config, network="mlp") if is_own(config.network) else config, shape)
