"""Rate and distortion, each in nats, and the likelihoods that give the distortion.

A likelihood reads what the decoder puts out: logits for bernoulli and continuous_bernoulli, means for gaussian.
Nothing is clamped; every formula is finite for every finite output.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vae.config import LIKELIHOODS, one_of
from vae.networks.memory import NEW, Memory
from vae.networks.padding import PIXEL_MULTIPLE

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
LOG_TWO = math.log(2.0)
SERIES_BELOW = 0.5
"""Below this logit the continuous Bernoulli's normaliser is summed as a series: its closed form cancels."""


def rate(mu: Tensor, logvar: Tensor, variance_minus_one: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) in nats, of the shape of mu: (..., latent), not yet summed.

    `variance_minus_one` is expm1(logvar), where the caller has it; the result may be written to `out`. Kingma & Welling
    2014, appendix B (arXiv 1312.6114).
    """
    variance_minus_one = logvar.expm1() if variance_minus_one is None else variance_minus_one
    return torch.add(torch.square(mu, out=out), variance_minus_one, out=out).sub_(logvar).mul_(0.5)


def distortion(x: Tensor, output: Tensor, likelihood: str = "bernoulli", log_sigma: Tensor | float = 0.0) -> Tensor:
    """-log p(x|z) in nats: (..., pixel) to (...), summed over pixels.

    `output` holds the decoder's logits (gaussian: means); `log_sigma` is read by gaussian alone.
    """
    one_of(LIKELIHOODS, likelihood=likelihood)
    return LIKELIHOOD[likelihood].negative_log_probability(x, output, log_sigma).sum(dim=-1)


@dataclass(frozen=True)
class Likelihood:
    """p(x|z) of one pixel as functions of pixel, decoder output and log sigma, broadcast against each other."""

    negative_log_probability: Callable[[Tensor, Tensor, Tensor | float], Tensor]
    """-log p(x|z) in nats."""
    gradient: Callable[[Tensor, Tensor, Tensor | float], Tensor]
    """Derivative of `negative_log_probability` with respect to the output; may overwrite the output."""
    mean: Callable[[Tensor], Tensor]
    """E[x|z], the reconstruction."""
    together: Callable[[Tensor, Tensor, int, Memory], tuple[Tensor, Tensor]] | None = None
    """`distortion_and_gradient` in fewer passes, where there is a way."""

    def distortion_and_gradient(
        self, x: Tensor, output: Tensor, log_sigma: Tensor | float, pixels: int, memory: Memory = NEW
    ) -> tuple[Tensor, Tensor]:
        """Return -log p(x|z) in nats, (run, sample), and its gradient with respect to the output, which may be it.

        Of the first `pixels` alone, the others are padding, zero in x and output; there the gradient is zero.
        """
        if self.together is not None:
            return self.together(x, output, pixels, memory)
        nats = self.negative_log_probability(x, output, log_sigma)[..., :pixels].sum(dim=2)
        gradient = self.gradient(x, output, log_sigma)
        gradient[..., pixels:] = 0.0
        return nats, gradient


def _bernoulli_negative_log_probability(x: Tensor, logits: Tensor, log_sigma: Tensor | float) -> Tensor:
    return F.softplus(logits, threshold=40.0).addcmul_(x, logits, value=-1.0)


def _bernoulli_together(x: Tensor, logits: Tensor, pixels: int, memory: Memory) -> tuple[Tensor, Tensor]:
    """softplus(l) is max(l, 0) - log max(p, 1 - p) with p = sigmoid(l), and logarithms of many make one of a product.

    Each factor is at least 1/2, so that PIXEL_MULTIPLE of them stay far from fp32's least number.
    """
    likelier = memory.empty("likelier", logits, *logits.shape)
    torch.clamp_min(logits, 0.0, out=likelier).addcmul_(x, logits, value=-1.0)
    nats = likelier.sum(dim=2)
    gradient = logits.sigmoid_()
    torch.maximum(torch.sub(1.0, gradient, out=likelier), gradient, out=likelier)
    if pixels < logits.shape[2]:
        likelier[..., pixels:] = 1.0
    nats -= likelier.unflatten(2, (-1, PIXEL_MULTIPLE)).prod(dim=3).log_().sum(dim=2)
    gradient.sub_(x)
    if pixels < logits.shape[2]:
        gradient[..., pixels:] = 0.0
    return nats, gradient


def _bernoulli_gradient(x: Tensor, logits: Tensor, log_sigma: Tensor | float) -> Tensor:
    return logits.sigmoid_().sub_(x)


def log_normaliser(logits: Tensor) -> Tensor:
    """Log C of the continuous Bernoulli, in nats: log(l / tanh(l / 2)) at logit l.

    Loaiza-Ganem & Cunningham 2019, equation 7 (arXiv 1907.06845), with lambda = sigmoid(l).
    """
    size = logits.abs()
    square = size.square().clamp(max=SERIES_BELOW**2)
    series = LOG_TWO + square * (1 / 12 - square * (7 / 1440 - square * (31 / 90720 - square * 127 / 4838400)))
    safe = size.clamp(min=SERIES_BELOW)
    return torch.where(size < SERIES_BELOW, series, safe.log() - (safe / 2).tanh().log())


def _log_normaliser_slope(logits: Tensor) -> Tensor:
    small = logits.clamp(-SERIES_BELOW, SERIES_BELOW)
    square = small.square()
    series = small * (1 / 6 - square * (7 / 360 - square * (31 / 15120 - square * 127 / 604800)))
    safe = torch.where(logits.abs() < SERIES_BELOW, SERIES_BELOW, logits)
    return torch.where(logits.abs() < SERIES_BELOW, series, 1.0 / safe - 1.0 / safe.sinh())


def _continuous_bernoulli_negative_log_probability(x: Tensor, logits: Tensor, log_sigma: Tensor | float) -> Tensor:
    return _bernoulli_negative_log_probability(x, logits, log_sigma) - log_normaliser(logits)


def _continuous_bernoulli_gradient(x: Tensor, logits: Tensor, log_sigma: Tensor | float) -> Tensor:
    slope = _log_normaliser_slope(logits)
    return logits.sigmoid_().sub_(x).sub_(slope)


def _continuous_bernoulli_mean(logits: Tensor) -> Tensor:
    return logits.sigmoid() - _log_normaliser_slope(logits)


def _gaussian_negative_log_probability(x: Tensor, mean: Tensor, log_sigma: Tensor | float) -> Tensor:
    log_sigma = torch.as_tensor(log_sigma, dtype=mean.dtype)
    return 0.5 * ((x - mean) / log_sigma.exp()).square() + log_sigma + HALF_LOG_TWO_PI


def _gaussian_gradient(x: Tensor, mean: Tensor, log_sigma: Tensor | float) -> Tensor:
    return (mean - x) * torch.as_tensor(-2.0 * log_sigma, dtype=mean.dtype).exp()


LIKELIHOOD = {
    "bernoulli": Likelihood(
        _bernoulli_negative_log_probability, _bernoulli_gradient, torch.sigmoid, _bernoulli_together
    ),
    "continuous_bernoulli": Likelihood(
        _continuous_bernoulli_negative_log_probability, _continuous_bernoulli_gradient, _continuous_bernoulli_mean
    ),
    "gaussian": Likelihood(_gaussian_negative_log_probability, _gaussian_gradient, torch.clone),
}
