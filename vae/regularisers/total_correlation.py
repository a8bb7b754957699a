"""The rate in three parts, estimated on a minibatch: index-code information, total correlation, dimension-wise KL.

Chen et al. 2018, equation 2 and section 4.1 (arXiv 1802.04942). The minibatch-weighted estimate of log q(z) is a
log-sum over the minibatch's posteriors, here minus the logarithm of their number: so a collapsed posterior has a total
correlation of 0. Chen's subtracts log(NB); the difference is constant and its gradients are the same.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from vae.losses import HALF_LOG_TWO_PI
from vae.regularisers.gradients import Gradients

LOG2_E = math.log2(math.e)
MULTIPLE = 32
"""Rows of pairs are padded to it: torch may round the rest of a vector otherwise than the vector."""
PAIRS = 2**22
"""Densities in the largest array of `rate_parts`."""
PAIRS_AT_ONCE = {"cpu": 2**18, "cuda": 2**26}
"""The same of the gradients: on a processor they stay in cache, on a GPU few calls do all."""
NOWHERE = -1e30
"""Log-density of a sample under a posterior that is padding."""


class RateParts(NamedTuple):
    """Means over a minibatch, in nats; their sum is the mean of log q(z|x) - log p(z), an estimate of the rate."""

    minibatch_mutual_information_nats: Tensor
    """Index-code: at most the logarithm of the minibatch."""
    minibatch_total_correlation_nats: Tensor
    minibatch_dimension_wise_kl_nats: Tensor


def rate_parts(mu: Tensor, logvar: Tensor, z: Tensor) -> RateParts:
    """Return the parts of the rate of one posterior sample z of each of a minibatch's posteriors.

    Some samples at a time, so that no array holds more than PAIRS densities.
    """
    log_number = math.log(len(z))
    joints, marginals = [], []
    for some in z.split(max(1, PAIRS // mu.numel())):
        densities = _log_density(some[:, None], mu, logvar)
        joints.append(densities.sum(dim=2).logsumexp(dim=1) - log_number)
        marginals.append((densities.logsumexp(dim=1) - log_number).sum(dim=1))
    joint, marginal = torch.cat(joints), torch.cat(marginals)
    own = _log_density(z, mu, logvar).sum(dim=1)
    prior = _log_density(z, torch.zeros_like(mu), torch.zeros_like(mu)).sum(dim=1)
    return RateParts((own - joint).mean(), (joint - marginal).mean(), (marginal - prior).mean())


def _log_density(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * ((z - mu).square() * (-logvar).exp() + logvar) - HALF_LOG_TWO_PI


def total_correlation_gradients(mu: Tensor, logvar: Tensor, z: Tensor, latents: Sequence[int]) -> Gradients:
    """Return the gradients of each run's total correlation, summed over its samples and not their mean.

    Tensors are (run, sample, latent); of run r the first `latents[r]` correlate, the others get no gradient.
    """
    runs, samples, padded = mu.shape
    if not any(latents):
        return Gradients(*mu.new_zeros(3, runs, samples, padded))
    pairs = _Pairs(mu, logvar, z, latents)
    width = MULTIPLE * max(1, PAIRS_AT_ONCE[mu.device.type] // (MULTIPLE * padded * samples))
    for start in range(0, samples, width):
        pairs.weigh(slice(start, min(start + width, samples)))
    missing = (0, padded - max(latents))
    return Gradients(*(torch.nn.functional.pad(part[..., :samples].mT, missing) for part in pairs.gradients()))


def _by_latent(part: Tensor) -> Tensor:
    """(run, latent, sample), with more samples, zero, up to a multiple of MULTIPLE."""
    return torch.nn.functional.pad(part, (0, 0, 0, -part.shape[1] % MULTIPLE)).mT.contiguous()


class _OfRun(NamedTuple):
    """What a run's pairs are summed from and onto, (latent, moment, sample), four moments but for the two of a line."""

    samples: Tensor
    roots: Tensor
    posteriors: Tensor
    densities: Tensor
    by_sample: Tensor
    in_joints: Tensor
    in_marginals: Tensor


