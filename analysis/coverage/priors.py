"""Priors that a decoder can be fed with: N(0, I), and two that are fitted to codes afterwards."""

import warnings
from dataclasses import dataclass

import numpy as np

from analysis.arrays import Float64, Floating

PRIORS = ("raw", "moments", "mixture")
SPOKEN = {"raw": "N(0, I)", "moments": "its Gaussian", "mixture": "its Gaussian mixture"}
"""The PRIORS in a sentence on one autoencoder."""
COMPONENTS = 10
RIDGE = 1e-6
"""Share of the mean variance added to every variance: codes may lie on a plane."""


@dataclass(frozen=True)
class Prior:
    """A mixture of normal laws over codes; with one component it is normal."""

    weights: Float64
    """(component,), summing to 1."""
    means: Float64
    """(component, latent)."""
    covariances: Float64
    """(component, latent, latent), positive definite."""

    @property
    def is_normal(self) -> bool:
        """Whether it is one normal law."""
        return len(self.weights) == 1

    @property
    def mean(self) -> Float64:
        """Its mean, (latent,)."""
        return self.weights @ self.means

    @property
    def covariance(self) -> Float64:
        """Its covariance, (latent, latent)."""
        centred = self.means - self.mean
        between = np.einsum("k,ki,kj->ij", self.weights, centred, centred)
        return np.asarray(np.tensordot(self.weights, self.covariances, 1) + between)

    def sample(self, n: int, rng: np.random.Generator) -> Float64:
        """Return n draws, (n, latent)."""
        noise = rng.standard_normal((n, self.means.shape[1]))
        component = rng.choice(len(self.weights), n, p=self.weights)
        draws = self.means[component]
        for k, factor in enumerate(np.linalg.cholesky(self.covariances)):
            draws[component == k] += noise[component == k] @ factor.T
        return draws

    def log_density(self, codes: Floating) -> Float64:
        """Return the log-density of codes, (sample, latent), in nats, (sample,)."""
        from scipy.linalg import solve_triangular
        from scipy.special import logsumexp

        parts = []
        for mean, factor in zip(self.means, np.linalg.cholesky(self.covariances), strict=True):
            standard = solve_triangular(factor, (codes - mean).T, lower=True)
            normaliser = np.log(np.diag(factor)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
            parts.append(-0.5 * np.sum(standard**2, axis=0) - normaliser)
        with np.errstate(divide="ignore"):  # a component may have lost all its weight
            return np.asarray(logsumexp(np.stack(parts, axis=1) + np.log(self.weights), axis=1))


def fit_priors(codes: Floating, seed: int = 0) -> dict[str, Prior]:
    """Return the PRIORS for codes, (sample, latent): N(0, I), their own normal law, and a mixture of 10.

    Fitting a prior after training, so that an autoencoder's arbitrary scale is not taken for a lack of coverage,
    follows Ghosh et al. 2020, https://arxiv.org/abs/1903.12436, section 4.
    """
    points: Float64 = np.asarray(codes, np.float64)
    latent = points.shape[1]
    moments = Prior(np.ones(1), points.mean(axis=0)[None], regular_covariance(points)[None])
    standard = Prior(np.ones(1), np.zeros((1, latent)), np.eye(latent)[None])
    return dict(zip(PRIORS, (standard, moments, _fit_mixture(points, seed)), strict=True))


def regular_covariance(codes: Floating) -> Float64:
    """Return the covariance of codes with RIDGE on its diagonal, (latent, latent)."""
    covariance = np.atleast_2d(np.cov(codes, rowvar=False))
    latent = len(covariance)
    return np.asarray(covariance + RIDGE * (np.trace(covariance) / latent or 1.0) * np.eye(latent))


def _fit_mixture(codes: Float64, seed: int) -> Prior:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    scale = float(np.sqrt(codes.var(axis=0).mean())) or 1.0
    components = min(COMPONENTS, len(np.unique(codes, axis=0)))
    mixture = GaussianMixture(components, reg_covar=RIDGE, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 100 rounds of EM are a prior as good as any
        mixture.fit((codes - codes.mean(axis=0)) / scale)
    weights = mixture.weights_ / mixture.weights_.sum()
    return Prior(weights, mixture.means_ * scale + codes.mean(axis=0), mixture.covariances_ * scale**2)
