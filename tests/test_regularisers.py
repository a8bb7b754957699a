"""Regularisers against golden values, autograd in float64, and the cases where each must vanish."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vae.convergence import trained_loss
from vae.losses import rate
from vae.regularisers.covariance import covariance_gradients, covariance_nats
from vae.regularisers.total_correlation import PAIRS_AT_ONCE, rate_parts, total_correlation_gradients
from vae.stack.objective import ANNEALING


def posteriors(samples: int, latents: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    rng = np.random.default_rng(seed)
    mu, logvar = 1.5 * rng.standard_normal((samples, latents)), -1 + 0.5 * rng.standard_normal((samples, latents))
    z = mu + np.exp(logvar / 2) * rng.standard_normal((samples, latents))
    return tuple(torch.from_numpy(part).to(dtype) for part in (mu, logvar, z))


GOLDEN = {
    # Made by an independent program on posteriors(16, 6, 7); log-sums there are less log(NB), or none at all.
    "kl": 6.378069012555434,
    "mutual_information": 15.950060983399684,
    "total_correlation": 69.77939388020425,
    "dimension_wise_kl": -79.56426299521173,
    "total_correlation_without_constants": -11.637165339156084,
    "dip_vae_i": 58.588335460968615,
    "dip_vae_ii": 16.01342165249507,
}
N, B, L = 737_280, 16, 6


def test_parts_of_the_rate_agree_with_golden_values() -> None:
    parts = rate_parts(*posteriors(B, L, 7))
    shift = math.log(N)  # of each log-sum: ours is less log(B), theirs less log(NB), which they round to fp32
    expected = {
        "mutual_information": parts.minibatch_mutual_information_nats + shift,
        "total_correlation": parts.minibatch_total_correlation_nats + (L - 1) * shift,
        "dimension_wise_kl": parts.minibatch_dimension_wise_kl_nats - L * shift,
    }
    for name, value in expected.items():
        assert value.item() == pytest.approx(GOLDEN[name], abs=1e-6)
    without = parts.minibatch_total_correlation_nats - (L - 1) * math.log(B)
    assert without.item() == pytest.approx(GOLDEN["total_correlation_without_constants"], rel=1e-12)


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_parts_sum_to_the_sampled_rate(samples: int, latents: int, seed: int) -> None:
    mu, logvar, z = posteriors(samples, latents, seed)
    sampled = 0.5 * (z.square() - (z - mu).square() / logvar.exp() - logvar).sum(dim=1).mean()
    torch.testing.assert_close(sum(rate_parts(mu, logvar, z)), sampled)


def test_a_collapsed_posterior_has_no_information_and_no_total_correlation() -> None:
    nothing, z = torch.zeros(50, 4), torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    parts = rate_parts(nothing, nothing, z)
    for part in parts:
        assert part.item() == pytest.approx(0.0, abs=1e-5)


def gradients_of_total_correlation(mu: Tensor, logvar: Tensor, z: Tensor) -> list[Tensor]:
    stacked = total_correlation_gradients(mu[None], logvar[None], z[None], [mu.shape[1]])
    return [part[0] for part in stacked]


def test_one_latent_has_no_total_correlation() -> None:
    mu, logvar, z = posteriors(50, 1, 3)
    assert rate_parts(mu, logvar, z).minibatch_total_correlation_nats.item() == pytest.approx(0.0, abs=1e-12)
    for gradient in gradients_of_total_correlation(mu, logvar, z):
        assert gradient.abs().max().item() < 1e-9


def test_the_rate_of_the_golden_posteriors() -> None:
    mu, logvar, _ = posteriors(B, L, 7)
    assert rate(mu, logvar).sum(dim=1).mean().item() == pytest.approx(GOLDEN["kl"], rel=1e-12)


@pytest.mark.parametrize("loss", ["dip_vae_i", "dip_vae_ii"])
def test_distances_of_the_covariance_agree_with_golden_values(loss: str) -> None:
    mu, logvar, _ = posteriors(B, L, 7)
    assert 2.0 * covariance_nats(loss, mu[None], logvar[None]).item() == pytest.approx(GOLDEN[loss], rel=1e-12)


@pytest.mark.parametrize(
    ("step", "golden"),
    [(0, 6378.069012555434), (1_000, 6128.069012555434), (50_000, 6121.930987444566), (300_000, 18621.930987444564)],
)
def test_the_price_of_the_capacity_agrees_with_golden_values(step: int, golden: float) -> None:
    capacity = 25.0 * ANNEALING.at(step / 300_000)
    nothing, rates = np.zeros(1), np.array([GOLDEN["kl"]])
    assert trained_loss("annealed_vae", "vae", 1000.0, capacity, rates, nothing).item() == pytest.approx(golden)


def by_autograd(value: Callable[..., Tensor], mu: Tensor, logvar: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    leaves = [part.clone().requires_grad_() for part in (mu, logvar, z)]
    (len(mu) * value(*leaves)).backward()
    return tuple(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves)


@pytest.mark.parametrize("samples", [1, 2, 31, 32, 100])
@pytest.mark.parametrize("latents", [1, 5])
def test_gradients_of_total_correlation_are_those_of_autograd(samples: int, latents: int) -> None:
    given = posteriors(samples, latents, 11)
    expected = by_autograd(lambda *parts: rate_parts(*parts).minibatch_total_correlation_nats, *given)
    for found, wanted in zip(gradients_of_total_correlation(*given), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_pairs_that_are_summed_some_at_a_time_sum_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given = posteriors(100, 5, 11)
    whole = gradients_of_total_correlation(*given)
    monkeypatch.setitem(PAIRS_AT_ONCE, "cpu", 1)
    for found, wanted in zip(gradients_of_total_correlation(*given), whole, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sigma", [1.0, 0.1, 0.01])
def test_gradients_of_total_correlation_hold_in_single_precision(sigma: float) -> None:
    mu, logvar, z = posteriors(128, 10, 5)
    logvar = torch.full_like(logvar, 2 * math.log(sigma))
    z = mu + sigma * (z - mu)
    exact = gradients_of_total_correlation(mu, logvar, z)
    single = gradients_of_total_correlation(*(part.float() for part in (mu, logvar, z)))
    for found, wanted in zip(single, exact, strict=True):
        scale = wanted.abs().max()
        assert ((found.double() - wanted).abs() / scale).max() < 2e-2


@pytest.mark.parametrize("loss", ["dip_vae_i", "dip_vae_ii"])
def test_gradients_of_the_covariance_are_those_of_autograd(loss: str) -> None:
    given = posteriors(20, 5, 13)
    expected = by_autograd(lambda mu, logvar, z: covariance_nats(loss, mu[None], logvar[None])[0], *given)
    stacked = covariance_gradients(loss, *(part.unsqueeze(0) for part in given[:2]))
    for found, wanted in zip(stacked, expected, strict=True):
        torch.testing.assert_close(found[0], wanted, rtol=1e-10, atol=1e-10)


def test_whitened_means_have_no_distance() -> None:
    mu, logvar, _ = posteriors(50, 4, 2)
    centred = mu - mu.mean(dim=0)
    root = torch.linalg.cholesky(centred.T @ centred / len(mu))
    white = torch.linalg.solve_triangular(root, centred.T, upper=False).T
    assert covariance_nats("dip_vae_i", white[None], logvar[None]).item() == pytest.approx(0.0, abs=1e-20)
