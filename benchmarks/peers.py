"""How fast the same runs train on one core: vaekit, the plain loop, pythae, torch.func and JAX, at equal quality.

    pip install -c constraints.txt -e '.[benchmarks]'
    python -m benchmarks.peers [--cases 64-128,784-400] [--sides vaekit,JAX]

The network has one hidden layer a side and 16 latents; 64-128 is 64 pixels and a hidden layer of 128. Images are
scikit-learn's digits, with 784 pixels enlarged threefold. Every side trains with Adam, fp32 and minibatches of 128,
the last, smaller one included, and from the same first weights for a seed. vaekit, torch.func and JAX see the
minibatches in the same order, and draw noise of their own.

Each side sits in a process of its own, with one thread for torch and XLA, bound to one core where the system can do
that; sides take turns. vaekit trains stacks of the size that a sweep plans; a peer that trains many runs together
tries a few numbers of runs and is measured at its best. What is timed goes from first weights, which peers are given
and vaekit draws, to the last, each side's own preparation included, without validation; start and compilation are told
beside. Quality is the validation ELBO of each run, paired by seed.
"""

import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.quality import equality
from benchmarks.seat import ENVIRONMENT, Seat, cores
from benchmarks.sides import SIDES, Case, Missing
from benchmarks.table import options, show
from sweeps.coordination.machine import machine_here
from sweeps.engines.worker import WORKER_ENVIRONMENT
from vae.minibatches import steps_an_epoch

OURS = "vaekit"
CASES = {
    "64-64": Case(64, 64, 20, (8, 16, 32)),
    "64-128": Case(64, 128, 20, (8, 16, 32)),
    "64-256": Case(64, 256, 20, (4, 8, 16)),
    "784-400": Case(784, 400, 8, (1, 4, 8), least_runs=8),
}


def main() -> None:
    """Print one table."""
    parser = options(__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="pixels and hidden width, joined by commas")
    parser.add_argument("--sides", default=",".join(SIDES), help="joined by commas")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ |= WORKER_ENVIRONMENT | ENVIRONMENT
    machine_here("fp32", note=print)  # a seat has no room for the worker that measures it
    allowed = cores()
    core = max(allowed) if allowed else None
    rows, notes = [], ["not bound to a core: this system has no affinity" if core is None else f"bound to core {core}"]
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = compiled  # what an earlier call compiled would make a first epoch short
        for case in arguments.cases.split(","):
            found, missing = measure(CASES[case], arguments.sides.split(","), arguments.rounds, core)
            rows += found
            notes += [note for note in missing if note not in notes]
    show(rows, notes, arguments.json)


def measure(case: Case, sides: Sequence[str], rounds: int, core: int | None) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row a side, and why others are missing."""
    seats, missing = {}, []
    for side in sides:
        try:
            seats[side] = Seat(side, case, core)
        except Missing as error:
            missing.append(f"left out: {side} ({error})")
    taken = [{side: seat.round() for side, seat in seats.items()} for _ in range(rounds)]
    elbos = {side: np.array(seat.leave()) for side, seat in seats.items()}
    steps = case.epochs * steps_an_epoch(case.data(), case.config(0).batch_size)
    seconds = {side: np.array([of[side].seconds for of in taken]) / seats[side].ready.runs for side in seats}
    cpu = {side: np.array([of[side].cpu_seconds for of in taken]) / seats[side].ready.runs for side in seats}
    rows = []
    for side, seat in seats.items():
        row: dict[str, Any] = {"pixels": case.pixels, "hidden_dim": case.hidden_dim, "side": side}
        row |= {"runs": seat.ready.size, "us_per_run_step": float(np.median(seconds[side])) / steps * 1e6}
        row |= {"cpu_us_per_run_step": float(np.median(cpu[side])) / steps * 1e6}
        row |= {"first_epoch_s": seat.ready.start_seconds}
        if OURS in seats:
            row["rate_by_vaekit"] = float(np.median(seconds[OURS] / seconds[side]))
            row["cpu_rate_by_vaekit"] = float(np.median(cpu[OURS] / cpu[side]))
            row |= _quality(elbos[side], elbos[OURS])
        rows.append(row)
    return rows, missing


def _quality(theirs: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    """Compare the runs whose seeds both sides trained."""
    pairs = min(len(theirs), len(ours))
    return equality(theirs[:pairs], ours[:pairs], paired=True) | {"pairs": pairs}


if __name__ == "__main__":
    main()
