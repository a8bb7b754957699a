"""The rate in three parts, estimated on a minibatch: index-code information, total correlation, dimension-wise KL.

Chen et al. 2018, equation 2 and section 4.1 (arXiv 1802.04942). The minibatch-weighted estimate of log q(z) is a
log-sum over the minibatch's posteriors, here minus the logarithm of their number: so a collapsed posterior has a total
correlation of 0. Chen's subtracts log(NB); the difference is constant and its gradients are the same.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vae.losses import HALF_LOG_TWO_PI
from vae.regularisers.gradients import Gradients

LOG2_E = math.log2(math.e)
MULTIPLE = 32
"""Rows of pairs are padded to it: torch may round the rest of a vector otherwise than the vector."""
PAIRS = 2**22
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


def total_correlation_gradients(mu: Tensor, logvar: Tensor, z: Tensor) -> Gradients:
    """Return the gradients of the minibatch's total correlation, summed over its samples and not their mean.

    The derivative of a log-density with respect to what a pair's two samples bring is weighted by how much of the
    joint's log-sum the pair makes, minus how much of the marginal's. No marginal's sum is shifted by its largest term:
    it holds a sample's density under its own posterior, which is neither 0 nor infinite in fp32.
    """
    samples = len(z)
    mu, logvar, z = (part.T.contiguous() for part in (_padded(mu), _padded(logvar), z))
    precision = (-logvar).exp()
    bits = torch.sub(z[:, :, None], mu[:, None, :]).square_()
    bits.mul_((-0.5 * LOG2_E) * precision[:, None, :]).sub_((0.5 * LOG2_E) * logvar[:, None, :])
    bits[:, :, samples:] = NOWHERE
    joint = bits.sum(dim=0).mul_(1 / LOG2_E).softmax(dim=1)
    density = bits.exp2_()  # exp2 takes a third of exp's time

    one = torch.ones_like(precision)
    of_posteriors = torch.stack((one, precision, mu * precision, torch.zeros_like(one)), dim=1)
    in_joint = _product(of_posteriors, joint.T)
    in_marginals = torch.bmm(of_posteriors, density.mT)
    total = in_marginals[:, :1]
    by_sample = in_joint - in_marginals / total

    one = torch.ones_like(z)
    of_samples = torch.stack((one, z, z.square(), torch.zeros_like(one)), dim=1)
    by_posterior = _product(of_samples, joint) - torch.bmm(of_samples / total, density)
    weight, first, second, _ = by_posterior.unbind(dim=1)

    z_gradient = by_sample[:, 2] - z * by_sample[:, 1]
    mu_gradient = precision * (first - mu * weight)
    square = second - 2.0 * mu * first + mu.square() * weight
    logvar_gradient = 0.5 * (precision * square - weight)
    return Gradients(mu_gradient.T[:samples], logvar_gradient.T[:samples], z_gradient.T)


def _padded(part: Tensor) -> Tensor:
    """More samples, zero, up to a multiple of MULTIPLE."""
    return torch.nn.functional.pad(part, (0, 0, 0, -len(part) % MULTIPLE))


def _product(left: Tensor, right: Tensor) -> Tensor:
    """(latent, moment, sample) with a matrix that all latents share: one product."""
    return (left.flatten(0, 1) @ right).view(*left.shape[:2], -1)
