"""What a stack minimises besides the distortion, as the latent seam needs it: a weight of the rate, and the rest.

The closed form of D + beta R needs no more than the weight; every other loss adds gradients of its own.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.device import to_device
from vae.regularisers.covariance import covariance_gradients
from vae.regularisers.gradients import Gradients
from vae.regularisers.total_correlation import total_correlation_gradients
from vae.schedules import BetaSchedule
from vae.stack.discriminator import Discriminators
from vae.stack.latent import LatentSeam

OfStack = Callable[[Tensor, Tensor, Tensor, Sequence[int]], Gradients]
"""Gradients of a regulariser, summed over samples, at mu, logvar and z, (run, sample, latent), of so many latents."""
REGULARISERS: dict[str, OfStack] = {
    "beta_tc_vae": total_correlation_gradients,
    "dip_vae_i": lambda mu, logvar, z, latents: covariance_gradients("dip_vae_i", mu, logvar),
    "dip_vae_ii": lambda mu, logvar, z, latents: covariance_gradients("dip_vae_ii", mu, logvar),
}
ANNEALING = BetaSchedule("linear", 1 / 3)
"""How annealed_vae's capacity grows where no schedule is given: Locatello et al. 2019, in 100,000 of 300,000 steps."""


class Objective:
    """The loss of every run of a stack but for the distortion; `discriminators` are factor_vae's."""

    def __init__(
        self,
        configs: Sequence[RunConfig],
        steps_an_epoch: int,
        device: torch.device,
        discriminators: Discriminators | None = None,
    ) -> None:
        self._configs, self._device = configs, device
        epochs = configs[0].epochs
        self._steps = math.inf if epochs == "auto" else steps_an_epoch * epochs
        """In all, which a schedule needs; without an end beta is constant."""
        self._loss = configs[0].loss
        self._schedules = [BetaSchedule.parse(config.beta_schedule) for config in configs]
        self._discriminators = discriminators
        self._latest: tuple[Sequence[float], Tensor] | None = None
        """Weights of the runs, as numbers and on the device."""

    def gradients(self, seam: LatentSeam, rate_nats: Tensor, step: int) -> tuple[Tensor, Gradients | None]:
        """Return the weight of the rate, (run, 1, 1), and the gradients of what else is minimised, at a step.

        `rate_nats` is that of the minibatch, (run, sample).
        """
        shares = [schedule.at(step / self._steps) for schedule in self._schedules]
        weights = [config.beta * share for config, share in zip(self._configs, shares, strict=True)]
        if self._loss == "beta_vae":
            return self._of_vaes(weights), None
        if self._loss == "annealed_vae":
            return self._towards_capacity(rate_nats, step), None
        extra = [weight - 1.0 for weight in weights] if self._loss == "beta_tc_vae" else weights
        return self._of_vaes([1.0] * len(weights)), self._regulariser(seam, extra, step)

    def _towards_capacity(self, rate_nats: Tensor, step: int) -> Tensor:
        capacities = []
        for config, schedule in zip(self._configs, self._schedules, strict=True):
            growth = ANNEALING if schedule.kind == "constant" else schedule
            capacities.append(config.capacity * growth.at(step / self._steps))
        side = (rate_nats.mean(dim=1) - self._per_run(capacities)).sign()
        return self._of_vaes([config.beta for config in self._configs]) * side.view(-1, 1, 1)

    def _regulariser(self, seam: LatentSeam, weights: Sequence[float], step: int) -> Gradients:
        mu, logvar = seam.posterior
        if self._discriminators is not None:
            ratio = self._discriminators.step(seam.z, step)
            return Gradients(torch.zeros_like(mu), torch.zeros_like(mu), ratio.mul_(self._of_vaes(weights)))
        weighed = self._of_vaes(weights)
        latents = [
            config.latent_dim if config.model == "vae" and weight else 0
            for config, weight in zip(self._configs, weights, strict=True)
        ]
        found = REGULARISERS[self._loss](mu, logvar, seam.z, latents)
        return Gradients(*(part.mul_(weighed) for part in found))

    def _of_vaes(self, weights: Sequence[float]) -> Tensor:
        """Weights, 0 where the run is an AE, (run, 1, 1)."""
        own = [w if config.model == "vae" else 0.0 for w, config in zip(weights, self._configs, strict=True)]
        return self._per_run(own).view(-1, 1, 1)

    def _per_run(self, values: Sequence[float]) -> Tensor:
        """The same tensor for as long as the values are: most weights never change."""
        if self._latest is None or self._latest[0] != values:
            self._latest = values, to_device(torch.tensor(values), self._device)
        return self._latest[1]
