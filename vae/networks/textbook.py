"""The textbook's network: one hidden layer on either side, parameters named as in the tutorial."""

from collections.abc import Mapping
from functools import lru_cache

from vae.networks.layers import Linear, LogSigma, Relu
from vae.networks.network import Network
from vae.networks.padding import Shape, Width, pixel_width


@lru_cache(maxsize=1024)
def textbook(pixels: int, hidden_dim: int, latent_dim: int, log_sigma: LogSigma | None = None) -> Network:
    """Return the network x -> hidden -> (mu, logvar), z -> hidden -> output."""
    x, hidden, z = pixel_width(pixels), Width(hidden_dim), Width(latent_dim)
    return Network(
        encoder=(Linear("fc1", x, hidden, transposed=True), Relu("relu1")),
        mu=Linear("fc_mu", hidden, z),
        logvar=Linear("fc_logvar", hidden, z),
        decoder=(Linear("fc2", z, hidden, transposed=True), Relu("relu2"), Linear("fc3", hidden, x)),
        log_sigma=log_sigma,
    )


def textbook_sizes(shapes: Mapping[str, Shape]) -> tuple[int, int, int] | None:
    """Return pixels, hidden_dim and latent_dim of a saved network by two of its shapes; None where they are missing.

    What is saved may lie: the rest must be compared with `textbook(...).shapes`.
    """
    first, means = shapes.get("fc1.weight", ()), shapes.get("fc_mu.weight", ())
    if len(first) != 2 or len(means) != 2:
        return None
    return first[1], first[0], means[0]
