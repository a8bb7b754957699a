"""Runs trained together: one batched model with a leading run axis. Tensors are (run, sample, dim)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vae.config import RunConfig
from vae.losses import LIKELIHOOD, rate
from vae.schedules import BetaSchedule
from vae.stack.adam import StackedAdam
from vae.stack.shapes import LATENT_MULTIPLE, TRANSPOSED, padded, padded_shapes, stack_key
from vae.stack.state import RunState, initial_state


class Stack:
    """The parameters of several runs, and one training step for all of them.

    `steps_an_epoch` minibatches make an epoch. Raises ValueError where the runs' shapes differ (see `stack_key`).
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        pixels: int,
        steps_an_epoch: int,
        states: Sequence[RunState] | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        if len({stack_key(config) for config in configs}) != 1:
            raise ValueError("the runs of a stack must have equal shapes")
        states = states or [initial_state(config, pixels) for config in configs]
        self.configs = tuple(configs)
        self.pixels = pixels
        self.latent = padded(configs[0].latent_dim, LATENT_MULTIPLE)
        self.epoch = states[0].epoch
        self.device = torch.device(device)
        self.is_ae = torch.tensor([config.model == "ae" for config in configs], device=device)
        """(run,)"""
        self.likelihood = LIKELIHOOD[configs[0].likelihood]
        self.precision = torch.bfloat16 if configs[0].precision == "bf16" else torch.float32
        """Of the matrix products; what is not a product, or feeds one, is fp32."""
        self.learns_sigma = configs[0].likelihood == "gaussian" and configs[0].sigma == "learned"
        names = padded_shapes(configs[0], pixels)
        self.parameters = {n: self._stacked([s.parameters[n] for s in states]) for n in names}
        self.first_moment = {n: self._stacked([s.first_moment[n] for s in states]) for n in names}
        self.second_moment = {n: self._stacked([s.second_moment[n] for s in states]) for n in names}
        self.gradients = {n: torch.zeros_like(p) for n, p in self.parameters.items()}
        self._factors = {n: p.to(self.precision) for n, p in self.parameters.items()}
        self._steps = steps_an_epoch * configs[0].epochs
        self._step = steps_an_epoch * self.epoch
        self._schedules = [BetaSchedule.parse(config.beta_schedule) for config in configs]
        self._adam = StackedAdam(
            self.parameters,
            self.gradients,
            self.first_moment,
            self.second_moment,
            [config.learning_rate for config in configs],
            self._step,
        )

    def __len__(self) -> int:
        return len(self.configs)

    def states(self) -> list[RunState]:
        """Each run as it stands, to be stacked again with others or alone."""
        parts = (self.parameters, self.first_moment, self.second_moment)
        return [
            RunState(self.epoch, *({n: t[r].to("cpu", copy=True) for n, t in part.items()} for part in parts))
            for r in range(len(self))
        ]

    def _stacked(self, tensors: list[Tensor]) -> Tensor:
        return torch.stack(tensors).to(self.device)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hidden units, mu and logvar of images (1, sample, pixel)."""
        hidden = self._linear("fc1", self._shared(x)).relu_()
        return hidden, self._linear("fc_mu", hidden).float(), self._linear("fc_logvar", hidden).float()

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden units and decoder output of codes (run, sample, latent)."""
        hidden = self._linear("fc2", z).relu_()
        return hidden, self._linear("fc3", hidden).float()

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """-log p(x|z) in nats, (run, sample)."""
        nats = self.likelihood.nats(x, output, self._log_sigma())
        return nats[..., : self.pixels].sum(dim=2)

    def step(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Take one Adam step on D + beta R, summed over the minibatch x (1, sample, pixel).

        `noise` is (run, sample, latent), zero where padded and for an AE. Returns the rate and the distortion before
        the step, in nats, each (run, sample).
        """
        beta = self._betas()
        images = self._shared(x)
        encoder_hidden, mu, logvar = self.encode(images)
        noise_term = (0.5 * logvar).exp_().mul_(noise)
        z = mu + noise_term
        decoder_hidden, output = self.decode(z)
        excess = logvar.expm1()
        nats = rate(mu, logvar, excess).sum(dim=2), self.distortion(x, output)
        z_gradient = self._decoder_gradients(z, decoder_hidden, self._output_gradient(x, output))
        # dz/dlogvar is half the noise term, dR/dmu is mu, dR/dlogvar is (exp(logvar) - 1) / 2
        logvar_gradient = noise_term.mul_(z_gradient).add_(excess.mul_(beta)).mul_(0.5)
        mu_gradient = z_gradient.add_(mu.mul_(beta))
        self._encoder_gradients(images, encoder_hidden, mu_gradient, logvar_gradient)
        self._adam.step()
        self._round_factors()
        self._step += 1
        return nats

    def _round_factors(self) -> None:
        """Round the moved weights for the next step's products; in fp32 they are the weights themselves."""
        for name, factor in self._factors.items():
            if factor is not self.parameters[name]:
                factor.copy_(self.parameters[name])

    def _shared(self, x: Tensor) -> Tensor:
        """Images (1 or run, sample, pixel) as every run's, (run, sample, pixel), in the precision of the products.

        fp32 products read one image for all runs where it lies; those in bf16 would copy it each time.
        """
        images = x.to(self.precision).expand(len(self), -1, -1)
        return images if self.precision == torch.float32 else images.contiguous()

    def _linear(self, layer: str, inputs: Tensor) -> Tensor:
        bias = self._factors[f"{layer}.bias"].unsqueeze(1)
        return torch.baddbmm(bias, inputs.to(self.precision), self._matrix(layer))

    def _matrix(self, layer: str) -> Tensor:
        """A layer's weight as (run, input, output), in the precision of the products."""
        weight = self._factors[f"{layer}.weight"]
        return weight if f"{layer}.weight" in TRANSPOSED else weight.mT

    def _log_sigma(self) -> Tensor | float:
        return self.parameters["log_sigma"][:, :1, None] if "log_sigma" in self.parameters else 0.0

    def _betas(self) -> Tensor:
        progress = self._step / self._steps
        betas = [
            config.beta * schedule.at(progress) if config.model == "vae" else 0.0
            for config, schedule in zip(self.configs, self._schedules, strict=True)
        ]
        return torch.tensor(betas, device=self.device).view(-1, 1, 1)

    def _output_gradient(self, x: Tensor, output: Tensor) -> Tensor:
        log_sigma = self._log_sigma()
        if isinstance(log_sigma, Tensor) and self.learns_sigma:
            squares = (x - output)[..., : self.pixels].square().sum(dim=2).sum(dim=1)
            count = x.shape[1] * self.pixels
            self.gradients["log_sigma"][:, 0] = count - squares * (-2.0 * log_sigma[:, 0, 0]).exp()
        gradient = self.likelihood.gradient(x, output, log_sigma)
        gradient[..., self.pixels :] = 0.0
        return gradient

    def _decoder_gradients(self, z: Tensor, hidden: Tensor, output_gradient: Tensor) -> Tensor:
        output_gradient = output_gradient.to(self.precision)
        self._layer_gradients("fc3", hidden, output_gradient)
        hidden_gradient = torch.bmm(output_gradient, self._matrix("fc3").mT)
        hidden_gradient = _through_relu(hidden_gradient, hidden)
        self._layer_gradients("fc2", z.to(self.precision), hidden_gradient)
        return torch.bmm(hidden_gradient, self._matrix("fc2").mT).float()

    def _encoder_gradients(self, images: Tensor, hidden: Tensor, mu_gradient: Tensor, logvar_gradient: Tensor) -> None:
        mu_gradient, logvar_gradient = mu_gradient.to(self.precision), logvar_gradient.to(self.precision)
        self._layer_gradients("fc_mu", hidden, mu_gradient)
        self._layer_gradients("fc_logvar", hidden, logvar_gradient)
        hidden_gradient = torch.bmm(mu_gradient, self._matrix("fc_mu").mT)
        hidden_gradient.baddbmm_(logvar_gradient, self._matrix("fc_logvar").mT)
        self._layer_gradients("fc1", images, _through_relu(hidden_gradient, hidden))

    def _layer_gradients(self, layer: str, inputs: Tensor, gradient: Tensor) -> None:
        name = f"{layer}.weight"
        left, right = (inputs, gradient) if name in TRANSPOSED else (gradient, inputs)
        if self.precision == torch.float32:
            torch.bmm(left.mT, right, out=self.gradients[name])
            torch.sum(gradient, dim=1, out=self.gradients[f"{layer}.bias"])
        else:
            self.gradients[name].copy_(torch.bmm(left.mT, right))
            self.gradients[f"{layer}.bias"].copy_(gradient.sum(dim=1))


def _through_relu(gradient: Tensor, activation: Tensor) -> Tensor:
    """Gradient before a ReLU, in place."""
    before: Tensor = torch.ops.aten.threshold_backward.grad_input(gradient, activation, 0.0, grad_input=gradient)
    return before
