"""Seconds of one coverage table: every measure between the codes of one run and one prior, without its floor.

    python -m benchmarks.coverage [--threads N]

10,000 codes of test images, 10,000 of training images and 10,000 draws in 32 dimensions, in clusters that the prior
N(0, I) does not have. CPU seconds are summed over threads; one round. A sweep takes at most
`analysis.coverage.table.SAMPLES` on either side. The network is left out: decoding and encoding 2,000 draws.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.coverage.priors import fit_priors
from analysis.coverage.table import Codes, compare
from benchmarks.table import options, show

T = TypeVar("T")
CODES = 10_000
LATENT = 32
CLUSTERS = 10


def main() -> None:
    """Print the seconds, and under them the measures."""
    parser = options(__doc__)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLUSTERS, LATENT))
    parts = [
        (0.7 * centres[rng.integers(CLUSTERS, size=CODES)] + 0.7 * rng.standard_normal((CODES, LATENT))).astype(
            "float32"
        )
        for _ in range(3)
    ]
    codes = Codes(parts[0], parts[1], parts[2], parts[0], np.full((CODES, LATENT), -1.0))
    with threadpool_limits(arguments.threads):
        priors, fitting = _timed("fit of three priors", lambda: fit_priors(codes.known))
        draws = priors["raw"].sample(CODES, rng)
        values, comparing = _timed("one table, N(0, I)", lambda: compare(draws, priors["raw"], codes))
    notes = [f"{arguments.threads} thread(s)", *(f"{name} {value:.4g}" for name, value in values.items())]
    show([fitting, comparing], notes, arguments.json)


def _timed(name: str, work: Callable[[], T]) -> tuple[T, dict[str, object]]:
    cpu, clock = time.process_time(), time.perf_counter()
    result = work()
    return result, {"work": name, "cpu_seconds": time.process_time() - cpu, "seconds": time.perf_counter() - clock}


if __name__ == "__main__":
    main()
