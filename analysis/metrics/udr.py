"""UDR: do runs of the same model find the same codes? It needs no factors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.inputs import make_sample
from analysis.metrics.result import Score, listed, warn
from vae.errors import ConfigError

LASSO_ALPHA = 0.1
LEAST_KL = 0.01
"""In nats: a code with less takes no part."""


def udr(
    codes_by_run: Sequence[ArrayLike] | np.ndarray,
    kl_by_run: Sequence[ArrayLike] | np.ndarray,
    *,
    method: str = "lasso",
) -> Score:
    """Return the mean over runs of the median similarity, in [0, 1], of a run's codes to each other run's.

    Codes (sample, latent) are those of the same images in every run, KL (latent,) is in nats per image; the runs'
    own scores are `details["by_run"]`. `method` is `lasso` (|coefficients| at alpha 0.1) or `spearman` (|rank
    correlation|). A run without a code of KL > 0.01 scores 0. Duan et al. 2020, arXiv 1905.12614.
    """
    if method not in ("lasso", "spearman"):
        raise ConfigError(f"method must be lasso or spearman, got {method!r}")
    runs = _active_codes(codes_by_run, kl_by_run)
    similarity = _lasso if method == "lasso" else _spearman
    pairs = np.zeros((len(runs), len(runs)))
    for first, codes in enumerate(runs):
        for second, others in enumerate(runs):
            if first != second and codes.shape[1] and others.shape[1]:
                pairs[first, second] = _relative_strength(similarity(codes, others))
    by_run = np.array([np.median(np.delete(column, run)) for run, column in enumerate(pairs.T)])
    details = {"method": method, "by_run": by_run.tolist(), "pairs": pairs.tolist()}
    return Score(value=float(by_run.mean()), samples=len(runs[0]), details=details)


def _active_codes(
    codes_by_run: Sequence[ArrayLike] | np.ndarray, kl_by_run: Sequence[ArrayLike] | np.ndarray
) -> list[np.ndarray]:
    if len(codes_by_run) < 2 or len(codes_by_run) != len(kl_by_run):
        raise ConfigError(
            f"udr needs the codes and KL of two runs or more, got {len(codes_by_run)} and {len(kl_by_run)}"
        )
    active = [_active(run, codes, kl) for run, (codes, kl) in enumerate(zip(codes_by_run, kl_by_run, strict=True))]
    if len({len(codes) for codes in active}) > 1:
        raise ConfigError(f"runs must have seen the same images, got {[len(codes) for codes in active]} samples")
    return active


def _active(run: int, codes: ArrayLike, kl: ArrayLike) -> np.ndarray:
    """Standardised codes of enough KL; a constant code has none, whatever is said of it."""
    try:
        checked = make_sample(codes).codes
    except ConfigError as error:
        raise ConfigError(f"run {run}: {error}") from error
    nats = np.asarray(kl, dtype=np.float64)
    if nats.shape != checked.shape[1:]:
        raise ConfigError(f"KL must have a number for each of {checked.shape[1]} codes, got shape {nats.shape}")
    if np.isnan(nats).any():
        raise ConfigError(f"KL must be numbers, got NaN for codes {listed(np.isnan(nats))} of run {run}")
    kept = checked[:, (nats > LEAST_KL) & (np.ptp(checked, axis=0) > 0)]
    if not kept.shape[1]:
        warn(f"run {run} has no code of KL > {LEAST_KL} nats and scores 0")
    scaled: np.ndarray = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    return scaled


def _lasso(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import Lasso

    weights: np.ndarray = Lasso(alpha=LASSO_ALPHA).fit(codes, others).coef_.reshape(others.shape[1], -1)
    strength: np.ndarray = np.abs(weights.T)
    return strength


def _spearman(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    ranks = [rankdata(block, axis=0) for block in (codes, others)]
    scaled = [(rank - rank.mean(axis=0)) / rank.std(axis=0) for rank in ranks]
    correlation: np.ndarray = np.abs(scaled[0].T @ scaled[1] / len(codes))
    return correlation


def _relative_strength(similarity: np.ndarray) -> float:
    """Mean over codes of (largest^2 / sum), of rows and of columns, averaged; 0 for an empty row."""
    means = []
    for table in (similarity, similarity.T):
        total = table.sum(axis=1)
        means.append(np.divide(table.max(axis=1) ** 2, total, out=np.zeros_like(total), where=total > 0).mean())
    return float(np.mean(means))
