"""Layers, and networks as lists of them: x to (mu, logvar), z to the output.

Nothing here loads torch until a tensor is made: whoever plans stacks asks a network for its shapes and its cost alone.
"""

from vae.config import RunConfig
from vae.networks.layers import LogSigma
from vae.networks.network import Network
from vae.networks.textbook import textbook


def network_of(config: RunConfig, pixels: int) -> Network:
    """Return the network of a run on images of so many pixels."""
    log_sigma = LogSigma.of(config.likelihood, config.sigma)
    return textbook(pixels, config.hidden_dim, config.latent_dim, log_sigma)
