"""The zero-rate zero-rate point: what a constant decoder reaches."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from vae.errors import ConfigError
from vae.losses import LIKELIHOOD, distortion
from vae.zero_rate import continuous_bernoulli_logits, zero_rate_distortion_nats


@pytest.fixture(scope="module")
def splits() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((60, 3, 2)) ** 2, rng.random((40, 3, 2))


def test_bernoulli_pixels_cost_their_entropy() -> None:
    images = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    expected = -0.75 * np.log(0.75) - 0.25 * np.log(0.25) + np.log(2)
    assert zero_rate_distortion_nats(images, images) == pytest.approx(expected)


def test_a_pixel_that_never_changes_costs_no_infinity() -> None:
    train, test = np.zeros((50, 1)), np.ones((1, 1))
    assert zero_rate_distortion_nats(train, test) == pytest.approx(np.log(100))
    assert zero_rate_distortion_nats(train, train) == pytest.approx(-np.log(0.99))


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "gaussian"])
def test_no_constant_does_better_on_the_training_images(likelihood: str, splits: tuple[np.ndarray, np.ndarray]) -> None:
    train = splits[0].reshape(60, -1)
    sigma = 0.3

    def nats(output: float, pixel: int) -> float:
        outputs = torch.full((60, 1), output, dtype=torch.float64)
        x = torch.from_numpy(train[:, [pixel]])
        return float(distortion(x, outputs, likelihood, np.log(sigma)).mean())

    least = sum(minimize_scalar(nats, args=(pixel,), bracket=(-2, 1)).fun for pixel in range(6))
    assert zero_rate_distortion_nats(train, train, likelihood, sigma) == pytest.approx(least, rel=1e-6)


def test_a_learned_sigma_is_one_for_all_pixels(splits: tuple[np.ndarray, np.ndarray]) -> None:
    train, test = splits
    learned = zero_rate_distortion_nats(train, test, "gaussian")
    sigma = np.sqrt(np.square(train - train.mean(axis=0)).mean())
    assert learned == pytest.approx(zero_rate_distortion_nats(train, test, "gaussian", sigma))
    assert zero_rate_distortion_nats(train, train, "gaussian") == pytest.approx(
        6 * (0.5 * np.log(2 * np.pi * sigma**2) + 0.5)
    )


def test_logits_of_a_continuous_bernoulli_have_its_mean() -> None:
    means = np.array([1e-4, 0.1, 0.4999, 0.5, 0.50001, 0.9, 1 - 1e-4])
    logits = continuous_bernoulli_logits(means)
    np.testing.assert_allclose(
        LIKELIHOOD["continuous_bernoulli"].mean(torch.from_numpy(logits)).numpy(), means, atol=1e-7
    )


def test_what_has_no_zero_rate_point() -> None:
    images = np.zeros((2, 1))
    with pytest.raises(ConfigError, match="likelihood must be one of"):
        zero_rate_distortion_nats(images, images, "poisson")
    with pytest.raises(ConfigError, match="sigma must be above 0"):
        zero_rate_distortion_nats(images, images, "gaussian", 0.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.5, np.float32(0.3)])
def test_constant_images_have_no_end_point_under_a_learned_sigma(value: float) -> None:
    train, test = np.full((50, 2, 3), value, np.float32), np.full((7, 2, 3), value, np.float32)
    assert zero_rate_distortion_nats(train, test, "gaussian") == -np.inf
    assert zero_rate_distortion_nats(train, test + 0.25, "gaussian") == np.inf
    fixed = zero_rate_distortion_nats(train, test, "gaussian", 0.1)
    assert fixed == pytest.approx(3 * np.log(2 * np.pi * 0.01))


def test_almost_constant_images_have_their_own_variance() -> None:
    """A difference of squares would lose it."""
    train = np.full((5000, 1), 0.3, np.float32)
    train[::2] = np.nextafter(np.float32(0.3), np.float32(1))
    step = float(train[0, 0]) - float(train[1, 0])
    expected = 0.5 * (1 + np.log(2 * np.pi * (step / 2) ** 2))
    assert zero_rate_distortion_nats(train, train, "gaussian") == pytest.approx(expected, rel=1e-6)
