"""Training against pythae's trainer: the same network, data, optimiser and epochs, one thread, at equal quality.

    pip install -e '.[benchmarks]'
    python -m benchmarks.pythae_trainer                       digits, hidden 128, latent 16, 40 epochs
    python -m benchmarks.pythae_trainer --fashion FOLDER      60,000 images of 784 pixels, hidden 400, 2 epochs

pythae (Chadebec, Vincent & Allassonniere 2022, arXiv 2206.08309) trains one run at a time; vaekit trains the runs as
one stack, and, to say what stacking is worth, one at a time as well. Quality is the validation ELBO at beta = 1 of
each run: the means must lie within two standard errors of their difference and 0.5 %. Importing, loading and preparing
are not timed; both sides evaluate after each epoch.
"""

import logging
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor, nn

from benchmarks.quality import equality
from benchmarks.table import options, show
from vae.config import RunConfig
from vae.data import Data, load_data
from vae.training import make_stack, train


class Encoder(BaseEncoder):  # type: ignore[misc]
    """One hidden layer."""

    def __init__(self, pixels: int, hidden_dim: int, latent_dim: int) -> None:
        BaseEncoder.__init__(self)
        self.hidden = nn.Sequential(nn.Linear(pixels, hidden_dim), nn.ReLU())
        self.mu, self.logvar = nn.Linear(hidden_dim, latent_dim), nn.Linear(hidden_dim, latent_dim)

    def forward(self, x: Tensor) -> ModelOutput:
        hidden = self.hidden(x)
        return ModelOutput(embedding=self.mu(hidden), log_covariance=self.logvar(hidden))


class Decoder(BaseDecoder):  # type: ignore[misc]
    """One hidden layer."""

    def __init__(self, pixels: int, hidden_dim: int, latent_dim: int) -> None:
        BaseDecoder.__init__(self)
        layers = nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, pixels), nn.Sigmoid()
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.layers(z))


def main() -> None:
    """Parse, train the sides in turns, print the table."""
    parser = options(__doc__)
    parser.add_argument("--fashion", help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--epochs", type=int, help="by default as above")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # pythae tells of every epoch
    data = load_data(arguments.fashion or "digits")
    hidden_dim, epochs = (400, 2) if arguments.fashion else (128, 40)
    epochs = arguments.epochs or epochs
    configs = [
        RunConfig(latent_dim=16, hidden_dim=hidden_dim, epochs=epochs, seed=seed) for seed in range(arguments.runs)
    ]
    sides = {
        "pythae": lambda: [_pythae(config, data) for config in configs],
        "one run at a time": lambda: [_vaekit([config], data)[0] for config in configs],
        "one stack": lambda: _vaekit(configs, data),
    }
    rounds = [{name: _timed(side) for name, side in sides.items()} for _ in range(arguments.rounds)]
    images = len(data.train) * epochs * arguments.runs
    rows = []
    for name in sides:
        seconds = float(np.median([round_[name][0] for round_ in rounds]))
        ratio = float(np.median([round_["pythae"][0] / round_[name][0] for round_ in rounds]))
        elbos, theirs = rounds[0][name][1], rounds[0]["pythae"][1]
        row = {
            "data": "Fashion-MNIST" if arguments.fashion else "digits",
            "runs": arguments.runs,
            "epochs": epochs,
            "hidden_dim": hidden_dim,
        }
        row |= {"side": name, "seconds": seconds, "images_per_s": images / seconds, "ratio": ratio}
        rows.append(row | equality(elbos, theirs, paired=False))
    what = f"{arguments.runs} runs x {epochs} epochs, hidden {hidden_dim}"
    show(rows, [f"{data.name}: {what}; medians of {arguments.rounds} rounds"], arguments.json)


def _timed(side: Any) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    elbos = side()
    return time.perf_counter() - start, np.array(elbos)


def _vaekit(configs: list[RunConfig], data: Data) -> list[float]:
    *_, last = train(make_stack(configs, data), data, configs[0].nominal_epochs)
    return [float(value) for value in last.values["validation_elbo_nats"]]


def _pythae(config: RunConfig, data: Data) -> float:
    validation = torch.from_numpy(data.pixels(data.validation))
    model = train_with_pythae(config, data, evaluates=True)
    with torch.no_grad():
        output = model.eval()({"data": validation})
    return -float(output.loss)


def train_with_pythae(
    config: RunConfig, data: Data, start: Mapping[str, Tensor] | None = None, *, evaluates: bool = False
) -> VAE:
    """Return pythae's model of a run after its epochs, from given weights or pythae's own; tested on validation or not.

    Weights come in the order of the network: fc1, fc_mu, fc_logvar, fc2, fc3.
    """
    shape = data.n_pixels, config.hidden_dim, config.latent_dim
    splits = [torch.from_numpy(data.pixels(data.split(name))) for name in ("train", "validation")]
    train_set, validation_set = (BaseDataset(images, torch.zeros(len(images))) for images in splits)
    torch.manual_seed(config.seed)
    model_config = VAEConfig(input_dim=(data.n_pixels,), latent_dim=config.latent_dim, reconstruction_loss="bce")
    model = VAE(model_config, encoder=Encoder(*shape), decoder=Decoder(*shape))
    if start:
        with torch.no_grad():
            parameters = [*model.encoder.parameters(), *model.decoder.parameters()]
            for parameter, first in zip(parameters, start.values(), strict=True):
                parameter.copy_(first)
    with tempfile.TemporaryDirectory() as folder:
        training_config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=config.epochs,
            per_device_train_batch_size=config.batch_size,
            per_device_eval_batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            seed=config.seed,
            no_cuda=True,
        )
        evaluated = validation_set if evaluates else None
        BaseTrainer(model, train_set, evaluated, training_config=training_config).train()
    return model


if __name__ == "__main__":
    main()
