"""The peers of `benchmarks.peers` train what vaekit trains: with the same noise, loss and gradient are the same."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import grad, stack_module_state, vmap

from benchmarks import textbook
from benchmarks.ensemble_torch import Ensemble, NoisyVAE, loss_of
from benchmarks.quality import equality
from benchmarks.sides import Case, Plain, Vaekit, fill, first_weights, named, orders, validation_elbo
from vae.model import VAE

CASE = Case(64, 32, epochs=6, sizes=(3,), latent_dim=4)
SEEDS = range(3)
DATA = CASE.data()
X = torch.from_numpy(DATA.pixels(DATA.train[:100]))
NOISE = torch.randn(len(SEEDS), len(X), CASE.latent_dim, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def weights() -> list[dict[str, Tensor]]:
    return first_weights(CASE, DATA, SEEDS)


@pytest.fixture(scope="module")
def known(weights: list[dict[str, Tensor]]) -> list[tuple[float, dict[str, Tensor]]]:
    """Loss and gradients of each run by vaekit's own module."""
    found = []
    for first, noise in zip(weights, NOISE, strict=True):
        module = VAE(CASE.config(0), (8, 8))
        module.load_state_dict(first)
        module.reparameterize = lambda mu, logvar, _=None, noise=noise: mu + noise * torch.exp(0.5 * logvar)  # type: ignore[method-assign, misc]
        loss = module.loss(X).sum()
        loss.backward()
        found.append((float(loss.detach()), {n: p.grad for n, p in module.named_parameters() if p.grad is not None}))
    return found


def assert_equal(gradients: dict[str, Tensor], known: dict[str, Tensor]) -> None:
    assert list(gradients) == list(known)
    for name, gradient in known.items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-4, atol=1e-3)


def test_the_plain_loop(
    weights: list[dict[str, Tensor]],
    known: list[tuple[float, dict[str, Tensor]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for run, (loss, gradients) in enumerate(known):
        monkeypatch.setattr(torch, "randn_like", lambda _, run=run: NOISE[run])
        model = textbook.TutorialVAE(CASE.pixels, CASE.hidden_dim, CASE.latent_dim)
        fill(model, weights[run])
        distortion, rate = textbook.parts(model, X)
        (distortion + rate).backward()
        assert float((distortion + rate).detach()) == pytest.approx(loss, rel=1e-5)
        own = torch.nn.ParameterList([p.grad for p in model.parameters()])
        assert_equal(named(own), gradients)


def test_torch_func(weights: list[dict[str, Tensor]], known: list[tuple[float, dict[str, Tensor]]]) -> None:
    modules = [NoisyVAE(CASE.pixels, CASE.hidden_dim, CASE.latent_dim) for _ in SEEDS]
    for module, first in zip(modules, weights, strict=True):
        module.load_state_dict(first)
    stacked = {name: tensor.detach() for name, tensor in stack_module_state(modules)[0].items()}
    loss = loss_of(modules[0])
    losses = vmap(loss, in_dims=(0, None, 0))(stacked, X, NOISE)
    assert losses.tolist() == pytest.approx([of_run for of_run, _ in known], rel=1e-5)
    gradients = vmap(grad(loss), in_dims=(0, None, 0))(stacked, X, NOISE)
    for run, (_, of_run) in enumerate(known):
        assert_equal({name: tensor[run] for name, tensor in gradients.items()}, of_run)


def test_jax(weights: list[dict[str, Tensor]], known: list[tuple[float, dict[str, Tensor]]]) -> None:
    jax = pytest.importorskip("jax")
    from benchmarks.ensemble_jax import loss

    for run, (nats, of_run) in enumerate(known):
        parameters = {name: tensor.numpy().T for name, tensor in weights[run].items()}
        found, gradients = jax.value_and_grad(loss)(parameters, X.numpy(), NOISE[run].numpy())
        assert float(found) == pytest.approx(nats, rel=1e-5)
        assert_equal({name: torch.tensor(np.asarray(gradients[name]).T) for name in of_run}, of_run)


def test_sides_train_from_the_same_weights_to_the_same_elbo() -> None:
    """What a seed trains to with other noise or another order differs by tenths of a nat; untrained it is ten off."""
    images = torch.from_numpy(DATA.pixels(DATA.train))
    ensemble = Ensemble(images, CASE.hidden_dim, CASE.latent_dim, CASE.config(0).batch_size)
    first = first_weights(CASE, DATA, SEEDS)
    trained = {
        "vaekit": Vaekit(CASE).train(SEEDS, first, CASE.epochs),
        "plain": [Plain(CASE).train([seed], [first[seed]], CASE.epochs)[0] for seed in SEEDS],
        "torch.func": ensemble.train(first, orders(DATA, CASE.epochs)),
        "untrained": first,
    }
    elbos = {side: np.array([validation_elbo(CASE, DATA, run) for run in runs]) for side, runs in trained.items()}
    assert np.abs(elbos["plain"] - elbos["vaekit"]).max() < 0.5
    assert np.abs(elbos["torch.func"] - elbos["vaekit"]).max() < 0.3
    assert equality(elbos["untrained"], elbos["vaekit"], paired=True)["quality"] == "NOT equal"
