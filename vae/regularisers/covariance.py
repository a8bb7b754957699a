"""How far the codes' covariance is from the identity: DIP-VAE's two regularisers.

Kumar et al. 2018, equations 6 and 7 (arXiv 1711.00848).
"""

import torch
from torch import Tensor

from vae.networks.memory import apart
from vae.regularisers.gradients import Gradients

DIAGONAL = {"dip_vae_i": 10.0, "dip_vae_ii": 1.0}
"""Weight of the diagonal over that of the rest: Kumar et al., and Locatello et al. 2019, table 1 (arXiv 1811.12359)."""


def covariance_nats(loss: str, mu: Tensor, logvar: Tensor) -> Tensor:
    """Return the squared distance of the covariance from the identity, its diagonal weighted by DIAGONAL: (run,).

    `dip_vae_i` takes that of the posterior means, `dip_vae_ii` that of z: with the mean variance of q(z|x) besides.
    """
    squares = _distance(loss, _centred(mu), logvar.exp()).square()
    return squares.sum(dim=(1, 2)) + (DIAGONAL[loss] - 1.0) * _diagonal(squares).sum(dim=1)


def covariance_gradients(loss: str, mu: Tensor, logvar: Tensor) -> Gradients:
    """Return the gradients of `covariance_nats` times the number of samples; z has none.

    Where a latent is padded, mu and logvar are zero, and so are the gradients.
    """
    centred, variance = _centred(mu), torch.exp(logvar, out=apart(logvar))
    slope = _distance(loss, centred, variance).mul_(2.0)
    _diagonal(slope).mul_(DIAGONAL[loss])
    nothing = torch.zeros_like(mu)
    of_logvar = variance.mul_(_diagonal(slope).unsqueeze(1)) if loss == "dip_vae_ii" else nothing
    return Gradients(torch.bmm(centred, slope).mul_(2.0), of_logvar, nothing)


def _centred(mu: Tensor) -> Tensor:
    return mu - mu.mean(dim=1, keepdim=True)


def _distance(loss: str, centred: Tensor, variance: Tensor) -> Tensor:
    """Covariance minus identity, (run, latent, latent)."""
    distance = torch.bmm(centred.mT, centred).div_(centred.shape[1])
    excess = variance.mean(dim=1) - 1.0 if loss == "dip_vae_ii" else -1.0
    _diagonal(distance).add_(excess)
    return distance


def _diagonal(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=1, dim2=2)
