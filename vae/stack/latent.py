"""Between encoder and decoder: a posterior sample, the rate, and how the loss comes back through both.

This is the one place where losses differ: what they weigh is a function of mu, logvar and z.
"""

import math

import torch
from torch import Tensor

from vae.losses import rate
from vae.networks.memory import NEW, Memory, apart
from vae.regularisers.gradients import Gradients

HALF_LOG2_E = 0.5 * math.log2(math.e)


def scaled_noise(logvar: Tensor, noise: Tensor) -> Tensor:
    """Return what z adds to mu: standard normal noise times the posterior's standard deviation."""
    return _deviation(logvar, NEW).mul_(noise)


def _deviation(logvar: Tensor, memory: Memory) -> Tensor:
    """Return exp(logvar / 2), as a power of 2, which takes a third of the time."""
    return torch.mul(logvar, HALF_LOG2_E, out=apart(logvar, memory, "deviation")).exp2_()


class LatentSeam:
    """One sample z of q(z|x) for each image, and a loss at it; all tensors are (run, sample, latent).

    Where a latent is padded, mu, logvar and noise are zero, and so are the rate and both gradients.
    """

    def __init__(self, mu: Tensor, logvar: Tensor, noise: Tensor, memory: Memory = NEW) -> None:
        self._mu, self._logvar, self._memory = mu, logvar, memory
        deviation = _deviation(logvar, memory)
        self._variance_minus_one = torch.square(deviation, out=self._empty("variance")).sub_(1.0)
        self._scaled_noise = deviation.mul_(noise)
        self.z = torch.add(mu, self._scaled_noise, out=self._empty("z"))

    def rate(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) in nats, (run, sample)."""
        return rate(self._mu, self._logvar, self._variance_minus_one, out=self._empty("rate")).sum(dim=2)

    @property
    def posterior(self) -> tuple[Tensor, Tensor]:
        """Mu and logvar."""
        return self._mu, self._logvar

    def gradient(self, z_gradient: Tensor, rate_weight: Tensor, regulariser: Gradients | None = None) -> Tensor:
        """Return that of D + weight R + regulariser: of mu, beside it of logvar, from the gradient of D to z.

        `rate_weight` is (run, 1, 1). Overwrites all that it is given: to be called last.
        """
        runs, samples, latent = z_gradient.shape
        gradient = self._memory.empty("gradient", z_gradient, runs, samples, 2 * latent)
        of_mu, of_logvar = gradient.chunk(2, dim=2)
        if regulariser is not None:
            z_gradient.add_(regulariser.z)
        # dz/dlogvar is half the scaled noise, dR/dmu is mu, dR/dlogvar is (exp(logvar) - 1) / 2
        of_rate = self._variance_minus_one.mul_(rate_weight)
        torch.lerp(self._scaled_noise.mul_(z_gradient), of_rate, 0.5, out=of_logvar)
        torch.addcmul(z_gradient, self._mu, rate_weight, out=of_mu)
        if regulariser is not None:
            of_mu.add_(regulariser.mu)
            of_logvar.add_(regulariser.logvar)
        return gradient

    def _empty(self, name: str) -> Tensor:
        return self._memory.empty(name, self._mu, *self._mu.shape)
