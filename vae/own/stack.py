"""A network of the user's own in training: one run, by autograd, behind the interface of a stack."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from vae.config import RunConfig
from vae.losses import LIKELIHOOD, rate
from vae.networks.padding import Shape, latent_width
from vae.own.model import new_model
from vae.randomness import MODULE, MODULE_EVALUATED, torch_draws
from vae.stack.adam import StackedAdam
from vae.stack.latent import LatentSeam
from vae.stack.objective import Objective
from vae.stack.sigma import fitted_log_sigma
from vae.stack.state import RunState
from vae.stack.under_way import EpochUnderWay


class OwnStack:
    """A stack of one run whose module is the user's; the leading run axis of every tensor is 1.

    What the module itself draws (dropout) comes from the run's seed: of each training step its own numbers, and for
    evaluation always the same.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        sample_shape: Shape,
        steps_an_epoch: int,
        states: Sequence[RunState] | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        if len(configs) != 1:
            raise ValueError("a network of one's own is trained one run at a time")
        self.configs = tuple(configs)
        self._config = config = configs[0]
        self._pixels = math.prod(sample_shape)
        self.latent = latent_width(config.latent_dim).padded
        self.device = torch.device(device)
        self.is_ae = torch.tensor([config.model == "ae"], device=device)
        """(run,)"""
        self.model = new_model(config, sample_shape).to(self.device)
        self._trained = {n: p for n, p in self.model.named_parameters() if p.requires_grad}
        self._first_moment, self._second_moment = (
            {n: torch.zeros_like(p) for n, p in self._trained.items()} for _ in range(2)
        )
        state = states[0] if states else RunState(0, {}, {}, {})
        self._take(state)
        self.epoch = state.epoch
        self._likelihood = LIKELIHOOD[config.likelihood]
        self._objective = Objective(configs, steps_an_epoch, self.device)
        self.under_way = EpochUnderWay([state.part], self.device)
        self._step = steps_an_epoch * self.epoch + self.under_way.steps
        for parameter in self._trained.values():  # one that a step does not use has gradient 0, and Adam one clock
            parameter.grad = torch.zeros_like(parameter)
        self._gradients = {n: p.grad for n, p in self._trained.items() if p.grad is not None}
        self._adam = StackedAdam(
            {n: p.detach() for n, p in self._trained.items()},
            self._gradients,
            self._first_moment,
            self._second_moment,
            [config.learning_rate],
            self._step,
        )

    def __len__(self) -> int:
        return 1

    def states(self) -> list[RunState]:
        """The run as it stands, buffers included."""
        parts = (self.model.state_dict(), self._first_moment, self._second_moment)
        own, first, second = ({n: t.to("cpu", copy=True) for n, t in tensors.items()} for tensors in parts)
        return [RunState(self.epoch, own, first, second, *self.under_way.parts())]

    def weights(self) -> list[dict[str, Tensor]]:
        """State of the run's plain module."""
        return [state.parameters for state in self.states()]

    def sigmas(self) -> list[float]:
        """The standard deviation of p(x|z); empty where the likelihood has none."""
        return [float(self.model.log_sigma.exp())] if self._config.likelihood == "gaussian" else []

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mu and logvar of images (1, sample, pixel), in eval mode; an AE's log-variances are 0."""
        with torch.no_grad(), torch_draws(self._config.seed, MODULE_EVALUATED, device=self.device):
            mu, logvar = self.model.eval().encode(x[0, :, : self._pixels])
        logvar = torch.zeros_like(logvar) if self._config.model == "ae" else logvar
        mu, logvar = (pad(part, (0, self.latent - self._config.latent_dim)).unsqueeze(0) for part in (mu, logvar))
        return mu, logvar

    def decode(self, z: Tensor) -> Tensor:
        """Decoder output of codes (1, sample, latent), in eval mode: (1, sample, pixel) without padding."""
        with torch.no_grad(), torch_draws(self._config.seed, MODULE_EVALUATED, device=self.device):
            return self.model.eval().decode(z[0, :, : self._config.latent_dim]).unsqueeze(0)

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """-log p(x|z) in nats, (1, sample)."""
        log_sigma = self.model.log_sigma if self._config.likelihood == "gaussian" else 0.0
        return self._likelihood.negative_log_probability(x[..., : self._pixels], output, log_sigma).sum(dim=2)

    def step(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Take one Adam step on the run's loss, summed over the minibatch x (1, sample, pixel), in train mode.

        Returns the rate and the distortion before the step, in nats, each (1, sample).
        """
        torch._foreach_zero_(list(self._gradients.values()))
        with torch_draws(self._config.seed, MODULE, self._step, self.device):
            rates, distortions, regularised = self._forward(x, noise[0, :, : self._config.latent_dim])
            (distortions.sum() + regularised).backward()
        self._adam.step()
        self._step += 1
        return rates.detach(), distortions.detach()

    def _forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rate and distortion, each (1, sample), and a sum whose gradients are those of what is added to D."""
        mu, logvar = self.model.train().encode(x[0, :, : self._pixels])
        z = mu if self._config.model == "ae" else mu + (0.5 * logvar).exp() * noise
        output = self.model.decode(z).unsqueeze(0)
        if self._config.likelihood == "gaussian" and self._config.sigma == "learned":
            self._fit_sigma(x[..., : self._pixels], output.detach())
        rates = rate(mu, logvar).sum(dim=1).unsqueeze(0)
        return rates, self.distortion(x, output), self._regularised(mu, logvar, z, noise, rates)

    def _regularised(self, mu: Tensor, logvar: Tensor, z: Tensor, noise: Tensor, rates: Tensor) -> Tensor:
        if self._config.model == "ae":
            return z.new_zeros(())
        seam = LatentSeam(mu.detach()[None], logvar.detach()[None], noise[None])
        weight, further = self._objective.gradients(seam, rates.detach(), self._step)
        total = weight[0, 0, 0] * rates.sum()
        if further is not None:
            total = total + sum(
                (gradient[0] * part).sum() for gradient, part in zip(further, (mu, logvar, z), strict=True)
            )
        return total

    def _fit_sigma(self, x: Tensor, output: Tensor) -> None:
        log_sigma = self.model.log_sigma.view(1)
        log_sigma.copy_(fitted_log_sigma(log_sigma, x, output, self._config.batch_size, self._step))

    def _take(self, state: RunState) -> None:
        """Go on from a state; one without parameters is the beginning."""
        if state.parameters:
            self.model.load_state_dict(state.parameters)
        for there, given in ((self._first_moment, state.first_moment), (self._second_moment, state.second_moment)):
            for name, tensor in given.items():
                there[name].copy_(tensor)
