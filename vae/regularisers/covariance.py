"""How far the codes' covariance is from the identity: DIP-VAE's two regularisers.

Kumar et al. 2018, equations 6 and 7 (arXiv 1711.00848).
"""

import torch
from torch import Tensor

from vae.regularisers.gradients import Gradients

DIAGONAL = {"dip_vae_i": 10.0, "dip_vae_ii": 1.0}
"""Weight of the diagonal over that of the rest: Kumar et al., and Locatello et al. 2019, table 1 (arXiv 1811.12359)."""


def covariance_nats(loss: str, mu: Tensor, logvar: Tensor) -> Tensor:
    """Return the squared distance of the covariance from the identity, its diagonal weighted by DIAGONAL: a scalar.

    `dip_vae_i` takes that of the posterior means, `dip_vae_ii` that of z: with the mean variance of q(z|x) besides.
    """
    distance = _distance(loss, mu, logvar)
    return (_weights(loss, distance) * distance.square()).sum()


def covariance_gradients(loss: str, mu: Tensor, logvar: Tensor) -> Gradients:
    """Return the gradients of `covariance_nats` times the number of samples; z has none."""
    distance = _distance(loss, mu, logvar)
    slope = 2.0 * _weights(loss, distance) * distance
    of_mu = 2.0 * (mu - mu.mean(dim=0)) @ slope
    of_logvar = logvar.exp() * slope.diagonal() if loss == "dip_vae_ii" else torch.zeros_like(logvar)
    return Gradients(of_mu, of_logvar, torch.zeros_like(mu))


def _distance(loss: str, mu: Tensor, logvar: Tensor) -> Tensor:
    """Covariance minus identity, (latent, latent)."""
    centred = mu - mu.mean(dim=0)
    covariance = centred.T @ centred / len(mu)
    if loss == "dip_vae_ii":
        covariance = covariance + torch.diag(logvar.exp().mean(dim=0))
    return covariance - torch.eye(mu.shape[1], dtype=mu.dtype, device=mu.device)


def _weights(loss: str, like: Tensor) -> Tensor:
    return torch.ones_like(like).fill_diagonal_(DIAGONAL[loss])
