"""Ten deterministic problems for disentanglement scores, and three "models" for UDR; numpy only.

The golden numbers of `golden/metrics.json` belong to these arrays, so every draw stays in this order: factors of the
train rows, noise of the train rows, factors of the test rows, noise of the test rows, from one generator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

SMALL = (4, 3, 5)
DSPRITES = (3, 6, 40, 32, 32)
"""Shape, scale, orientation, x, y."""


class Arrays(NamedTuple):
    codes: np.ndarray
    factors: np.ndarray
    codes_test: np.ndarray
    factors_test: np.ndarray


@dataclass(frozen=True)
class Problem:
    sizes: tuple[int, ...]
    encode: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    seed: int
    noisy: bool

    @property
    def rows(self) -> tuple[int, int]:
        """Train and test rows."""
        return (2000, 1000) if self.sizes == SMALL else (10_000, 5_000)


@cache
def make_arrays(name: str) -> Arrays:
    problem = PROBLEMS[name]
    rng = np.random.default_rng(problem.seed)
    blocks = []
    for rows in problem.rows:
        factors = draw_factors(problem.sizes, rows, rng)
        blocks += [problem.encode(factors, rng), factors]
    return Arrays(*blocks)


@lru_cache(maxsize=1)
def make_grid(name: str, repeats: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """Codes of the whole factor grid with a last axis of `repeats` draws of the noise."""
    problem = PROBLEMS[name]
    sizes = (*problem.sizes, repeats)
    points = np.column_stack(np.unravel_index(np.arange(np.prod(sizes)), sizes))
    return problem.encode(points[:, :-1], np.random.default_rng(5)), sizes


def draw_factors(sizes: tuple[int, ...], rows: int, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([rng.integers(0, size, size=rows) for size in sizes])


def standardised(factors: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Zero mean and unit variance under the uniform law."""
    size = np.array(sizes, dtype=np.float64)
    scaled: np.ndarray = (factors - (size - 1.0) / 2.0) / np.sqrt((size * size - 1.0) / 12.0)
    return scaled


def rotation(key: int) -> np.ndarray:
    orthogonal, upper = np.linalg.qr(np.random.default_rng(1000 + key).standard_normal((3, 3)))
    turned: np.ndarray = orthogonal * np.sign(np.diag(upper))
    return turned


def make_udr_models() -> tuple[list[np.ndarray], np.ndarray]:
    """A model, its permuted, flipped and rescaled twin, and a rotated one, on the same images; KL of each code."""
    z = standardised(draw_factors(SMALL, 1000, np.random.default_rng(77)), SMALL)
    noise = 0.1 * np.random.default_rng(78).standard_normal((3, 1000, 5))
    dead = np.zeros((1000, 1))
    codes = [
        np.hstack([z, dead, dead]),
        np.hstack([-z[:, [1]], dead, 3.0 * z[:, [2]], z[:, [0]], dead]),
        np.hstack([z @ rotation(4), dead, dead]),
    ]
    kl = np.array([[2.0, 1.5, 2.2, 0.001, 0.002], [1.5, 0.001, 2.2, 2.0, 0.002], [2.0, 1.9, 1.8, 0.003, 0.001]])
    return [clean + extra for clean, extra in zip(codes, noise, strict=True)], kl


def _small(factors: np.ndarray) -> np.ndarray:
    return standardised(factors, SMALL)


def _dead_dims(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three live codes, two exact constants (one not zero), one collapsed to a deviation of 0.01."""
    live = _small(factors) + 0.1 * rng.standard_normal(factors.shape)
    rows = len(factors)
    return np.column_stack([live, np.full(rows, 0.7), np.zeros(rows), 1e-2 * rng.standard_normal(rows)])


def _heavy_tail(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Aligned axes seen through sinh: equal-width bins waste themselves on the tails."""
    tails: np.ndarray = np.sinh(2.0 * (_small(factors) + 0.1 * rng.standard_normal(factors.shape)))
    return tails


def _tanh_mix(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ten codes that all depend on all factors."""
    hidden = standardised(factors, DSPRITES) @ np.random.default_rng(1003).standard_normal((5, 10))
    mixed: np.ndarray = np.tanh(hidden) + 0.05 * rng.standard_normal((len(factors), 10))
    return mixed


def _vae_like(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """x and y turned by 20 degrees, scale clean, orientation on two codes by the shape's symmetry, five dead codes."""
    shape, scale, _, x, y = standardised(factors, DSPRITES).T
    turn = np.deg2rad(20.0)
    symmetry = np.array([4.0, 2.0, 1.0])[factors[:, 0]]
    angle = 2.0 * np.pi * symmetry * factors[:, 2] / 40.0
    noise = rng.standard_normal((len(factors), 10))
    live = np.column_stack(
        [
            np.cos(turn) * x - np.sin(turn) * y,
            np.sin(turn) * x + np.cos(turn) * y,
            scale + 0.3 * shape,
            np.cos(angle) + 0.4 * shape,
            np.sin(angle),
        ]
    )
    return np.column_stack([live + 0.1 * noise[:, :5], 0.01 * noise[:, 5:]])


PROBLEMS: dict[str, Problem] = {
    "identity": Problem(SMALL, lambda y, rng: y.astype(np.float64), 11, noisy=False),
    "rotated": Problem(SMALL, lambda y, rng: _small(y) @ rotation(1), 13, noisy=False),
    "noisy": Problem(SMALL, lambda y, rng: _small(y) + 0.3 * rng.standard_normal(y.shape), 14, noisy=True),
    "dead_dims": Problem(SMALL, _dead_dims, 15, noisy=True),
    "duplicated_exact": Problem(SMALL, lambda y, rng: np.hstack([_small(y)] * 2), 18, noisy=False),
    "random_codes": Problem(SMALL, lambda y, rng: rng.standard_normal((len(y), 5)), 19, noisy=True),
    "heavy_tail": Problem(SMALL, _heavy_tail, 21, noisy=True),
    "ds_identity": Problem(DSPRITES, lambda y, rng: standardised(y, DSPRITES), 31, noisy=False),
    "ds_tanh_mix": Problem(DSPRITES, _tanh_mix, 33, noisy=True),
    "ds_vae_like": Problem(DSPRITES, _vae_like, 34, noisy=True),
}
