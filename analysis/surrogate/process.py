"""A Gaussian process whose kernel is not taken for known: an average over several that explain the values."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.arrays import Float64

KERNELS = 16
"""A power of two, for a net of Sobol's."""
FITTED, MOST = 100, 256
"""Points by which kernels are chosen, and points that the process is conditioned on: beyond them a sample."""
LEVEL_VARIANCE = 4.0
"""Of the process's level, in variances of the values: their mean is not taken for known either."""
PRIOR = {"amplitude": (0.0, 1.5), "length": (0.0, 1.0), "residual": (np.log(1e-3), 2.0)}
"""Mean and standard deviation of the logarithm: a variance of that of the values, lengths of the cube's, and what
parameters do not explain."""
BOUNDS = {"amplitude": (1e-2, 1e2), "length": (0.05, 50.0), "residual": (1e-6, 1.0)}
JITTERS = 10.0 ** np.arange(-8, 0)
"""Of a mean variance, added to all, until rounding leaves none negative."""
DECIMALS = 2
"""Of the logarithms: sums in another order end a search a little beside, and are not to be seen in any number."""
STEP = 1e-2
"""Of the logarithms, for the curvature by differences."""


@dataclass(frozen=True, eq=False)
class Process:
    """The posterior of a function of the cube; standardised values, one member a kernel."""

    points: Float64
    """(point, coordinate)."""
    kernels: tuple[Any, ...]
    """Of the function itself, without residual and noise."""
    inverses: Float64
    """(kernel, point, point): of the covariance of the values."""
    coefficients: Float64
    """(kernel, point): that, times the values."""
    weights: Float64
    """(kernel,): how well each explains the values; their sum is 1."""

    def predict(self, places: Float64) -> tuple[Float64, Float64]:
        """Return mean and standard deviation of the function at places (place, coordinate), each (place,)."""
        return self._mixed(lambda kernel: (kernel(self.points, places), kernel.diag(places)[0]))

    def predict_average(self, places: Float64) -> tuple[Float64, Float64]:
        """Return mean and standard deviation of the function's average over each group of places, each (group,).

        `places` is (group, member, coordinate). All groups must be one group shifted, as in a partial dependence: the
        prior knows differences alone, and its variance is then the same in all.
        """
        groups, members, coordinates = places.shape
        flat = places.reshape(-1, coordinates)

        def covariances(kernel: Any) -> tuple[Float64, float]:
            cross = kernel(self.points, flat).reshape(len(self.points), groups, members).mean(axis=2)
            return cross, float(kernel(places[0]).mean())

        return self._mixed(covariances)

    def left_out(self) -> tuple[Float64, Float64]:
        """Return mean and standard deviation that the other points predict of each value, noise included, (point,).

        In closed form with kernels as they are (Rasmussen & Williams 2006, equations 5.10 to 5.12), as differences
        from the values: 0 is where the value lies.
        """
        variances = 1 / np.diagonal(self.inverses, axis1=1, axis2=2)
        return _mixture(self.coefficients * variances, variances, self.weights)

    def draws(self, places: Float64, count: int, rng: np.random.Generator) -> Float64:
        """Return `count` draws of the function at places, (draw, place)."""
        chosen = np.sort(rng.choice(len(self.kernels), size=count, p=self.weights))
        parts = []
        for index in np.unique(chosen):
            kernel, times = self.kernels[index], int((chosen == index).sum())
            cross = kernel(self.points, places)
            covariance = kernel(places) - cross.T @ self.inverses[index] @ cross
            root = _root(covariance)
            mean = self.coefficients[index] @ cross
            parts.append(mean + rng.standard_normal((times, len(places))) @ root.T)
        return np.concatenate(parts)

    def _mixed(self, covariances: Callable[[Any], tuple[Float64, float]]) -> tuple[Float64, Float64]:
        means, variances = [], []
        for kernel, inverse, coefficients in zip(self.kernels, self.inverses, self.coefficients, strict=True):
            cross, own = covariances(kernel)
            means.append(coefficients @ cross)
            variances.append(own - np.einsum("pq,pq->q", cross, inverse @ cross))
        return _mixture(np.array(means), np.array(variances), self.weights)


