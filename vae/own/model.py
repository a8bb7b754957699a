"""The user's module behind the plain module's interface: rows of values in and out."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from vae.config import RunConfig
from vae.errors import ResultsError
from vae.model import LatentModel
from vae.networks.layers import LogSigma
from vae.networks.padding import Shape
from vae.own.source import load, one_line
from vae.randomness import INITIALISATION, torch_draws


class OwnModel(LatentModel):
    """A user's module with its likelihood; images are (sample, pixel), as vaekit keeps them, with channels last."""

    def __init__(self, config: RunConfig, sample_shape: Shape, module: nn.Module) -> None:
        super().__init__(config.likelihood, config.model, LogSigma.of(config.likelihood, config.sigma))
        self.module = module
        self.sample_shape = sample_shape
        self.latent_dim = config.latent_dim

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), each (sample, latent)."""
        mu, logvar = self.module.encode(channels_first(x, self.sample_shape))  # type: ignore[operator]
        return mu, logvar

    def decode(self, z: Tensor) -> Tensor:
        """Logits (gaussian: means) of p(x|z), (..., pixel), of codes (..., latent)."""
        output = self.module.decode(z.reshape(-1, self.latent_dim))  # type: ignore[operator]
        return rows(output).reshape(*z.shape[:-1], -1)


def module_shape(sample_shape: Shape) -> Shape:
    """Return a sample's shape as a module sees it: (channel, height, width), or (feature,)."""
    if len(sample_shape) == 1:
        return sample_shape
    height, width, *channels = sample_shape
    return (*(channels or [1]), height, width)


def channels_first(x: Tensor, sample_shape: Shape) -> Tensor:
    """Return rows (sample, pixel) as a module reads them, (sample, channel, height, width) or (sample, feature)."""
    if len(sample_shape) == 3:
        return x.reshape(-1, *sample_shape).movedim(-1, 1).contiguous()
    return x.reshape(-1, *module_shape(sample_shape))


def rows(output: Tensor) -> Tensor:
    """Return what a module's decoder puts out as rows (sample, pixel), channels last."""
    return (output.movedim(1, -1) if output.ndim == 4 else output).reshape(len(output), -1)


def new_model(config: RunConfig, sample_shape: Shape) -> OwnModel:
    """Build a run's module with its first weights, which are drawn from the run's seed."""
    return OwnModel(config, sample_shape, built(config, sample_shape))


def built(config: RunConfig, sample_shape: Shape) -> Any:
    """Call the user's function; what it draws comes from the run's seed. ConfigError for whatever it raises."""
    with torch_draws(config.seed, INITIALISATION), one_line(config.network, call_of(config, sample_shape)):
        return load(config.network)(module_shape(sample_shape), config.latent_dim, config.hidden_dim)


def call_of(config: RunConfig, sample_shape: Shape) -> str:
    """Return the call of a run's function in words."""
    sizes = f"latent_dim={config.latent_dim}, hidden_dim={config.hidden_dim}"
    return f"build(shape={module_shape(sample_shape)}, {sizes})"


def saved_model(config: RunConfig, sample_shape: Shape, weights: Mapping[str, Tensor]) -> OwnModel:
    """Return the module of a saved run's state, in eval mode; ResultsError where the state is another network's."""
    model = new_model(config, sample_shape)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    there = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    different = [name for name in sorted(wanted.keys() | there.keys()) if wanted.get(name) != there.get(name)]
    if different:
        names = ", ".join(different)[:200]
        raise ResultsError(f"weights must be those of network {config.network}, got other shapes of {names}")
    model.load_state_dict(dict(weights))
    return model.eval()
