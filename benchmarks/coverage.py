"""Seconds of one coverage table: every measure between the codes of one run and one prior, without its floor.

    python -m benchmarks.coverage [THREADS]

10,000 codes of test images, 10,000 of training images and 10,000 draws in 32 dimensions, in clusters that the prior
N(0, I) does not have. Seconds are CPU seconds summed over threads, and what the clock says; one round. A sweep takes at
most `analysis.coverage.table.SAMPLES` on either side. The network is left out: decoding and encoding 2,000 draws.
"""

import os
import sys

os.environ["OMP_NUM_THREADS"] = sys.argv[1] if len(sys.argv) > 1 else "1"  # before anything loads a BLAS

import time

import numpy as np

from analysis.coverage.priors import fit_priors
from analysis.coverage.table import Codes, compare
from benchmarks.machine import describe_machine

CODES = 10_000
LATENT = 32
CLUSTERS = 10


def main() -> None:
    """Print the table and how long it took."""
    print(describe_machine(), f"{os.environ['OMP_NUM_THREADS']} thread(s)")
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLUSTERS, LATENT))
    parts = [
        (0.7 * centres[rng.integers(CLUSTERS, size=CODES)] + 0.7 * rng.standard_normal((CODES, LATENT))).astype(
            "float32"
        )
        for _ in range(3)
    ]
    codes = Codes(parts[0], parts[1], parts[2], parts[0], np.full((CODES, LATENT), -1.0))
    start, clock = time.process_time(), time.perf_counter()
    priors = fit_priors(codes.known)
    print(f"{'fit of three priors':30}{time.process_time() - start:9.2f} s CPU{time.perf_counter() - clock:9.2f} s")
    draws = priors["raw"].sample(CODES, rng)
    start, clock = time.process_time(), time.perf_counter()
    values = compare(draws, priors["raw"], codes)
    print(f"{'one table, N(0, I)':30}{time.process_time() - start:9.2f} s CPU{time.perf_counter() - clock:9.2f} s")
    for name, value in values.items():
        print(f"{name:30}{value:9.4f}")


if __name__ == "__main__":
    main()
