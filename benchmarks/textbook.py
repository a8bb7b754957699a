"""The loop that people write: the tutorial's VAE, Adam, a DataLoader, and plain Optuna, one trial after another.

The opponent of `benchmarks.whole_sweep`; written as a careful user would, with nothing slowed down on purpose.
`python -m benchmarks.textbook DATA POINTS.json OUT.json EPOCHS SEEDS` is one whole process of one thread.
"""

import json
import sys
import time
from pathlib import Path

import optuna
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from vae.data import load_data

BATCH_SIZE = 128


class TutorialVAE(nn.Module):
    """The VAE of the tutorial: sigmoid output, loss on probabilities."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc2 = nn.Linear(latent_dim, hidden_dim)
        self.fc3 = nn.Linear(hidden_dim, input_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = F.relu(self.fc1(x))
        mu, logvar = self.fc_mu(hidden), self.fc_logvar(hidden)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return torch.sigmoid(self.fc3(F.relu(self.fc2(z)))), mu, logvar


def parts(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Distortion and rate of a minibatch, summed, in nats."""
    reconstruction, mu, logvar = model(x)
    distortion = F.binary_cross_entropy(reconstruction, x, reduction="sum")
    return distortion, -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def train(model: nn.Module, loader: DataLoader[tuple[Tensor, ...]], beta: float, epochs: int) -> None:
    """Adam on D + beta R."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
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


def main(source: str, points: Path, out: Path, epochs: int, seeds: int) -> None:
    """Run the study over the given points and write the validation ELBOs by run and the training seconds."""
    torch.set_num_threads(1)
    data = load_data(source)
    images = {name: torch.from_numpy(data.pixels(data.split(name))) for name in ("train", "validation")}
    elbos: list[float] = []
    seconds = 0.0

    def objective(trial: optuna.Trial) -> float:
        nonlocal seconds
        hidden_dim = trial.suggest_categorical("hidden_dim", [64, 128, 256, 400])
        latent_dim = trial.suggest_int("latent_dim", 1, 64)
        beta = trial.suggest_float("beta", 0.01, 64.0, log=True)
        for seed in range(seeds):
            torch.manual_seed(seed)
            model = TutorialVAE(data.n_pixels, hidden_dim, latent_dim)
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
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
