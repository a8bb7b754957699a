"""The textbook VAE and its AE twin as a plain torch module."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.config import LIKELIHOODS, MODELS, at_least, one_of, positive
from vae.losses import LIKELIHOOD, distortion, rate


class VAE(nn.Module):
    """x -> hidden -> (mu, logvar) -> z -> hidden -> logits, one hidden layer either side, ReLU.

    The decoder puts out logits (gaussian: means), never squashed. With `model="ae"` z is mu and there is no rate.
    Images are (sample, pixel), codes (sample, latent).
    """

    def __init__(
        self,
        input_dim: int = 784,
        hidden_dim: int = 400,
        latent_dim: int = 20,
        *,
        likelihood: str = "bernoulli",
        sigma: float | Literal["learned"] = "learned",
        model: str = "vae",
    ) -> None:
        super().__init__()
        at_least(1, input_dim=input_dim, hidden_dim=hidden_dim, latent_dim=latent_dim)
        one_of(LIKELIHOODS, likelihood=likelihood)
        one_of(MODELS, model=model)
        self.likelihood = likelihood
        self.model = model
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc2 = nn.Linear(latent_dim, hidden_dim)
        self.fc3 = nn.Linear(hidden_dim, input_dim)
        if likelihood == "gaussian":
            self._add_sigma(sigma)

    def _add_sigma(self, sigma: float | Literal["learned"]) -> None:
        if sigma == "learned":
            self.log_sigma = nn.Parameter(torch.zeros(()))
        else:
            positive(sigma=sigma)
            self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), each (sample, latent)."""
        hidden = F.relu(self.fc1(x))
        return self.fc_mu(hidden), self.fc_logvar(hidden)

    def reparameterize(self, mu: Tensor, logvar: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One sample of q(z|x), (sample, latent); mu itself for an AE."""
        if self.model == "ae":
            return mu
        noise = torch.empty_like(mu).normal_(generator=generator)
        return mu + noise * torch.exp(0.5 * logvar)

    def decode(self, z: Tensor) -> Tensor:
        """Logits (gaussian: means) of p(x|z), (sample, pixel)."""
        output: Tensor = self.fc3(F.relu(self.fc2(z)))
        return output

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Decoder output for one posterior sample, mu and logvar."""
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar, generator)), mu, logvar

    def reconstruct(self, x: Tensor) -> Tensor:
        """E[x|z] at the posterior mean, (sample, pixel)."""
        return LIKELIHOOD[self.likelihood].mean(self.decode(self.encode(x)[0]))

    def loss(self, x: Tensor, beta: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """D + beta R of each example in nats, (sample,), from one posterior sample; D alone for an AE."""
        output, mu, logvar = self(x, generator)
        d = distortion(x, output, self.likelihood, getattr(self, "log_sigma", 0.0))
        return d if self.model == "ae" else d + beta * rate(mu, logvar).sum(dim=-1)
