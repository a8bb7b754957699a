"""The loop that people write: the tutorial's VAE, Adam, a DataLoader, and plain Optuna, one trial after another.

The opponent of `benchmarks.whole_sweep`; written as a careful user would, with nothing slowed down on purpose.
`python -m benchmarks.textbook SPEC.toml POINTS.json OUT.json` is one whole process of one thread.
"""

import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import optuna
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from sweeps.spec.make import make_spec, read_spec
from vae.data import Data, load_data
from vae.networks.conv import stages
from vae.networks.padding import Shape

BATCH_SIZE = 128


class TutorialVAE(nn.Module):
    """The VAE of the tutorial: sigmoid output, loss on probabilities; with as many hidden layers as asked."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int, depth: int = 1) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*_hidden(input_dim, hidden_dim, depth))
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.decoder = nn.Sequential(*_hidden(latent_dim, hidden_dim, depth), nn.Linear(hidden_dim, input_dim))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(x)
        mu, logvar = self.fc_mu(hidden), self.fc_logvar(hidden)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return torch.sigmoid(self.decoder(z)), mu, logvar


def _hidden(inputs: int, hidden_dim: int, depth: int) -> Iterator[nn.Module]:
    for width in (inputs, *[hidden_dim] * (depth - 1)):
        yield nn.Linear(width, hidden_dim)
        yield nn.ReLU()


class ConvolutionalVAE(nn.Module):
    """The same around convolutions as in disentanglement's repositories: kernel 4, stride 2, Xavier's weights."""

    def __init__(self, channels: Sequence[int], side: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        shape = (channels[-1], side, side)
        pairs = list(pairwise(channels))
        down = [part for a, b in pairs for part in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())]
        up = [part for a, b in reversed(pairs) for part in (nn.ReLU(), nn.ConvTranspose2d(b, a, 4, 2, 1))]
        flat = math.prod(shape)
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, hidden_dim), nn.ReLU())
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        hidden = nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, flat)
        self.decoder = nn.Sequential(*hidden, nn.Unflatten(1, shape), *up, nn.Sigmoid())
        self.apply(_xavier)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(x)
        mu, logvar = self.fc_mu(hidden), self.fc_logvar(hidden)
        return self.decoder(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)), mu, logvar


def _xavier(module: nn.Module) -> None:
    """Xavier's weights, a stride of 2 counted, and zero biases: both sides of a comparison begin alike."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        small, large = module.weight.shape[:2]
        bound = math.sqrt(6 / (16 * large + 4 * small))
        nn.init.uniform_(module.weight, -bound, bound)
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def model_of(network: str, depth: int, shape: Shape, hidden_dim: int, latent_dim: int) -> nn.Module:
    """Return the model for images of that shape."""
    if network == "mlp":
        return TutorialVAE(math.prod(shape), hidden_dim, latent_dim, depth)
    images = stages(shape, hidden_dim)
    return ConvolutionalVAE([image.channels for image in images], images[-1].height, hidden_dim, latent_dim)


def tensors(data: Data, network: str, split: str) -> Tensor:
    """Return the images of a split as the model takes them: rows, or (sample, channel, height, width)."""
    rows = torch.from_numpy(data.pixels(data.split(split)))
    if network == "mlp":
        return rows
    height, width, channels = (*data.sample_shape, 1)[:3]
    return rows.view(-1, height, width, channels).permute(0, 3, 1, 2).contiguous()


def parts(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Distortion and rate of a minibatch, summed, in nats."""
    reconstruction, mu, logvar = model(x)
    distortion = F.binary_cross_entropy(reconstruction, x, reduction="sum")
    return distortion, -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def adam(model: nn.Module) -> torch.optim.Adam:
    """Return the optimiser, as a tutorial makes it."""
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def train(
    model: nn.Module,
    loader: DataLoader[tuple[Tensor, ...]],
    beta: float,
    epochs: int,
    optimiser: torch.optim.Optimizer | None = None,
) -> None:
    """Adam on D + beta R; one that trained before may go on."""
    optimiser = optimiser or adam(model)
    for _ in range(epochs):
        total = 0.0
        for (x,) in loader:
            distortion, rate = parts(model, x)
            loss = distortion + beta * rate
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()


def validation_elbo(model: nn.Module, loader: DataLoader[tuple[Tensor, ...]]) -> float:
    """ELBO at beta = 1, in nats per image."""
    with torch.no_grad():
        total = sum(float(sum(parts(model, x))) for (x,) in loader)
        images = sum(len(x) for (x,) in loader)
    return -total / images


def main(toml: Path, points: Path, out: Path) -> None:
    """Run the study over the given points and write the validation ELBOs by run and the training seconds."""
    torch.set_num_threads(1)
    spec = make_spec(read_spec(toml))
    data, seeds, epochs = load_data(spec.data_config), spec.seeds, int(spec.epochs)
    images = {name: tensors(data, spec.network, name) for name in ("train", "validation")}
    elbos: list[float] = []
    seconds = 0.0

    def objective(trial: optuna.Trial) -> float:
        nonlocal seconds
        hidden_dim = trial.suggest_categorical("hidden_dim", [64, 128, 256, 400])
        latent_dim = trial.suggest_int("latent_dim", 1, 64)
        beta = trial.suggest_float("beta", 0.01, 64.0, log=True)
        for seed in range(seeds):
            torch.manual_seed(seed)
            model = model_of(spec.network, int(spec.depth), data.sample_shape, hidden_dim, latent_dim)
            loader = DataLoader(TensorDataset(images["train"]), batch_size=BATCH_SIZE, shuffle=True)
            start = time.perf_counter()
            train(model, loader, beta, epochs)
            seconds += time.perf_counter() - start
            held_out = DataLoader(TensorDataset(images["validation"]), batch_size=BATCH_SIZE)
            elbos.append(validation_elbo(model, held_out))
        return sum(elbos[-seeds:]) / seeds

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    listed = json.loads(points.read_text(encoding="utf-8"))
    for point in listed:
        study.enqueue_trial(point)
    study.optimize(objective, n_trials=len(listed))
    out.write_text(json.dumps({"elbos": elbos, "training_seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
