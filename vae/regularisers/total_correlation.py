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
    samples = mu.shape[1]
    pairs = _Pairs(_by_latent(mu), _by_latent(logvar), _by_latent(z), samples)
    for run, own in enumerate(latents):
        pairs.weigh(run, own)
    return Gradients(*(part[..., :samples].mT for part in pairs.gradients()))


def _by_latent(part: Tensor) -> Tensor:
    """(run, latent, sample), with more samples, zero, up to a multiple of MULTIPLE."""
    return torch.nn.functional.pad(part, (0, 0, 0, -part.shape[1] % MULTIPLE)).mT.contiguous()


class _Pairs:
    """Each sample under each posterior of its minibatch; tensors (run, latent, moment, sample), four moments.

    The derivative of a log-density with respect to what a pair's two samples bring is weighted by how much of the
    joint's log-sum the pair makes, minus how much of the marginal's. No marginal's sum is shifted by its largest term:
    it holds a sample's density under its own posterior, which is neither 0 nor infinite in fp32.
    """

    def __init__(self, mu: Tensor, logvar: Tensor, z: Tensor, samples: int) -> None:
        self._mu, self._z, self._samples = mu, z, samples
        height = (-0.5 * logvar).exp_()
        self._precision = height.square()
        scale = height * math.sqrt(0.5 * LOG2_E)
        self._roots = torch.stack((-mu * scale, scale), dim=2)
        """Lines in z: the square of each is how far its density is below its height, in bits."""
        self._log_heights = -0.5 * logvar.sum(dim=1)
        self._log_heights[:, samples:] = NOWHERE
        height[..., samples:] = 0.0
        self._heights = height.unsqueeze(2)
        one, nothing = torch.ones_like(mu), torch.zeros_like(mu)
        self._of_samples = torch.stack((one, z, z.square(), nothing), dim=2)  # products of four rows are the fastest
        self._of_posteriors = torch.stack((one, self._precision, mu * self._precision, nothing), dim=2)
        self._of_heights = self._of_posteriors * self._heights
        self._by_sample, self._in_joints, self._in_marginals = mu.new_zeros(3, *self._of_samples.shape)

    def weigh(self, run: int, own: int) -> None:
        """Sum over the pairs of a run, some samples at a time."""
        if not own:
            return
        width = MULTIPLE * max(1, PAIRS_AT_ONCE[self._mu.device.type] // (MULTIPLE * own * self._mu.shape[2]))
        for start in range(0, self._samples, width):
            self._weigh(run, slice(0, own), slice(start, min(start + width, self._samples)))

    def _weigh(self, run: int, own: slice, rows: slice) -> None:
        of_samples, of_posteriors = self._of_samples[run, own, :, rows], self._of_posteriors[run, own]
        bits = torch.bmm(of_samples[:, :2].mT, self._roots[run, own]).square_().neg_()
        joint = torch.add(self._log_heights[run], bits.sum(dim=0), alpha=1 / LOG2_E).softmax(dim=1)
        density = bits.exp2_()  # exp2 takes a third of exp's time
        by_marginals = torch.bmm(self._of_heights[run, own], density.mT)
        total = by_marginals[:, :1]
        self._by_sample[run, own, :, rows] = _product(of_posteriors, joint.T).sub_(by_marginals / total)
        self._in_joints[run, own] += _product(of_samples, joint)
        self._in_marginals[run, own] += torch.bmm(of_samples / total, density)

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of mu, logvar and z, (run, latent, sample)."""
        mu, precision = self._mu, self._precision
        by_posterior = self._in_joints.addcmul_(self._in_marginals, self._heights, value=-1.0)
        weight, first, second, _ = by_posterior.unbind(dim=2)
        square = second - 2.0 * mu * first + mu.square() * weight
        of_z = self._by_sample[:, :, 2] - self._z * self._by_sample[:, :, 1]
        return precision * (first - mu * weight), 0.5 * (precision * square - weight), of_z


def _product(left: Tensor, right: Tensor) -> Tensor:
    """(latent, moment, sample) with a matrix that all latents share: one product."""
    return (left.flatten(0, 1) @ right).view(*left.shape[:2], -1)
