"""Every loss in a stack against the loss as its paper has it, differentiated by autograd through plain modules."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from analysis.health.flags import flags
from analysis.statistics.losses import are_all_of_rate, weigh_rate
from sweeps.spec.make import make_spec
from tests.stacks import assert_same_bits, plain_module, train_to
from vae.columns import RATE_PARTS
from vae.config import RunConfig
from vae.convergence import trained_loss
from vae.data import Data, DataConfig, load_data, prepare
from vae.errors import ConfigError
from vae.loss_table import LOSSES
from vae.losses import distortion, rate
from vae.minibatches import noise_minibatches, training_minibatches
from vae.model import VAE
from vae.networks import discriminator
from vae.randomness import NOISE, PERMUTATION, torch_generator
from vae.stack.planning import working_set_bytes
from vae.stack.state import RunState, own_parameters
from vae.training import make_stack, train_runs

STEPS, EPOCHS = 12, 2
SMALL = [name for name in LOSSES if name != "factor_vae"]


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data(DataConfig())


@pytest.fixture(autouse=True)
def small_discriminators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discriminator, "HIDDEN_DIM", 24)


def runs_of(loss: str, latents: Sequence[int] = (3, 5, 8)) -> list[RunConfig]:
    base = RunConfig(loss=loss, hidden_dim=20, epochs=EPOCHS, capacity=4.0, beta=3.0)
    return [
        replace(base, latent_dim=latent, seed=seed, model="ae" if seed == 1 else "vae", beta=3.0 - seed)
        for seed, latent in enumerate(latents)
    ]


def total_correlation(mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
    posteriors = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    densities = torch.stack([posteriors.log_prob(code) for code in z])
    return (densities.sum(2).logsumexp(1) - densities.logsumexp(1).sum(1)).mean()


def covariance_loss(mu: Tensor, logvar: Tensor, *, of_z: bool, diagonal: float) -> Tensor:
    covariance = torch.cov(mu.T, correction=0).reshape(mu.shape[1], -1)
    if of_z:
        covariance = covariance + torch.diag(logvar.exp().mean(0))
    squares = (covariance - torch.eye(len(covariance))).square()
    return squares.sum() + (diagonal - 1) * squares.diagonal().sum()


def regularised(config: RunConfig, mu: Tensor, logvar: Tensor, z: Tensor, progress: float) -> Tensor:
    """What is added to the distortion, mean over the minibatch, as the papers write it."""
    kl = rate(mu, logvar).sum(1).mean()
    if config.loss == "beta_vae":
        return config.beta * kl
    if config.loss == "beta_tc_vae":
        return kl + (config.beta - 1) * total_correlation(mu, logvar, z)
    if config.loss == "dip_vae_i":
        return kl + config.beta * covariance_loss(mu, logvar, of_z=False, diagonal=10)
    if config.loss == "dip_vae_ii":
        return kl + config.beta * covariance_loss(mu, logvar, of_z=True, diagonal=1)
    return config.beta * (kl - config.capacity * min(1.0, 3 * progress)).abs()


def plain_loss(config: RunConfig, module: VAE, x: Tensor, noise: Tensor, progress: float) -> Tensor:
    mu, logvar = module.encode(x)
    if config.model == "ae":
        return distortion(x, module.decode(mu)).sum()
    z = mu + noise * (0.5 * logvar).exp()
    return distortion(x, module.decode(z)).sum() + len(x) * regularised(config, mu, logvar, z, progress)


@pytest.mark.parametrize("loss", SMALL)
def test_a_stack_minimises_the_loss_of_the_paper(digits: Data, loss: str) -> None:
    configs = runs_of(loss)
    stack = make_stack(configs, digits)
    twins = [plain_module(c, (64,), s) for c, s in zip(configs, stack.states(), strict=True)]
    optimisers = [torch.optim.Adam(module.parameters()) for module in twins]
    noises = noise_minibatches(configs, NOISE, 0, len(digits.train), stack.device)
    batches = zip(training_minibatches(digits, 0, 128), noises, strict=True)
    for step, (x, noise) in enumerate(batches):  # the last of them is smaller
        stack.step(x, noise)
        for run, (config, module, optimiser) in enumerate(zip(configs, twins, optimisers, strict=True)):
            optimiser.zero_grad()
            plain_loss(config, module, x[0], noise[run, :, : config.latent_dim], step / (12 * EPOCHS)).backward()
            optimiser.step()
    assert_trained_alike(configs, twins, stack.states())


def assert_trained_alike(configs: Sequence[RunConfig], twins: Sequence[nn.Module], states: Sequence[RunState]) -> None:
    for config, module, state in zip(configs, twins, states, strict=True):
        trained = own_parameters(config, (64,), state)
        for name, tensor in module.state_dict().items():
            torch.testing.assert_close(trained[name], tensor, rtol=3e-4, atol=3e-5)


def plain_discriminator(config: RunConfig, state: RunState) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in discriminator.layers_of(config.latent_dim):
        layers += [layer.module(), nn.LeakyReLU(0.2)]
    module = nn.Sequential(*layers[:-1])
    own = [p.unpack(state.parameters[p.name]) for p in discriminator.parameters_of(config.latent_dim)]
    module.load_state_dict(dict(zip(module.state_dict(), own, strict=True)))
    return module


def test_factor_vae_and_its_discriminator_learn_as_two_plain_modules_do(digits: Data) -> None:
    configs = runs_of("factor_vae")
    stack = make_stack(configs, digits)
    begun = stack.states()
    twins = [plain_module(c, (64,), s) for c, s in zip(configs, begun, strict=True)]
    critics = [plain_discriminator(c, s) for c, s in zip(configs, begun, strict=True)]
    optimisers = [torch.optim.Adam(module.parameters()) for module in twins]
    critics_optimisers = [torch.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.5, 0.9)) for critic in critics]
    noises = noise_minibatches(configs, NOISE, 0, len(digits.train), stack.device)
    for step, (x, noise) in enumerate(zip(training_minibatches(digits, 0, 128), noises, strict=True)):
        stack.step(x, noise)
        for run, config in enumerate(configs):
            module, critic = twins[run], critics[run]
            for optimiser in (optimisers[run], critics_optimisers[run]):
                optimiser.zero_grad()
            mu, logvar = module.encode(x[0])
            own_noise = noise[run, :, : config.latent_dim]
            z = mu if config.model == "ae" else mu + own_noise * (0.5 * logvar).exp()
            order = torch.rand(z.shape, generator=torch_generator(config.seed, PERMUTATION, step)).argsort(dim=0)
            real, shuffled = critic(z), critic(z.detach().gather(0, order))
            loss = distortion(x[0], module.decode(z)).sum()
            if config.model == "vae":
                loss = loss + rate(mu, logvar).sum() + config.beta * (real[:, 0] - real[:, 1]).sum()
            loss.backward(retain_graph=True, inputs=list(module.parameters()))
            target = torch.zeros(len(z), dtype=torch.int64)
            mistakes = nn.functional.cross_entropy(critic(z.detach()), target)
            mistakes = mistakes + nn.functional.cross_entropy(shuffled, target + 1)
            (0.5 * mistakes).backward(inputs=list(critic.parameters()))
            optimisers[run].step()
            critics_optimisers[run].step()
    states = stack.states()
    assert_trained_alike(configs, twins, states)
    for config, critic, state in zip(configs, critics, states, strict=True):
        for mine, theirs in zip(critic.parameters(), plain_discriminator(config, state).parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=3e-4, atol=3e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_has_the_same_bits_alone_in_a_stack_and_resumed(digits: Data, loss: str) -> None:
    configs = runs_of(loss, (1, 5, 8))
    together, _ = train_to(configs, digits, EPOCHS)
    for config, state in zip(configs, together, strict=True):
        halfway, _ = train_to([config], digits, 1)
        resumed, _ = train_to([config], digits, EPOCHS, halfway)
        assert_same_bits(state, resumed[0])


@pytest.mark.parametrize(
    ("loss", "weight"), [("beta_tc_vae", 1.0), ("dip_vae_i", 0.0), ("dip_vae_ii", 0.0), ("factor_vae", 0.0)]
)
def test_without_its_weight_a_loss_is_the_elbo_to_the_bit(digits: Data, loss: str, weight: float) -> None:
    plain = RunConfig(latent_dim=5, hidden_dim=20, epochs=EPOCHS, beta=1.0)
    (elbo,), _ = train_to([plain], digits, EPOCHS)
    (found,), _ = train_to([replace(plain, loss=loss, beta=weight)], digits, EPOCHS)
    for name, tensor in elbo.parameters.items():
        assert torch.equal(found.parameters[name], tensor)


def test_an_annealed_vae_without_capacity_is_a_beta_vae(digits: Data) -> None:
    plain = RunConfig(latent_dim=5, hidden_dim=20, epochs=EPOCHS, beta=2.0)
    (beta_vae,), _ = train_to([plain], digits, EPOCHS)
    (found,), _ = train_to([replace(plain, loss="annealed_vae", capacity=0.0)], digits, EPOCHS)
    assert_same_bits(beta_vae, found)


def test_an_annealed_vae_ends_at_its_capacity(digits: Data) -> None:
    config = RunConfig(latent_dim=8, hidden_dim=64, epochs=60, loss="annealed_vae", beta=30.0, capacity=6.0)
    _, records = train_to([config], digits, 60)
    (last,) = records[-1].values["train_rate_nats"]  # noqa: PD011
    assert last == pytest.approx(6.0, abs=0.5)


def test_an_annealed_vae_needs_a_length() -> None:
    with pytest.raises(
        ConfigError, match="annealed_vae grows its capacity over a number of epochs, got epochs auto: give --epochs N"
    ):
        RunConfig(loss="annealed_vae", epochs="auto")


def test_parts_of_the_rate_are_recorded_of_vaes_and_sum_to_it(digits: Data) -> None:
    configs = runs_of("beta_vae")
    folder = prepare(DataConfig())
    for config, run in zip(configs, train_runs(configs, folder), strict=True):
        if config.model == "ae":
            assert not set(RATE_PARTS) & set(run.totals)
            continue
        parts = [run.totals[name] for name in RATE_PARTS]
        assert all(map(math.isfinite, parts))
        assert sum(parts) == pytest.approx(run.totals["rate_nats"], abs=0.5)


def test_what_a_loss_is_judged_by() -> None:
    rates, distortions = np.array([2.0, 5.0]), np.array([9.0, 7.0])
    assert trained_loss("beta_tc_vae", "vae", 6.0, 4.0, rates, distortions).tolist() == [11.0, 12.0]
    assert trained_loss("annealed_vae", "vae", 6.0, 4.0, rates, distortions).tolist() == [21.0, 13.0]


def test_a_discriminator_counts_in_what_a_run_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discriminator, "HIDDEN_DIM", 1000)
    plain = RunConfig(latent_dim=10)
    extra = working_set_bytes(replace(plain, loss="factor_vae"), (64,)) - working_set_bytes(plain, (64,))
    assert extra > 4 * 4 * (10 * 1000 + 5 * 1000 * 1000 + 1000 * 2)  # weights, gradients and two moments, fp32


def test_the_documented_table_of_losses_is_the_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "losses.md").read_text(encoding="utf-8")
    for loss in LOSSES.values():
        usual = ", ".join(f"{value:g}" for value in loss.usual)
        assert f"| `{loss.name}` | {loss.formula} | {usual} | {loss.source} |" in page


def test_a_capacity_belongs_to_annealed_vae() -> None:
    with pytest.raises(ConfigError, match="capacity is of --loss annealed_vae, got --loss beta_vae"):
        make_spec({"capacity": "5,10"})
    spec = make_spec({"capacity": "5,10", "loss": "annealed_vae", "epochs": 9})
    assert [axis.choices for axis in spec.axes if axis.name == "capacity"] == [(5.0, 10.0)]


RUNS = pd.DataFrame({"run": [0, 1], "beta": [1.0, 4.0]})


@pytest.mark.parametrize(
    ("spec", "column", "expected"),
    [
        ({}, None, [0, 1]),
        ({"loss": "beta_vae"}, None, [0, 1]),
        ({"loss": "dip_vae_i"}, None, []),
        ({"loss": "beta_vae,beta_tc_vae"}, ["beta_tc_vae", "beta_vae"], [1]),
    ],
)
def test_beta_is_the_price_of_the_rate_under_its_own_loss_alone(
    spec: dict[str, str], column: list[str] | None, expected: list[int]
) -> None:
    runs = RUNS if column is None else RUNS.assign(loss=column)
    assert weigh_rate(spec, runs)["run"].tolist() == expected
    assert are_all_of_rate(spec, runs) == (len(expected) == 2)


@pytest.mark.parametrize(("loss", "flagged"), [("beta_vae", True), ("beta_tc_vae", False)])
def test_a_large_beta_is_too_large_only_as_the_price_of_the_rate(loss: str, flagged: bool) -> None:
    sizes = {"latent_dim": 4, "hidden_dim": 32, "model": "vae", "state": "COMPLETE", "active_units": 4, "seed": 0}
    runs = pd.DataFrame(
        {"run": [0, 1], "trial": [0, 1], "beta": [1.0, 16.0], "rate_nats": [10.0, 2.0]}
        | {"distortion_nats": [20.0, 40.0], "elbo_nats": [-30.0, -42.0], "prior_mismatch_nats": 0.0}
        | {name: [value] * 2 for name, value in sizes.items()}
    )
    none = pd.DataFrame(columns=["run", "model", "fall_nats", "over_epochs", "epochs"])
    found = flags(runs, pd.DataFrame({"run": [0, 1]}), none, 200.0, spec={"loss": loss})
    assert ("over-regularised" in found["flag"].tolist()) == flagged
