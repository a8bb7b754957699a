"""Between encoder and decoder: a posterior sample, the rate, and how the loss comes back through both.

This is the one place where losses differ: what they weigh is a function of mu, logvar and z.
"""

from torch import Tensor

from vae.losses import rate
from vae.regularisers.gradients import Gradients


def scaled_noise(logvar: Tensor, noise: Tensor) -> Tensor:
    """Return what z adds to mu: standard normal noise times the posterior's standard deviation."""
    return (0.5 * logvar).exp_().mul_(noise)


class LatentSeam:
    """One sample z of q(z|x) for each image, and a loss at it; all tensors are (run, sample, latent).

    Where a latent is padded, mu, logvar and noise are zero, and so are the rate and both gradients.
    """

    def __init__(self, mu: Tensor, logvar: Tensor, noise: Tensor) -> None:
        self._mu, self._logvar = mu, logvar
        self._scaled_noise = scaled_noise(logvar, noise)
        self._variance_minus_one = logvar.expm1()
        self.z = mu + self._scaled_noise

    def rate(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) in nats, (run, sample)."""
        return rate(self._mu, self._logvar, self._variance_minus_one).sum(dim=2)

    @property
    def posterior(self) -> tuple[Tensor, Tensor]:
        """Mu and logvar."""
        return self._mu, self._logvar

    def gradients(
        self, z_gradient: Tensor, rate_weight: Tensor, regulariser: Gradients | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients of D + weight R + regulariser with respect to mu and logvar, from that of D to z.

        `rate_weight` is (run, 1, 1). Overwrites mu and all that it is given: to be called last.
        """
        if regulariser is not None:
            z_gradient.add_(regulariser.z)
        # dz/dlogvar is half the scaled noise, dR/dmu is mu, dR/dlogvar is (exp(logvar) - 1) / 2
        of_rate = self._variance_minus_one.mul_(rate_weight)
        logvar_gradient = self._scaled_noise.mul_(z_gradient).add_(of_rate).mul_(0.5)
        mu_gradient = z_gradient.add_(self._mu.mul_(rate_weight))
        if regulariser is not None:
            mu_gradient.add_(regulariser.mu)
            logvar_gradient.add_(regulariser.logvar)
        return mu_gradient, logvar_gradient
