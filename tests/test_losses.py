"""Rate and distortion against torch.distributions, closed forms and their own derivatives."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae.config import LIKELIHOODS
from vae.errors import ConfigError
from vae.losses import LIKELIHOOD, distortion, log_normaliser, rate
from vae.networks.memory import Kept

finite = st.floats(-30, 30)


@given(st.lists(st.tuples(finite, st.floats(-20, 20)), min_size=1, max_size=8))
def test_rate_is_the_kl_of_torch_distributions(pairs: list[tuple[float, float]]) -> None:
    mu, logvar = torch.tensor(pairs, dtype=torch.float64).T
    posterior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(rate(mu, logvar), expected, rtol=1e-9, atol=1e-9)


def test_rate_keeps_the_latent_axis_and_distortion_the_sample_axis() -> None:
    assert rate(torch.zeros(5, 3), torch.zeros(5, 3)).shape == (5, 3)
    assert distortion(torch.zeros(5, 7), torch.zeros(5, 7)).shape == (5,)


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
@given(logit=st.floats(-80, 80))
def test_bernoulli_is_the_cross_entropy(x: float, logit: float) -> None:
    logits = torch.tensor([[logit]], dtype=torch.float64)
    if_dark = math.log1p(math.exp(-abs(logit))) + max(logit, 0.0)
    expected = x * math.log1p(math.exp(-logit)) + (1 - x) * if_dark
    assert distortion(torch.tensor([[x]], dtype=torch.float64), logits).item() == pytest.approx(
        expected, rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("logit", [-1e4, -200.0, -8.0, -0.5, -0.4, -1e-3, 0.0, 1e-6, 0.1, 0.49999, 0.50001, 7.0, 1e4])
def test_continuous_bernoulli_integrates_to_one(logit: float) -> None:
    """Against the integral of exp(l x - softplus(l)) over [0, 1], which is (exp(l) - 1) / l exp(-softplus(l))."""
    got = log_normaliser(torch.tensor(logit, dtype=torch.float64)).item()
    softplus = max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))
    size = abs(logit)
    log_integral = math.log(-math.expm1(-size) / size) + max(logit, 0.0) if size else 0.0
    assert got == pytest.approx(softplus - log_integral, abs=1e-8)


def test_continuous_bernoulli_agrees_with_torch_distributions() -> None:
    logits = torch.linspace(-15, 15, 41, dtype=torch.float64)[:, None]
    x = torch.rand(41, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = -torch.distributions.ContinuousBernoulli(logits=logits).log_prob(x).sum(1)
    torch.testing.assert_close(distortion(x, logits, "continuous_bernoulli"), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_has_its_log_normaliser(sigma: float) -> None:
    generator = torch.Generator().manual_seed(1)
    x, mean = torch.randn(2, 6, 4, dtype=torch.float64, generator=generator)
    expected = -torch.distributions.Normal(mean, sigma).log_prob(x).sum(1)
    torch.testing.assert_close(distortion(x, mean, "gaussian", math.log(sigma)), expected)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_written_gradient_is_autograds(likelihood: str) -> None:
    output = torch.cat([torch.linspace(-60, 60, 241), torch.tensor([0.0, 1e-5, -1e-5])]).double().requires_grad_()
    x = torch.rand(output.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    chosen = LIKELIHOOD[likelihood]
    (expected,) = torch.autograd.grad(chosen.negative_log_probability(x, output, 0.3).sum(), output)
    torch.testing.assert_close(chosen.gradient(x, output.detach().clone(), 0.3), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("size", [1e3, 1e6])
def test_nothing_is_clamped_and_all_is_finite(likelihood: str, size: float) -> None:
    outputs = torch.tensor([[-size, size]])
    for x in (0.0, 0.5, 1.0):
        nats = distortion(torch.full((1, 2), x), outputs, likelihood)
        assert torch.isfinite(nats).all()
        assert torch.isfinite(LIKELIHOOD[likelihood].gradient(torch.full((1, 2), x), outputs.clone(), 0.0)).all()
    wrong = distortion(torch.tensor([[1.0, 0.0]]), outputs, likelihood)
    assert wrong.item() >= size


def test_the_mean_of_the_continuous_bernoulli() -> None:
    logits = torch.tensor([-9.0, -0.2, 0.0, 0.3, 9.0], dtype=torch.float64)
    expected = torch.distributions.ContinuousBernoulli(logits=logits).mean
    torch.testing.assert_close(LIKELIHOOD["continuous_bernoulli"].mean(logits), expected, rtol=1e-4, atol=1e-4)


def test_an_unknown_likelihood_is_refused() -> None:
    with pytest.raises(ConfigError, match="likelihood must be one of bernoulli, .*, got 'poisson'"):
        distortion(torch.zeros(1, 1), torch.zeros(1, 1), "poisson")


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("pixels", [35, 64])
def test_distortion_and_gradient_together_are_those_apart_and_nothing_where_padded(
    likelihood: str, pixels: int
) -> None:
    """Also where every pixel is as far from its grey as logits of 100 are."""
    random, chosen = torch.Generator().manual_seed(0), LIKELIHOOD[likelihood]
    x, output = torch.zeros(1, 6, 64), torch.zeros(2, 6, 64)
    x[..., :pixels] = torch.rand(1, 6, pixels, generator=random)
    scales = torch.tensor([1e-3, 1.0, 5.0, 20.0, 100.0, 100.0]).view(1, -1, 1)
    output[..., :pixels] = scales * torch.randn(2, 6, pixels, generator=random)
    output[:, -1, :pixels] = -100.0
    exact = chosen.negative_log_probability(x.double(), output.double(), 0.3)[..., :pixels].sum(dim=2)
    slope = chosen.gradient(x, output.clone(), 0.3)
    nats, gradient = chosen.distortion_and_gradient(x, output, 0.3, pixels, Kept())
    torch.testing.assert_close(nats.double(), exact, rtol=2e-6, atol=2e-5)
    torch.testing.assert_close(gradient[..., :pixels], slope[..., :pixels], rtol=1e-6, atol=1e-7)
    assert not gradient[..., pixels:].any()


def test_a_logit_that_is_no_number_makes_its_own_samples_distortion_none() -> None:
    output = torch.zeros(1, 2, 32)
    output[0, 0, 5] = torch.nan
    nats, gradient = LIKELIHOOD["bernoulli"].distortion_and_gradient(torch.zeros(1, 2, 32), output, 0.0, 32)
    assert nats.isnan().tolist() == [[True, False]]
    assert int(gradient.isnan().sum()) == 1
