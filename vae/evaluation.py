"""What a stack's runs are worth on a split: rate and distortion at beta = 1, and what each latent dimension carries."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vae.columns import COLLAPSE_NATS, COLLAPSE_SHARE, PART_SAMPLES, RATE_PARTS
from vae.data import Data
from vae.device import to_device
from vae.losses import rate
from vae.minibatches import minibatches_of, noise_minibatches
from vae.regularisers.total_correlation import rate_parts
from vae.stack.interface import AnyStack
from vae.stack.latent import scaled_noise

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Means over a split, in nats per example; run is the first axis. Rates are NaN for an AE."""

    rate_nats: Array
    """(run,)"""
    distortion_nats: Array
    """(run,), from one posterior sample an image."""
    kl_nats: Array
    """(run, latent), padded: KL to the prior of each dimension."""
    mean_variance: Array
    """(run, latent), padded: variance of the posterior means over the split."""
    collapsed_units: Array
    """(run,), count: dimensions whose KL is below COLLAPSE_NATS on COLLAPSE_SHARE of the images; NaN for an AE."""
    prior_mismatch_nats: Array
    """(run,): KL to the prior of the Gaussians that have the aggregate posterior's moments, summed over dimensions."""

    @property
    def elbo_nats(self) -> Array:
        """-(R + D), (run,)."""
        return -(self.rate_nats + self.distortion_nats)


def rate_and_distortion(stack: AnyStack, data: Data, split: str, noises: Sequence[Tensor]) -> tuple[Array, Array]:
    """Return every run's rate and distortion on a split in nats per example, each (run,), and nothing else.

    `noises` are the split's minibatches of noise. An AE's rate is NaN.
    """
    samples = len(data.split(split))
    rates, distortions = (torch.zeros(len(stack), dtype=torch.float64, device=stack.device) for _ in range(2))
    for x, mu, logvar, z in _encoded(stack, data, data.split(split), noises):
        rates += rate(mu, logvar).sum(dim=2).double().sum(dim=1)
        distortions += stack.distortion(x, stack.decode(z)).double().sum(dim=1)
    rates[stack.is_ae] = torch.nan
    return (rates / samples).cpu().numpy(), (distortions / samples).cpu().numpy()


def evaluate(stack: AnyStack, data: Data, split: str, stream: int) -> Evaluation:
    """Evaluate every run on a split; the noise comes from `stream`, the same at every call."""
    samples = len(data.split(split))
    shape = (len(stack), stack.latent)
    kl, collapsed, means, squares, variances = (
        torch.zeros(shape, dtype=torch.float64, device=stack.device) for _ in range(5)
    )
    distortion = torch.zeros(len(stack), dtype=torch.float64, device=stack.device)
    noises = noise_minibatches(stack.configs, stream, 0, samples, stack.device)
    for x, mu, logvar, z in _encoded(stack, data, data.split(split), noises):
        distortion += stack.distortion(x, stack.decode(z)).double().sum(dim=1)
        nats = rate(mu, logvar)
        kl += nats.double().sum(dim=1)
        collapsed += (nats < COLLAPSE_NATS).sum(dim=1)
        variances += logvar.exp().sum(dim=1)
        means += mu.double().sum(dim=1)
        squares += mu.double().square().sum(dim=1)
    mean_variance = (squares / samples - (means / samples).square()).clamp(min=0.0)
    units = (collapsed >= COLLAPSE_SHARE * samples).double()
    moments = zip(means / samples, mean_variance + variances / samples, strict=True)
    mismatch = torch.stack([_prior_mismatch(mean, variance) for mean, variance in moments])
    for measured in (kl, units, mismatch):
        measured[stack.is_ae] = torch.nan
    rates, units, mismatch = (_own_sums(stack, measured) for measured in (kl, units, mismatch))
    tensors = (rates / samples, distortion / samples, kl / samples, mean_variance, units, mismatch)
    return Evaluation(*(t.cpu().numpy() for t in tensors))


def rate_parts_of(stack: AnyStack, data: Data, split: str, stream: int) -> dict[str, Array]:
    """Return RATE_PARTS of every run, (run,), NaN for an AE: on PART_SAMPLES evenly taken samples of a split."""
    chosen = data.split(split)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(len(chosen), PART_SAMPLES)).astype(np.int64)]
    noises = noise_minibatches(stack.configs, stream, 0, len(chosen), stack.device)
    batches = [encoded[1:] for encoded in _encoded(stack, data, chosen, noises)]
    parts = [torch.cat(part, dim=1) for part in zip(*batches, strict=True)]
    table = np.full((len(stack), len(RATE_PARTS)), np.nan)
    for run, config in enumerate(stack.configs):
        if config.model == "vae":
            table[run] = [float(nats) for nats in rate_parts(*(p[run, :, : config.latent_dim] for p in parts))]
    return dict(zip(RATE_PARTS, table.T, strict=True))


def _encoded(
    stack: AnyStack, data: Data, images: npt.NDArray[np.int64], noises: Iterable[Tensor]
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield images (1, sample, pixel), mu, logvar and one posterior sample, each (run, sample, latent)."""
    for x, noise in zip(minibatches_of(data, images, stack.configs[0].batch_size), noises, strict=True):
        x = to_device(x, stack.device)
        mu, logvar = stack.encode(x)
        yield x, mu, logvar, mu + scaled_noise(logvar, noise)


def _prior_mismatch(mean: Tensor, variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, of the shape of mean."""
    return 0.5 * (variance + mean.square() - 1.0 - variance.log())


def _own_sums(stack: AnyStack, measured: Tensor) -> Tensor:
    """Sums of (run, latent) over each run's own dimensions."""
    return torch.stack([measured[r, : config.latent_dim].sum() for r, config in enumerate(stack.configs)])


def posterior(
    stack: AnyStack, data: Data, images: npt.NDArray[np.int64], stream: int
) -> list[tuple[npt.NDArray[np.float32], ...]]:
    """Return each run's posterior means and one posterior sample of the images at some indices, (image, latent)."""
    noises = noise_minibatches(stack.configs, stream, 0, len(images), stack.device)
    means, samples = [], []
    for _, mu, _, z in _encoded(stack, data, images, noises):
        means.append(mu)
        samples.append(z)
    parts = [torch.cat(part, dim=1).cpu().numpy() for part in (means, samples)]
    return [
        tuple(np.ascontiguousarray(part[run, :, : config.latent_dim]) for part in parts)
        for run, config in enumerate(stack.configs)
    ]
