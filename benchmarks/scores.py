"""Seconds of every disentanglement score against the reference's, on one thread and from one run.

    python -m benchmarks.scores

10,000 train and 5,000 test rows of 10 codes, all mixed from dSprites' five factors; values only (no floor, no
bootstrap). Seconds are CPU seconds, the median of three rounds; each score alone pays for its own information matrix
or fit, the line "together" shares them. The reference is google-research/disentanglement_lib (86a644d) on
scikit-learn 1.9.1, measured once elsewhere on one thread with an encoder that costs nothing; its DCI is gradient
boosting, extrapolated.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from analysis.metrics import METRICS, beta_vae, factor_vae, score_all, udr
from benchmarks.clock import cpu_seconds
from benchmarks.table import options, show

ROUNDS = 3
SIZES = (3, 6, 40, 32, 32)
REFERENCE_SECONDS = {
    "mig": 0.1814,
    "modularity": 0.1661,
    "explicitness": 1.2921,
    "sap": 1.0737,
    "sap_r2": 0.0052,
    "irs": 0.0286,
    "gaussian_total_correlation": 0.3586,
    "factor_vae": 2.367,
    "beta_vae": 3.9319,
    "factor_vae, grid": 2.367,
    "beta_vae, grid": 3.9319,
    "dci, forest": 368.1,
}
"""`gaussian_total_correlation` with its two sisters; BetaVAE and FactorVAE without 2.9 million encoder calls."""
DCI = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
INFOMEC = ("infom", "infoe", "infoc")


def main() -> None:
    """Print the table."""
    arguments = options(__doc__).parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((len(SIZES), 10))
    train, test = (np.column_stack([rng.integers(size, size=rows) for size in SIZES]) for rows in (10_000, 5_000))
    grid = np.column_stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES))
    codes, codes_test, table = (_codes(factors, mixing, rng) for factors in (train, test, grid))
    single = [name for name, metric in METRICS.items() if metric.needs != "runs" and name not in DCI]
    rest = [name for name in single if name not in INFOMEC]
    kl = np.ones(10)
    works: dict[str, Callable[[], object]] = {
        name: lambda name=name: METRICS[name](codes, train, codes_test, test)  # type: ignore[misc]
        for name in single
    }
    works |= {
        "beta_vae, grid": lambda: beta_vae(table, SIZES),
        "factor_vae, grid": lambda: factor_vae(table, SIZES),
        "udr, 3 runs x 1,000": lambda: udr([codes[:1000], codes[:1000] ** 3, codes_test[:1000]], [kl, kl, kl]),
        "dci, forest": lambda: score_all(DCI, codes, train, codes_test, test),
        "together, no DCI, no InfoMEC": lambda: score_all(rest, codes, train, codes_test, test),
    }
    with threadpool_limits(1):
        rows = [_row(name, cpu_seconds(work, ROUNDS)) for name, work in works.items()]
    show(rows, json_file=arguments.json)


def _codes(factors: np.ndarray, mixing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One random tanh layer of the standardised factors, and noise."""
    sizes = np.array(SIZES)
    standard = (factors - (sizes - 1) / 2) / np.sqrt((sizes**2 - 1) / 12)
    codes: np.ndarray = np.tanh(standard @ mixing) + 0.05 * rng.standard_normal((len(factors), mixing.shape[1]))
    return codes


def _row(name: str, seconds: float) -> dict[str, object]:
    reference = REFERENCE_SECONDS.get(name, math.nan)
    return {"score": name, "seconds": seconds, "reference_seconds": reference, "ratio": reference / seconds}


if __name__ == "__main__":
    main()
