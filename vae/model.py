"""The textbook VAE and its AE twin as a plain torch module."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.config import LIKELIHOODS, MODELS, at_least, one_of, positive
from vae.errors import ResultsError
from vae.losses import LIKELIHOOD, distortion, rate
from vae.stack.shapes import layer_shapes


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


def model_of(weights: Mapping[str, Tensor], *, likelihood: str, sigma: float | Literal["learned"], model: str) -> VAE:
    """Return the module of a saved run's state, in eval mode; ResultsError where the shapes are no such model's."""
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    first, means = shapes.get("fc1.weight", ()), shapes.get("fc_mu.weight", ())
    if len(first) != 2 or len(means) != 2:
        raise ResultsError(f"weights must be those of a VAE, got shapes {str(shapes)[:200]}")
    layers = layer_shapes(first[1], first[0], means[0])
    wanted: dict[str, tuple[int, ...]] = {f"{name}.weight": shape for name, shape in layers.items()}
    wanted |= {f"{name}.bias": shape[:1] for name, shape in layers.items()}
    wanted |= {"log_sigma": ()} if likelihood == "gaussian" else {}
    different = [name for name in sorted(wanted.keys() | shapes.keys()) if wanted.get(name) != shapes.get(name)]
    if different or 0 in (*first, *means):
        raise ResultsError(f"weights must be those of one VAE, got other shapes of {', '.join(different)[:200]}")
    module = VAE(first[1], first[0], means[0], likelihood=likelihood, sigma=sigma, model=model)
    module.load_state_dict(dict(weights))
    return module.eval()