def fit(points: Float64, values: Float64, noise: Float64) -> Process:
    """Return the process of values (point,), standardised, with known noise variances (point,), at points of a cube.

    A Matern kernel of smoothness 5/2 with a length for each coordinate, a level, and a residual. Kernels are drawn from
    Laplace's approximation about the most probable one, and weighted by what they explain (importance sampling), for
    with a few dozen points a single one makes intervals too narrow. No generator is used: the draws are Sobol's net.
    """
    chosen = sampled(len(points), MOST)
    points, values, noise = points[chosen], values[chosen], noise[chosen]
    few = sampled(len(points), FITTED)
    thetas, weights, kernel = _kernels(points[few], values[few], noise[few])
    wholes = [kernel.clone_with_theta(theta) for theta in thetas]
    inverses = np.array([np.linalg.inv(whole(points) + np.diag(noise)) for whole in wholes])
    of_function = tuple(whole.k1 for whole in wholes)
    return Process(points, of_function, inverses, inverses @ values, weights)


def sampled(count: int, most: int) -> np.ndarray:
    """Return the places of `count` rows, or of so many of them, drawn: every other one of a grid would be a pattern."""
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(count, size=min(count, most), replace=False))


def _kernels(points: Float64, values: Float64, noise: Float64) -> tuple[Float64, Float64, Any]:
    """Draw logarithms of hyperparameters, (kernel, hyperparameter), with their weights; and the kernel they are of."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    kernel, centre, spread = _prior(points.shape[1])
    process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(points, values)
    bounds = kernel.bounds

    def cost(theta: Float64) -> tuple[float, Float64]:
        likelihood, slope = process.log_marginal_likelihood(theta, eval_gradient=True, clone_kernel=False)
        away = (theta - centre) / spread
        return float(away @ away / 2 - likelihood), away / spread - slope

    limits = optimize.Bounds(bounds[:, 0], bounds[:, 1])
    found = optimize.minimize(cost, centre, jac=True, bounds=limits, method="L-BFGS-B", options={"ftol": 1e-12})
    best = np.round(found.x, DECIMALS)
    steps = STEP * np.eye(len(best))
    curvature = np.array([cost(best + step)[1] - cost(best - step)[1] for step in steps]) / (2 * STEP)
    values_of, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    normal = stats.norm.ppf(stats.qmc.Sobol(len(best), seed=0).random(KERNELS))
    # No direction is wider than the prior makes it.
    root = (vectors / np.sqrt(np.maximum(values_of, 1 / spread.max() ** 2))) @ vectors.T
    thetas = best + normal @ root
    thetas = np.clip(thetas, bounds[:, 0], bounds[:, 1])
    logs = np.array([-cost(theta)[0] for theta in thetas]) + (normal**2).sum(axis=1) / 2
    weights = np.exp(logs - logs.max())
    return thetas, weights / weights.sum(), kernel


def _prior(coordinates: int) -> tuple[Any, Float64, Float64]:
    """The kernel, and mean and standard deviation of the logarithms of its hyperparameters, in its order."""
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    shape = ConstantKernel(1.0, BOUNDS["amplitude"]) * Matern(np.ones(coordinates), BOUNDS["length"], nu=2.5)
    kernel = shape + ConstantKernel(LEVEL_VARIANCE, "fixed") + WhiteKernel(1e-3, BOUNDS["residual"])
    prior = np.array([PRIOR["amplitude"], *[PRIOR["length"]] * coordinates, PRIOR["residual"]])
    return kernel, prior[:, 0], prior[:, 1]


def _root(covariance: Float64) -> Float64:
    """Return a triangular root of a covariance, (place, place), of which rounding may have made a variance negative."""
    size = len(covariance)
    for jitter in JITTERS * max(float(np.trace(covariance)) / size, float(np.finfo(float).tiny)):
        with suppress(np.linalg.LinAlgError):
            return np.linalg.cholesky(covariance + jitter * np.eye(size))
    return np.diag(np.sqrt(np.maximum(np.diagonal(covariance), 0.0)))


def _mixture(means: Float64, variances: Float64, weights: Float64) -> tuple[Float64, Float64]:
    """Mean and standard deviation of a mixture of normal laws, (kernel, ...) each."""
    mean = weights @ means
    variance = weights @ (np.maximum(variances, 0.0) + (means - mean) ** 2)
    return mean, np.sqrt(variance)
