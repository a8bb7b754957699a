"""What determines a run, and nothing else."""

import math
from dataclasses import dataclass, field, fields
from typing import Literal

from vae.convergence import nominal_epochs
from vae.data_config import DataConfig
from vae.errors import ConfigError
from vae.parameters import PARAMETERS, is_own
from vae.schedules import BetaSchedule

MODELS = ("vae", "ae")
PRECISIONS = ("fp32", "bf16")
LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "gaussian")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One model to train: equal configs on one kind of processor give equal bits.

    Raises ConfigError where a value breaks its rule.
    """

    data: DataConfig = field(default_factory=DataConfig)
    """The images, and how they are prepared."""
    model: str = "vae"
    """`vae`, or `ae`: the same network without noise and without KL."""
    likelihood: str = "bernoulli"
    """p(x|z): bernoulli, continuous_bernoulli or gaussian."""
    sigma: float | Literal["learned"] = "learned"
    """Standard deviation of a gaussian likelihood; learned is one scalar a run."""
    network: str = "mlp"
    """What encodes and decodes: mlp, conv for images, or the user's own, MODULE:FUNCTION (see `vae.own`)."""
    latent_dim: int = 20
    """Dimensions of z."""
    hidden_dim: int = 400
    """Width of the hidden layers; the channels of conv are an eighth or a quarter of it."""
    depth: int = 1
    """Fully-connected hidden layers on either side."""
    loss: str = "beta_vae"
    """What is minimised, by its name in LOSSES (see `vae.loss_table`)."""
    beta: float = 1.0
    """Weight of what the loss regularises: of beta_vae the rate, D + beta R."""
    capacity: float = 25.0
    """Nats of rate that annealed_vae ends at; other losses have none."""
    beta_schedule: str = "constant"
    """How beta is approached: constant, linear:F or cyclic:N."""
    learning_rate: float = 1e-3
    """Step size of Adam."""
    batch_size: int = 128
    """Images in a minibatch; the last, smaller one of an epoch is kept."""
    epochs: int | Literal["auto"] = 40
    """Passes over the training images; auto trains until validation stops improving (see `vae.convergence`)."""
    precision: str = "fp32"
    """Of the matrix products in training: fp32 or bf16; weights, moments and the test split are always fp32."""
    seed: int = 0
    """Decides initialisation and noise; the order of minibatches is shared by all seeds."""

    def __post_init__(self) -> None:
        for parameter in PARAMETERS.values():
            parameter.check(getattr(self, parameter.name))
        if self.epochs != "auto":
            at_least(1, epochs=self.epochs)
        elif self.beta_schedule != "constant":
            raise ConfigError(f"beta_schedule {self.beta_schedule} needs a number of epochs, got epochs auto")
        elif self.loss == "annealed_vae":
            raise ConfigError(
                "annealed_vae grows its capacity over a number of epochs, got epochs auto: give --epochs N"
            )
        if self.loss == "factor_vae" and is_own(self.network):
            raise ConfigError(f"factor_vae needs a network of vaekit's, mlp or conv, got {self.network}")
        at_least(0, seed=self.seed)
        at_most(2**32 - 1, seed=self.seed)
        one_of(MODELS, model=self.model)
        one_of(LIKELIHOODS, likelihood=self.likelihood)
        one_of(PRECISIONS, precision=self.precision)
        BetaSchedule.parse(self.beta_schedule)
        if is_own(self.network) and self.precision != "fp32":
            raise ConfigError(f"network {self.network} needs precision fp32, got {self.precision}")
        if self.sigma != "learned":
            positive(sigma=self.sigma)

    @property
    def nominal_epochs(self) -> int:
        """Its epochs, or what stands for them where they are not known before."""
        return nominal_epochs(self.epochs)


TRAINING_FIELDS = tuple(f.name for f in fields(RunConfig) if f.name not in ("data", "model", "seed"))


def at_least(least: int, **values: float) -> None:
    """Check that each named value is a finite number of at least `least`."""
    for name, value in values.items():
        if not isinstance(value, int | float) or not math.isfinite(value) or value < least:
            raise ConfigError(f"{name} must be at least {least}, got {value}")


def at_most(most: int, **values: float) -> None:
    """Check that each named value is no more than `most`."""
    for name, value in values.items():
        if value > most:
            raise ConfigError(f"{name} must be at most {most}, got {value}")


def positive(**values: float) -> None:
    """Check that each named value is a finite number above 0."""
    for name, value in values.items():
        if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            raise ConfigError(f"{name} must be above 0, got {value}")


def one_of(choices: tuple[str, ...], **values: str) -> None:
    """Check that each named value is one of the choices."""
    for name, value in values.items():
        if value not in choices:
            raise ConfigError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
