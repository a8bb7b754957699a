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
        config.precision,
    )


def layer_shapes(input_dim: int, hidden_dim: int, latent_dim: int) -> dict[str, tuple[int, int]]:
    """Shape (output, input) of each linear layer's weight, in the order in which they are drawn."""
    return {
        "fc1": (hidden_dim, input_dim),
        "fc_mu": (latent_dim, hidden_dim),
        "fc_logvar": (latent_dim, hidden_dim),
        "fc2": (hidden_dim, latent_dim),
        "fc3": (input_dim, hidden_dim),
    }


def parameter_shapes(config: RunConfig, pixels: int) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter of a run, as in the plain module."""
    return _shapes(config, layer_shapes(pixels, config.hidden_dim, config.latent_dim), ())


TRANSPOSED = ("fc1.weight", "fc2.weight")
"""Weights that a stack keeps as (input, output): with the hidden axis last in all, gradients are faster products."""


def padded_shapes(config: RunConfig, pixels: int) -> dict[str, tuple[int, ...]]:
    """Padded shape of each parameter of a run in a stack; a scalar takes a whole register, and its first is read."""
    hidden = padded(config.hidden_dim, WIDTH_MULTIPLE)
    latent = padded(config.latent_dim, LATENT_MULTIPLE)
    layers = layer_shapes(padded(pixels, PIXEL_MULTIPLE), hidden, latent)
    shapes = _shapes(config, layers, (WIDTH_MULTIPLE,))
    return shapes | {name: shapes[name][::-1] for name in TRANSPOSED}


def _shapes(
    config: RunConfig, layers: dict[str, tuple[int, int]], scalar: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in layers.items():
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]
    if config.likelihood == "gaussian":
        shapes["log_sigma"] = scalar
    return shapes


PASSES = 100
"""Products whose time the work on one activation takes: exponentials, biases, sums, and their memory traffic."""


def step_cost(config: RunConfig, pixels: int) -> float:
    """Relative time of one training step on one image: products, and the passes over activations."""
    shapes = padded_shapes(config, pixels)
    products = 3 * sum(math.prod(shape) for name, shape in shapes.items() if name.endswith("weight"))
    return products - math.prod(shapes["fc1.weight"]) + PASSES / 2 * _activations(config, pixels)


def working_set_bytes(config: RunConfig, pixels: int) -> int:
    """Bytes that a run's training step touches: weights, gradients and two moments, and the activations."""
    weights = sum(math.prod(shape) for shape in padded_shapes(config, pixels).values())
    return 4 * (4 * weights + config.batch_size * _activations(config, pixels))


def _activations(config: RunConfig, pixels: int) -> int:
    """Values that a step holds of one image: output and its nats, hidden units, and what stands around z."""
    shapes = padded_shapes(config, pixels)
    width, hidden = shapes["fc1.weight"]
    return 2 * width + 3 * hidden + 6 * shapes["fc_mu.bias"][0]
