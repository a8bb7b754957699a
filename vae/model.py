"""A run's VAE, or its AE twin, as a plain torch module."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from vae.config import LIKELIHOODS, MODELS, RunConfig, one_of
from vae.errors import ResultsError
from vae.losses import LIKELIHOOD, distortion, rate
from vae.networks import network_of
from vae.networks.layers import Layer, LogSigma
from vae.networks.padding import Shape


class LatentModel(nn.Module):
    """What every plain module of a run does once it can encode and decode.

    The decoder puts out logits (gaussian: means), never squashed. With `model="ae"` z is mu and there is no rate.
    Images are (sample, pixel), codes (sample, latent).
    """

    log_sigma: Tensor
    """Of a gaussian likelihood alone."""
    encode: Callable[[Tensor], tuple[Tensor, Tensor]]
    """Mean and log-variance of q(z|x), each (sample, latent), of images."""
    decode: Callable[[Tensor], Tensor]
    """Logits (gaussian: means) of p(x|z), (sample, pixel), of codes."""

    def __init__(self, likelihood: str, model: str, log_sigma: LogSigma | None) -> None:
        super().__init__()
        one_of(LIKELIHOODS, likelihood=likelihood)
        one_of(MODELS, model=model)
        self.likelihood = likelihood
        self.model = model
        if log_sigma:  # no parameter: where it is learned, it has a closed form
            self.register_buffer("log_sigma", torch.tensor(log_sigma.initial))

    def reparameterize(self, mu: Tensor, logvar: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One sample of q(z|x), (sample, latent); mu itself for an AE."""
        if self.model == "ae":
            return mu
        noise = torch.empty_like(mu).normal_(generator=generator)
        return mu + noise * torch.exp(0.5 * logvar)

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


class VAE(LatentModel):
    """x -> encoder -> (mu, logvar) -> z -> decoder -> logits: torch's own layers, one after the other.

    Samples of `shape`, (height, width[, channel]) or (feature,), come and go as rows (sample, pixel).
    """

    def __init__(self, config: RunConfig, shape: Shape) -> None:
        network = network_of(config, shape)
        super().__init__(config.likelihood, config.model, network.log_sigma)
        self.network = network
        for layer in self.network.layers:
            self.add_module(layer.name, layer.module())

    @property
    def latent_dim(self) -> int:
        """Dimensions of z."""
        return self.network.latent.own

    def _through(self, layers: Iterable[Layer], x: Tensor) -> Tensor:
        for layer in layers:
            x = self.get_submodule(layer.name)(x)
        return x

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), each (sample, latent)."""
        hidden = self._through(self.network.encoder, x)
        return self._through([self.network.mu], hidden), self._through([self.network.logvar], hidden)

    def decode(self, z: Tensor) -> Tensor:
        """Logits (gaussian: means) of p(x|z), (sample, pixel)."""
        return self._through(self.network.decoder, z)


def model_of(config: RunConfig, shape: Shape, weights: Mapping[str, Tensor]) -> VAE:
    """Return the module of a saved run's state, in eval mode; ResultsError where the shapes are no such model's.

    What is saved may lie, so shapes are compared before a module takes memory.
    """
    wanted, got = network_of(config, shape).shapes, {name: tuple(tensor.shape) for name, tensor in weights.items()}
    different = [name for name in sorted(wanted.keys() | got.keys()) if wanted.get(name) != got.get(name)]
    if different:
        told = ", ".join(f"{name} {got.get(name)}" for name in different)[:200]
        raise ResultsError(f"weights must be those of the run's network, got other shapes of {told}")
    module = VAE(config, shape)
    module.load_state_dict(dict(weights))
    return module.eval()
