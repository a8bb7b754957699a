"""Runs trained together: one batched model with a leading run axis. Tensors are (run, sample, dim)."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.losses import LIKELIHOOD
from vae.networks import network_of
from vae.networks.discriminator import parameters_of
from vae.networks.memory import Kept, apart
from vae.networks.padding import Layout, Shape
from vae.networks.stacked_network import StackedNetwork, together
from vae.stack.adam import StackedAdam
from vae.stack.discriminator import Discriminators
from vae.stack.latent import LatentSeam
from vae.stack.objective import Objective
from vae.stack.planning import stack_key
from vae.stack.sigma import fitted_log_sigma
from vae.stack.state import PARTS, RunState, initial_state, own_parameters
from vae.stack.under_way import EpochUnderWay


class Stack:
    """The parameters of several runs, and one training step for all of them.

    `shape` is a sample's; `steps_an_epoch` minibatches make an epoch. Raises ValueError where the runs' shapes differ
    (see `stack_key`).
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        shape: Shape,
        steps_an_epoch: int,
        states: Sequence[RunState] | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        if len({stack_key(config) for config in configs}) != 1:
            raise ValueError("the runs of a stack must have equal shapes")
        states = states or [initial_state(config, shape) for config in configs]
        network = network_of(configs[0], shape)
        self.configs = tuple(configs)
        self.shape = shape
        self.pixels = math.prod(shape)
        self.latent = network.latent.padded
        self.epoch = states[0].epoch
        self.device = torch.device(device)
        self.under_way = EpochUnderWay([state.part for state in states], self.device)
        self.is_ae = torch.tensor([config.model == "ae" for config in configs], device=device)
        """(run,)"""
        self.likelihood = LIKELIHOOD[configs[0].likelihood]
        self.learns_sigma = network.log_sigma is not None and network.log_sigma.learned
        lying = [together(network, self._stacked_part(part, network.parameters, states)) for part in PARTS]
        (weights, first, second), self._parts = ([part[place] for part in lying] for place in range(2))
        self.parameters = self._parts[0]
        gradients, self.gradients = together(network, {n: torch.zeros_like(t) for n, t in self.parameters.items()})
        precision = torch.bfloat16 if configs[0].precision == "bf16" else torch.float32
        product_weights = {name: tensor.to(precision) for name, tensor in weights.items()}
        """Of the matrix products alone; what is no product, or feeds one, is fp32."""
        self._rounded = [] if precision == torch.float32 else [(product_weights[n], weights[n]) for n in weights]
        self._network = StackedNetwork(network, product_weights, gradients)
        self._memory = Kept()
        self._step = steps_an_epoch * self.epoch + self.under_way.steps
        self._discriminators = self._stacked_discriminators(states)
        self._objective = Objective(configs, steps_an_epoch, self.device, self._discriminators)
        rates = [config.learning_rate for config in configs]
        self._adam = StackedAdam(weights, gradients, first, second, rates, self._step)

    def __len__(self) -> int:
        return len(self.configs)

    def states(self) -> list[RunState]:
        """Each run as it stands, to be stacked again with others or alone."""
        parts = self._parts
        if self._discriminators:
            parts = [own | further for own, further in zip(parts, self._discriminators.parts, strict=True)]
        states = []
        for run, part in enumerate(self.under_way.parts()):
            own, first, second = ({n: t[run].to("cpu", copy=True) for n, t in tensors.items()} for tensors in parts)
            states.append(RunState(self.epoch, own, first, second, part))
        return states

    def weights(self) -> list[dict[str, Tensor]]:
        """State of each run's plain module, at its own shape."""
        return [own_parameters(config, self.shape, s) for config, s in zip(self.configs, self.states(), strict=True)]

    def _stacked_discriminators(self, states: Sequence[RunState]) -> Discriminators | None:
        """Those that the states hold: a trained run that is only evaluated has none."""
        layouts = parameters_of(self.configs[0].latent_dim)
        if layouts[0].name not in states[0].parameters:
            return None
        parameters, first, second = (self._stacked_part(part, layouts, states) for part in PARTS)
        return Discriminators(self.configs, (parameters, first, second), self._step)

    def _stacked_part(self, part: str, layouts: Iterable[Layout], states: Sequence[RunState]) -> dict[str, Tensor]:
        """One of PARTS of the states: (run, ...) by parameter."""
        return {
            layout.name: torch.stack([layout.fitted(getattr(s, part)[layout.name]) for s in states]).to(self.device)
            for layout in layouts
        }

    def sigmas(self) -> list[float]:
        """Each run's standard deviation of p(x|z); empty where the likelihood has none."""
        log_sigma = self.parameters.get("log_sigma")
        return [] if log_sigma is None else log_sigma[:, 0].exp().tolist()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mu and logvar of images (1, sample, pixel)."""
        _, mu, logvar = self._network.encode(x)
        return apart(mu).copy_(mu), apart(logvar).copy_(logvar)

    def decode(self, z: Tensor) -> Tensor:
        """Decoder output of codes (run, sample, latent)."""
        return self._network.decode(z)[1]

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """-log p(x|z) in nats, (run, sample)."""
        nats = self.likelihood.negative_log_probability(x, output, self._log_sigma())
        return nats[..., : self.pixels].sum(dim=2)

    def step(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Take one Adam step on each run's loss, summed over the minibatch x (1, sample, pixel).

        `noise` is (run, sample, latent), zero where padded and for an AE. Returns the rate and the distortion before
        the step, in nats, each (run, sample).
        """
        encoder, mu, logvar = self._network.encode(x, kept=True)
        seam = LatentSeam(mu, logvar, noise, self._memory)
        rate = seam.rate()
        decoder, output = self._network.decode(seam.z, kept=True)
        if self.learns_sigma:
            self._fit_sigma(x, output)
        distortion, gradient = self.likelihood.distortion_and_gradient(
            x, output, self._log_sigma(), self.pixels, self._memory
        )
        z_gradient = self._network.fill_decoder_gradients(decoder, gradient)
        weighed = self._objective.gradients(seam, rate, self._step)
        self._network.fill_encoder_gradients(encoder, seam.gradient(z_gradient, *weighed))
        self._adam.step()
        for rounded, exact in self._rounded:
            rounded.copy_(exact)
        self._step += 1
        return rate, distortion

    def _log_sigma(self) -> Tensor | float:
        return self.parameters["log_sigma"][:, :1, None] if "log_sigma" in self.parameters else 0.0

    def _fit_sigma(self, x: Tensor, output: Tensor) -> None:
        own_x, own_output = x[..., : self.pixels], output[..., : self.pixels]
        log_sigma = self.parameters["log_sigma"][:, 0]
        batch_size = self.configs[0].batch_size
        log_sigma.copy_(fitted_log_sigma(log_sigma, own_x, own_output, batch_size, self._step))
