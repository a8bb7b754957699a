"""The convolutional network: stages that halve the sides, then fully-connected layers, and its mirror.

At 64 x 64 and hidden_dim 256 it is that of Locatello et al. 2019 (arXiv 1811.12359), after Burgess et al. 2018 (arXiv
1804.03599).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from vae.errors import ConfigError
from vae.networks.convolutions import Convolution, ToImages, ToRows, TransposedConvolution
from vae.networks.image import Image
from vae.networks.layers import Layer, Linear, LogSigma, Relu
from vae.networks.mlp import hidden_layers
from vae.networks.network import Network
from vae.networks.padding import Shape, Width, latent_width, pixel_width

MOST_STAGES = 4
LEAST_SIDE = 4
"""After the last stage."""
SHARES = (8, 8, 4, 4)
"""Parts of hidden_dim that the channels of each stage are one of."""


@lru_cache(maxsize=1024)
def conv(shape: Shape, latent_dim: int, hidden_dim: int, depth: int = 1, log_sigma: LogSigma | None = None) -> Network:
    """Return the network of images (height, width[, channel]) with `depth` fully-connected layers on either side.

    Raises ConfigError where the sides cannot be halved.
    """
    images = stages(shape, hidden_dim)
    pixels, flat = pixel_width(images[0].size), Width(images[-1].size)
    hidden, z = Width(hidden_dim), latent_width(latent_dim)
    return Network(
        encoder=(
            ToImages("images", images[0], pixels, pixels=True),
            *_down(images),
            ToRows("flatten", images[-1], flat, pixels=False),
            *hidden_layers("1", flat, hidden, depth, xavier=True),
        ),
        mu=Linear("fc_mu", hidden, z, xavier=True),
        logvar=Linear("fc_logvar", hidden, z, xavier=True),
        decoder=(
            *hidden_layers("2", z, hidden, depth, xavier=True),
            Linear("fc3", hidden, flat, xavier=True),
            Relu("relu3"),
            ToImages("unflatten", images[-1], flat, pixels=False),
            *_up(images),
            ToRows("pixels", images[0], pixels, pixels=True),
        ),
        log_sigma=log_sigma,
    )


def stages(shape: Shape, hidden_dim: int) -> list[Image]:
    """Return the image that comes in and that after each stage; ConfigError where there is none."""
    if len(shape) < 2:
        raise ConfigError(f"network conv needs images, got rows of {shape[0]} values: use mlp")
    height, width, channels = (*shape, 1)[:3]
    images = [Image(height, width, channels)]
    while len(images) <= MOST_STAGES and all(side % 2 == 0 and side // 2 >= LEAST_SIDE for side in (height, width)):
        height, width = height // 2, width // 2
        images.append(Image(height, width, max(1, hidden_dim // SHARES[len(images) - 1])))
    if len(images) == 1:
        raise ConfigError(
            f"network conv needs even sides of at least {2 * LEAST_SIDE}, such as 28, 32 or 64, got {height} x {width}"
            ": choose one with --size, or use mlp"
        )
    return images


def _down(images: Sequence[Image]) -> Iterator[Layer]:
    for place, (large, small) in enumerate(pairwise(images), 1):
        yield Convolution(f"conv{place}", small, large)
        yield Relu(f"conv{place}_relu")


def _up(images: Sequence[Image]) -> Iterator[Layer]:
    for place, (small, large) in enumerate(pairwise(reversed(images)), 1):
        yield TransposedConvolution(f"deconv{place}", small, large)
        if place < len(images) - 1:
            yield Relu(f"deconv{place}_relu")
