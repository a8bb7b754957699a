"""The fully-connected network; at depth 1 it is the textbook's, its parameters named as in the tutorial."""

from functools import lru_cache

from vae.networks.layers import Layer, Linear, LogSigma, Relu
from vae.networks.network import Network
from vae.networks.padding import Width, latent_width, pixel_width


@lru_cache(maxsize=1024)
def mlp(pixels: int, latent_dim: int, hidden_dim: int, depth: int = 1, log_sigma: LogSigma | None = None) -> Network:
    """Return the network x -> hidden -> (mu, logvar), z -> hidden -> output, with `depth` hidden layers either side."""
    x, hidden, z = pixel_width(pixels), Width(hidden_dim), latent_width(latent_dim)
    return Network(
        encoder=hidden_layers("1", x, hidden, depth),
        mu=Linear("fc_mu", hidden, z),
        logvar=Linear("fc_logvar", hidden, z),
        decoder=(*hidden_layers("2", z, hidden, depth), Linear("fc3", hidden, x)),
        log_sigma=log_sigma,
    )


def hidden_layers(name: str, inputs: Width, hidden: Width, depth: int, *, xavier: bool = False) -> tuple[Layer, ...]:
    """Return so many fully-connected layers with their ReLUs: fc1, fc1_2, fc1_3 for the name 1."""
    names = [name, *(f"{name}_{place}" for place in range(2, depth + 1))]
    widths = [inputs, *[hidden] * depth]
    layers: list[Layer] = []
    for place, own in enumerate(names):
        layers += [Linear(f"fc{own}", widths[place], hidden, transposed=True, xavier=xavier), Relu(f"relu{own}")]
    return tuple(layers)
