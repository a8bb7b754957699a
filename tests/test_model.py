"""The plain module against the tutorial's VAE and against probabilistic PCA."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.config import RunConfig
from vae.data import DataConfig, load_data, prepare
from vae.losses import distortion, rate
from vae.model import VAE
from vae.training import train_runs


class Tutorial(nn.Module):
    """The network of the tutorial, section 10, in its own words: probabilities out, loss on probabilities."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        sizes = {"fc1": (input_dim, hidden_dim), "fc_mu": (hidden_dim, latent_dim)}
        sizes |= {"fc_logvar": (hidden_dim, latent_dim), "fc2": (latent_dim, hidden_dim)}
        sizes |= {"fc3": (hidden_dim, input_dim)}
        for name, size in sizes.items():
            self.add_module(name, nn.Linear(*size))

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        layers = dict(self.named_children())
        hidden = F.relu(layers["fc1"](x))
        mu, logvar = layers["fc_mu"](hidden), layers["fc_logvar"](hidden)
        z = mu + noise * torch.exp(0.5 * logvar)
        return torch.sigmoid(layers["fc3"](F.relu(layers["fc2"](z)))), mu, logvar


def tutorial_loss(reconstruction: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return F.binary_cross_entropy(reconstruction, x, reduction="sum") + kl


def test_the_tutorials_state_loads_and_gives_its_reconstruction_and_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    theirs = Tutorial(784, 400, 20)
    ours = VAE(RunConfig(hidden_dim=400, latent_dim=20), (784,))
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.rand(9, 784, generator=generator)
    noise = torch.randn(9, 20, generator=generator)
    reconstruction, mu, logvar = theirs(x, noise)
    own_mu, own_logvar = ours.encode(x)
    output = ours.decode(own_mu + noise * torch.exp(0.5 * own_logvar))
    torch.testing.assert_close(output.sigmoid(), reconstruction)
    torch.testing.assert_close(ours.reconstruct(x), theirs(x, torch.zeros(9, 20))[0])
    loss = distortion(x, output).sum() + rate(own_mu, own_logvar).sum()
    torch.testing.assert_close(loss, tutorial_loss(reconstruction, x, mu, logvar))


def test_loss_is_distortion_plus_beta_times_rate() -> None:
    module = VAE(RunConfig(hidden_dim=16, latent_dim=3), (6,))
    x = torch.rand(4, 6, generator=torch.Generator().manual_seed(1))
    output, mu, logvar = module(x, torch.Generator().manual_seed(2))
    expected = distortion(x, output) + 2.5 * rate(mu, logvar).sum(1)
    torch.testing.assert_close(module.loss(x, 2.5, torch.Generator().manual_seed(2)), expected)


def test_an_autoencoder_has_neither_noise_nor_rate() -> None:
    module = VAE(RunConfig(hidden_dim=16, latent_dim=3, model="ae"), (6,))
    x = torch.rand(4, 6, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(module(x)[0], module.decode(module.encode(x)[0]))
    torch.testing.assert_close(module.loss(x, beta=100.0), distortion(x, module(x)[0]))


def ppca(pixels: int, latent: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Orthogonal loadings (pixel, latent) and mean of a probabilistic PCA; its posterior covariance is diagonal."""
    rng = np.random.default_rng(3)
    directions = np.linalg.qr(rng.standard_normal((pixels, latent)))[0]
    return directions * np.linspace(2.0, 1.0, latent) * sigma * 2, rng.standard_normal(pixels)


def ppca_log_likelihood(x: np.ndarray, loadings: np.ndarray, mean: np.ndarray, sigma: float) -> np.ndarray:
    """log N(x; mean, W W^T + sigma^2 I), (sample,). Tipping & Bishop 1999, equation 4."""
    covariance = loadings @ loadings.T + sigma**2 * np.eye(len(mean))
    residual = x - mean
    square = np.einsum("ni,ij,nj->n", residual, np.linalg.inv(covariance), residual)
    log_likelihood: np.ndarray = -0.5 * (square + np.linalg.slogdet(covariance)[1] + len(mean) * math.log(2 * math.pi))
    return log_likelihood


def linear_vae(loadings: np.ndarray, mean: np.ndarray, sigma: float) -> VAE:
    """The VAE whose decoder is the pPCA and whose encoder is its exact posterior.

    A large bias keeps every ReLU in its linear part and is taken off again behind it.
    """
    pixels, latent = loadings.shape
    shift = 100.0
    config = RunConfig(hidden_dim=pixels, latent_dim=latent, likelihood="gaussian", sigma=sigma)
    module = VAE(config, (pixels,)).double()
    precision = np.diag(loadings.T @ loadings) / sigma**2 + 1.0
    to_mu = loadings.T / sigma**2 / precision[:, None]
    state = {
        "fc1.weight": np.eye(pixels),
        "fc1.bias": np.full(pixels, shift),
        "fc_mu.weight": to_mu,
        "fc_mu.bias": -to_mu @ (mean + shift),
        "fc_logvar.weight": np.zeros((latent, pixels)),
        "fc_logvar.bias": -np.log(precision),
        "fc2.weight": np.eye(pixels, latent),
        "fc2.bias": np.full(pixels, shift),
        "fc3.weight": np.pad(loadings, ((0, 0), (0, pixels - latent))),
        "fc3.bias": mean - loadings.sum(1) * shift,
        "log_sigma": np.array(math.log(sigma)),
    }
    module.load_state_dict({name: torch.from_numpy(np.asarray(value)) for name, value in state.items()})
    return module


def test_a_linear_vae_with_the_exact_posterior_reaches_the_ppca_likelihood() -> None:
    """Where q is the posterior, log p(x|z) + log p(z) - log q(z|x) is log p(x) for every z, so the ELBO is log p(x)."""
    sigma = 0.7
    loadings, mean = ppca(6, 2, sigma)
    rng = np.random.default_rng(4)
    x = mean + rng.standard_normal((50, 2)) @ loadings.T + sigma * rng.standard_normal((50, 6))
    module = linear_vae(loadings, mean, sigma)
    expected = torch.from_numpy(ppca_log_likelihood(x, loadings, mean, sigma))
    images = torch.from_numpy(x)
    mu, logvar = module.encode(images)
    noise = torch.from_numpy(rng.standard_normal((4000, 50, 2)))
    z = mu + noise * torch.exp(0.5 * logvar)
    log_q = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    nats = distortion(images, module.decode(z), "gaussian", module.log_sigma)
    torch.testing.assert_close((log_prior - log_q - nats), expected.expand(4000, 50), rtol=1e-9, atol=1e-9)
    elbo = -(rate(mu, logvar).sum(-1) + nats.mean(0))
    standard_error = nats.std(0) / math.sqrt(4000)
    assert ((elbo - expected).abs() < 5 * standard_error).all()


def test_training_finds_the_ppca_likelihood_and_its_sigma(tmp_path: Path) -> None:
    sigma = 0.5
    loadings, mean = ppca(8, 2, sigma)
    rng = np.random.default_rng(5)
    x = mean + rng.standard_normal((12_000, 2)) @ loadings.T + sigma * rng.standard_normal((12_000, 8))
    np.savez(tmp_path / "ppca.npz", images=x.reshape(-1, 2, 4).astype(np.float32))
    config = DataConfig(source=str(tmp_path / "ppca.npz"))
    data, folder = load_data(config, cache=tmp_path / "cache"), prepare(config, tmp_path / "cache")
    run_config = RunConfig(latent_dim=2, hidden_dim=32, epochs="auto", likelihood="gaussian")
    (run,) = train_runs([run_config], folder)
    exact = ppca_log_likelihood(data.pixels(data.validation), loadings, mean, sigma).mean()
    assert run.totals["validation_elbo_nats"] == pytest.approx(exact, abs=0.12)
    assert run.totals["sigma"] == pytest.approx(sigma, rel=0.03)
