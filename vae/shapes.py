"""The fixed widths that a run's tensors are padded to, and what runs must share to be stacked.

Widths are padded to fixed multiples, never to a stack's own maximum: so each run's slice of every tensor starts on a
64-byte boundary, no vector register spans two runs, and a run's bits do not depend on its neighbours.
"""

import math

from vae.config import RunConfig

LATENT_MULTIPLE = 16
WIDTH_MULTIPLE = 16
PIXEL_MULTIPLE = 32
"""torch's sigmoid and softplus take 32 floats at a time and treat a remainder by another formula."""


def padded(size: int, multiple: int) -> int:
    """Round up to a multiple."""
    return -(-size // multiple) * multiple


def stack_key(config: RunConfig) -> tuple[object, ...]:
    """What two runs must share to be trained in one stack."""
    return (
        padded(config.hidden_dim, WIDTH_MULTIPLE),
        padded(config.latent_dim, LATENT_MULTIPLE),
        config.data,
        config.likelihood,
        config.sigma == "learned",
        config.batch_size,
        config.epochs,
    )


def padded_shapes(config: RunConfig, pixels: int) -> dict[str, tuple[int, ...]]:
    """Padded shape of each parameter of a run; a scalar takes a whole register, of which the first is read."""
    hidden = padded(config.hidden_dim, WIDTH_MULTIPLE)
    latent = padded(config.latent_dim, LATENT_MULTIPLE)
    pixels = padded(pixels, PIXEL_MULTIPLE)
    layers = {
        "fc1": (hidden, pixels),
        "fc_mu": (latent, hidden),
        "fc_logvar": (latent, hidden),
        "fc2": (hidden, latent),
        "fc3": (pixels, hidden),
    }
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (outputs, inputs) in layers.items():
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)
    if config.likelihood == "gaussian":
        shapes["log_sigma"] = (WIDTH_MULTIPLE,)
    return shapes


def training_flops(config: RunConfig, pixels: int) -> float:
    """Floating-point operations of one training step on one image, without padding.

    Forward, weight gradients and input gradients cost two operations a weight each; the first layer needs no input
    gradient.
    """
    first = pixels * config.hidden_dim
    weights = 2 * first + 3 * config.hidden_dim * config.latent_dim
    return 2.0 * (3 * weights - first)


def working_set_bytes(config: RunConfig, pixels: int) -> int:
    """Bytes that a run's training step touches: weights, gradients and two moments, and the activations."""
    shapes = padded_shapes(config, pixels)
    weights = sum(math.prod(shape) for shape in shapes.values())
    hidden, width = shapes["fc1.weight"]
    latent = shapes["fc_mu.weight"][0]
    activations = config.batch_size * (2 * width + 3 * hidden + 6 * latent)
    return 4 * (4 * weights + activations)