class _Pairs:
    """Each sample under each posterior of its minibatch; tensors (run, latent, moment, sample).

    The derivative of a log-density with respect to what a pair's two samples bring is weighted by how much of the
    joint's log-sum the pair makes, minus how much of the marginal's. No marginal's sum is shifted by its largest term:
    it holds a sample's density under its own posterior, which is neither 0 nor infinite in fp32.
    """

    def __init__(self, mu: Tensor, logvar: Tensor, z: Tensor, latents: Sequence[int]) -> None:
        samples = mu.shape[1]
        self._latents = latents
        log_heights = -0.5 * logvar.sum(dim=2)
        self._log_heights = torch.nn.functional.pad(log_heights, (0, -samples % MULTIPLE), value=NOWHERE)
        """Of the joint posteriors but for a constant, (run, sample)."""
        self._mu, logvar, self._z = (_by_latent(part[..., : max(latents)]) for part in (mu, logvar, z))
        height = (-0.5 * logvar).exp_()
        self._precision = height.square()
        scale = height * math.sqrt(0.5 * LOG2_E)
        self._roots = torch.stack((-self._mu * scale, scale), dim=2)
        """Lines in z: the square of one is how far a density is below its height, in bits."""
        height[..., samples:] = 0.0
        self._heights = height.unsqueeze(2)
        one, nothing = torch.ones_like(height), torch.zeros_like(height)
        self._of_samples = torch.stack((one, self._z, self._z.square(), nothing), dim=2)  # four rows multiply fastest
        self._of_posteriors = torch.stack((one, self._precision, self._mu * self._precision, nothing), dim=2)
        self._of_densities = self._of_posteriors * self._heights
        self._z_gradient = torch.zeros_like(height)
        self._in_joints, self._in_marginals = height.new_zeros(2, *self._of_samples.shape)

    def weigh(self, rows: slice) -> None:
        """Sum over the pairs of some samples with all posteriors of their run."""
        of_samples = self._of_samples[..., rows]
        by_sample = torch.zeros_like(of_samples)
        of_posteriors = (self._roots, self._of_posteriors, self._of_densities)
        stacked = (of_samples, *of_posteriors, by_sample, self._in_joints, self._in_marginals)
        for own, log_heights, *parts in zip(self._latents, self._log_heights, *stacked, strict=True):
            if own:
                _weigh(_OfRun(*(part[:own] for part in parts)), log_heights)
        self._z_gradient[..., rows] = by_sample[:, :, 2] - self._z[..., rows] * by_sample[:, :, 1]

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of mu, logvar and z, (run, latent, sample)."""
        mu, precision = self._mu, self._precision
        by_posterior = self._in_joints.addcmul_(self._in_marginals, self._heights, value=-1.0)
        weight, first, second, _ = by_posterior.unbind(dim=2)
        square = second - 2.0 * mu * first + mu.square() * weight
        return precision * (first - mu * weight), 0.5 * (precision * square - weight), self._z_gradient


def _weigh(run: _OfRun, log_heights: Tensor) -> None:
    bits = torch.bmm(run.samples[:, :2].mT, run.roots).square_().neg_()
    joint = torch.add(log_heights, bits.sum(dim=0), alpha=1 / LOG2_E).softmax(dim=1)
    density = bits.exp2_()  # exp2 takes a third of exp's time
    torch.mm(run.posteriors.flatten(0, 1), joint.T, out=run.by_sample.flatten(0, 1))
    run.in_joints.flatten(0, 1).addmm_(run.samples.flatten(0, 1), joint)
    by_marginal = torch.bmm(run.densities, density.mT)
    share = by_marginal[:, :1].reciprocal()
    run.by_sample.addcmul_(by_marginal, share, value=-1.0)
    run.in_marginals.baddbmm_(run.samples * share, density)
