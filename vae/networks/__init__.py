"""Layers, and networks as lists of them: x to (mu, logvar), z to the output.

Nothing here loads torch until a tensor is made: whoever plans stacks asks a network for its shapes and its cost alone.
"""

import math

from vae.config import RunConfig
from vae.networks.conv import conv
from vae.networks.layers import LogSigma
from vae.networks.mlp import mlp
from vae.networks.network import Network
from vae.networks.padding import Shape


def network_of(config: RunConfig, shape: Shape) -> Network:
    """Return the network of a run on samples of that shape: (height, width[, channel]) or (feature,).

    Raises ConfigError where the network cannot take them.
    """
    log_sigma = LogSigma.of(config.likelihood, config.sigma)
    sizes = (config.latent_dim, config.hidden_dim, config.depth, log_sigma)
    return conv(shape, *sizes) if config.network == "conv" else mlp(math.prod(shape), *sizes)
