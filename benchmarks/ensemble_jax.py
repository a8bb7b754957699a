"""Many runs of one VAE in JAX: `vmap` over runs, `lax.scan` over the steps of an epoch, one jitted call an epoch.

A peer of `benchmarks.peers`, in fp32, with Adam as in Kingma & Ba 2015. Nothing returns to Python within an epoch: the
minibatches are gathered and the noise is drawn inside. The generator is XLA's own (`rbg`), which is a little faster on
a processor than JAX's default, and the state is donated, so that it is updated in place.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import Array
from torch import Tensor

Parameters = dict[str, Array]
"""Weights (in, out) and biases by name, of one run or with a leading run axis."""
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


class State(NamedTuple):
    """What a step changes."""

    parameters: Parameters
    first_moment: Parameters
    second_moment: Parameters
    steps: Array


def loss(parameters: Parameters, x: Array, noise: Array) -> Array:
    """D + R of one run summed over a minibatch (sample, pixel), at noise (sample, latent), in nats."""

    def linear(name: str, inputs: Array) -> Array:
        return inputs @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]

    hidden = jax.nn.relu(linear("fc1", x))
    mu, logvar = linear("fc_mu", hidden), linear("fc_logvar", hidden)
    z = mu + jnp.exp(0.5 * logvar) * noise
    logits = linear("fc3", jax.nn.relu(linear("fc2", z)))
    distortion = jnp.sum(jax.nn.softplus(logits) - x * logits)
    return distortion - 0.5 * jnp.sum(1 + logvar - mu**2 - jnp.exp(logvar))


def adam(state: State, gradients: Parameters) -> State:
    """Return the state after a step of Adam."""
    steps = state.steps + 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, state.first_moment, gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g**2, state.second_moment, gradients)
    rate, correction = LEARNING_RATE / (1 - BETA1**steps), 1 / (1 - BETA2**steps)
    moved = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v * correction) + EPSILON), state.parameters, first, second
    )
    return State(moved, first, second, steps)


def epoch(batch_size: int, latent_dim: int, state: State, images: Array, order: Array, key: Array) -> State:
    """Return the state after an epoch over images (sample, pixel) in this order; the last minibatch may be smaller."""
    runs = len(state.parameters["fc1.bias"])
    gradients = jax.vmap(jax.grad(loss), in_axes=(0, None, 0))

    def step(state: State, drawn: tuple[Array, Array]) -> tuple[State, None]:
        rows, key = drawn
        noise = jax.random.normal(key, (runs, len(rows), latent_dim))
        return adam(state, gradients(state.parameters, images[rows], noise)), None

    steps = len(order) // batch_size
    keys = jax.random.split(key, steps + 1)
    whole, rest = order[: steps * batch_size].reshape(steps, batch_size), order[steps * batch_size :]
    state, _ = jax.lax.scan(step, state, (whole, keys[:-1]))
    return step(state, (rest, keys[-1]))[0] if len(rest) else state


class Ensemble:
    """Trains runs of one shape together, in minibatches of images (sample, pixel)."""

    def __init__(self, images: np.ndarray, latent_dim: int, batch_size: int) -> None:
        self._images = jnp.asarray(images)
        self._epoch = jax.jit(partial(epoch, batch_size, latent_dim), donate_argnums=0)

    def train(self, start: Sequence[Mapping[str, Tensor]], orders: Sequence[np.ndarray]) -> list[dict[str, Tensor]]:
        """Return the runs' weights after an epoch in each order of the images, from their first weights."""
        parameters = {name: jnp.asarray(np.stack([_turned(run[name].numpy()) for run in start])) for name in start[0]}
        first, second = (jax.tree.map(jnp.zeros_like, parameters) for _ in range(2))
        state = State(parameters, first, second, jnp.zeros((), jnp.int32))
        keys = jax.random.split(jax.random.key(0, impl="rbg"), len(orders))
        for order, key in zip(orders, keys, strict=True):
            state = self._epoch(state, self._images, jnp.asarray(order), key)
        trained = {name: np.asarray(stacked) for name, stacked in state.parameters.items()}
        return [
            {name: torch.from_numpy(_turned(stacked[run]).copy()) for name, stacked in trained.items()}
            for run in range(len(start))
        ]


def _turned(parameter: np.ndarray) -> np.ndarray:
    """Torch's weights are (out, in), these (in, out)."""
    return parameter.T
