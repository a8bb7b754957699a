"""The sides of `benchmarks.peers`: each trains runs of one network from the same first weights, in its own way.

A side imports what it needs when it is made, so that each process has one library.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from shutil import which
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import textbook
from benchmarks.stack_size import train_epoch
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import stack_size
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.model import model_of
from vae.randomness import ORDER, TEST, shared_generator, torch_generator
from vae.training import make_stack

Weights = Mapping[str, Tensor]
"""Of a run's plain module, by name."""
ORDERED = ("fc1", "fc_mu", "fc_logvar", "fc2", "fc3")


class Missing(Exception):
    """What a side needs is not here."""


@dataclass(frozen=True)
class Case:
    """A network on images, and the numbers of runs that peers try to train together."""

    pixels: int
    hidden_dim: int
    epochs: int
    sizes: tuple[int, ...]
    least_runs: int = 16
    """A side trains at least as many in a round, in batches of its own size."""
    latent_dim: int = 16

    def config(self, seed: int) -> RunConfig:
        """Return a run."""
        return RunConfig(latent_dim=self.latent_dim, hidden_dim=self.hidden_dim, epochs=self.epochs, seed=seed)

    def data(self) -> Data:
        """Return the digits; with 784 pixels each is enlarged threefold, within a border as MNIST has it."""
        digits = load_data("digits")
        if self.pixels == digits.n_pixels:
            return digits
        enlarged = np.kron(digits.images, np.ones((1, 3, 3), digits.images.dtype))
        return replace(digits, images=np.pad(enlarged, ((0, 0), (2, 2), (2, 2))))


class Side(Protocol):
    """Trains a batch of runs."""

    sizes: Sequence[int]
    """How many runs it can train together: it is measured at the best."""

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        """Return the weights of the runs of these seeds after so many epochs from first ones, which vaekit draws."""


class Vaekit:
    """A stack, as large as a sweep plans it: minibatches and noise as in a sweep."""

    def __init__(self, case: Case) -> None:
        self._case, self._data = case, case.data()
        self.sizes: Sequence[int] = [stack_size(case.config(0), self._data.sample_shape, machine=machine_here("fp32"))]

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        stack = make_stack([self._case.config(seed) for seed in seeds], self._data)
        for epoch in range(epochs):
            train_epoch(stack, self._data, epoch)
        return stack.weights()


class Plain:
    """The loop of `benchmarks.textbook`, one model at a time, with its `DataLoader`."""

    sizes: Sequence[int] = (1,)

    def __init__(self, case: Case) -> None:
        self._case, self._data = case, case.data()
        self._images = textbook.tensors(self._data, "mlp", "train")

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        (seed,) = seeds
        torch.manual_seed(seed)
        model = textbook.TutorialVAE(self._case.pixels, self._case.hidden_dim, self._case.latent_dim)
        fill(model, first[0])
        loader = DataLoader(TensorDataset(self._images), batch_size=textbook.BATCH_SIZE, shuffle=True)
        textbook.train(model, loader, 1.0, epochs)
        return [named(model)]


class Pythae:
    """The trainer of pythae, one model at a time."""

    sizes: Sequence[int] = (1,)

    def __init__(self, case: Case) -> None:
        from benchmarks.pythae_trainer import train_with_pythae

        logging.disable(logging.WARNING)  # pythae tells of every epoch
        self._case, self._data, self._train = case, case.data(), train_with_pythae

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        config = replace(self._case.config(seeds[0]), epochs=epochs)
        model = self._train(config, self._data, first[0])
        return [named(torch.nn.ModuleList([model.encoder, model.decoder]))]


class TorchFunc:
    """torch.func's ensembling, compiled or not; in the orders of minibatches that a sweep's runs see."""

    compiled = False

    def __init__(self, case: Case) -> None:
        from benchmarks.ensemble_torch import Ensemble

        self._case, self._data = case, case.data()
        self.sizes: Sequence[int] = case.sizes
        images = torch.from_numpy(self._data.pixels(self._data.train))
        shape = case.hidden_dim, case.latent_dim, case.config(0).batch_size
        self._ensemble = Ensemble(images, *shape, compiled=self.compiled)

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        return self._ensemble.train(first, orders(self._data, epochs))


class TorchFuncCompiled(TorchFunc):
    """The same, compiled."""

    compiled = True

    def __init__(self, case: Case) -> None:
        if not any(map(which, ("c++", "g++", "clang++"))):
            raise Missing("torch.compile needs a C++ compiler, found none")
        super().__init__(case)
        self.sizes = case.sizes[1:]  # each takes long to compile


class Jax:
    """A jitted epoch in JAX, in the same orders."""

    def __init__(self, case: Case) -> None:
        from benchmarks.ensemble_jax import Ensemble

        self._case, self._data = case, case.data()
        self.sizes: Sequence[int] = case.sizes
        images = self._data.pixels(self._data.train)
        self._ensemble = Ensemble(images, case.latent_dim, case.config(0).batch_size)

    def train(self, seeds: Sequence[int], first: Sequence[Weights], epochs: int) -> Sequence[Weights]:
        return self._ensemble.train(first, orders(self._data, epochs))


SIDES: dict[str, Callable[[Case], Side]] = {
    "vaekit": Vaekit,
    "plain loop": Plain,
    "pythae": Pythae,
    "torch.func": TorchFunc,
    "torch.func compiled": TorchFuncCompiled,
    "JAX": Jax,
}


def first_weights(case: Case, data: Data, seeds: Sequence[int]) -> list[dict[str, Tensor]]:
    """Return what the runs of these seeds begin with, on every side."""
    return make_stack([case.config(seed) for seed in seeds], data).weights()


def orders(data: Data, epochs: int) -> list[np.ndarray]:
    """Return the order of the training images in each epoch, as every run of a sweep sees them."""
    return [shared_generator(ORDER, epoch).permutation(len(data.train)) for epoch in range(epochs)]


def fill(model: torch.nn.Module, weights: Weights) -> None:
    """Give a module of the same layers in the same order these weights."""
    with torch.no_grad():
        for parameter, first in zip(model.parameters(), weights.values(), strict=True):
            parameter.copy_(first)


def named(model: torch.nn.Module) -> dict[str, Tensor]:
    """Return the weights of such a module by the names of vaekit's."""
    names = [f"{layer}.{part}" for layer in ORDERED for part in ("weight", "bias")]
    return {name: parameter.detach() for name, parameter in zip(names, model.parameters(), strict=True)}


def validation_elbo(case: Case, data: Data, weights: Weights) -> float:
    """Return a run's ELBO at beta = 1 in nats an image, with the same noise for every side."""
    module = model_of(case.config(0), data.sample_shape, weights)
    x = torch.from_numpy(data.pixels(data.validation))
    with torch.no_grad():
        return -float(module.loss(x, generator=torch_generator(0, TEST)).mean())
