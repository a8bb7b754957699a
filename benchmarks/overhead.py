"""What a sweep costs besides training: coordinator CPU a trial where training takes no time.

    python -m benchmarks.overhead                     1,000 and 10,000 trials on the journal

An engine that returns canned runs at once stands in for the workers; `explore`, one seed, 40 epochs, weights kept as
`--keep-weights` says. The parts are process CPU: asking (points, and writing them to the journal), telling, writing
results, and the rest (stacks, records, the trials table, the status). `workers` is how many one coordinator keeps
busy nine tenths of their time: each stack of 16 that takes 10 s costs it 16 times the milliseconds a trial.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.table import options, show
from sweeps.coordination import coordinator
from sweeps.coordination.coordinator import run_sweep
from sweeps.engines.worker import Run
from sweeps.spec.make import make_spec
from vae.columns import DIMS, HISTORY, NATS, TOTALS
from vae.files.results import Folder
from vae.networks import network_of
from vae.trained import TrainedRun

STACK, STACK_SECONDS, BUSY = 16, 10.0, 0.9
PIXELS = 64
PARTS: dict[str, list[tuple[type, str]]] = {
    "asking": [(coordinator.Coordinator, "_ask")],
    "telling": [(coordinator.Coordinator, "_tell")],
    "results": [(Folder, "write_stack"), (coordinator.Coordinator, "write_trials")],
}


class Canned:
    """An engine that trains nothing, in stacks of STACK."""

    workers = 1

    def start(self) -> None:
        """There are no workers."""

    def stop(self) -> None:
        """There are no workers."""

    def run(
        self, stacks: Sequence[Sequence[Run]], *_: object
    ) -> Iterator[tuple[Sequence[Run], list[TrainedRun] | Exception]]:
        for stack in stacks:
            for start in range(0, len(stack), STACK):
                part = stack[start : start + STACK]
                yield part, [canned(run) for run in part]


def canned(run: Run) -> TrainedRun:
    rng = np.random.default_rng(run.run)
    nats = dict.fromkeys(TOTALS, 1.0) | dict(zip(NATS, (1.0, 2.0, -3.0), strict=True))
    return TrainedRun(
        history={name: rng.random(run.config.nominal_epochs) for name in HISTORY},
        totals=nats | {"validation_elbo_nats": -float(rng.random())},
        dims={name: rng.random(run.config.latent_dim) for name in DIMS},
        weights={n: np.zeros(shape, np.float32) for n, shape in network_of(run.config, (PIXELS,)).shapes.items()},
        scores={},
        seconds=1.0,
    )


def measure(trials: int, keep_weights: str) -> dict[str, float]:
    """Milliseconds of CPU a trial of a sweep without training."""
    seconds: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as out:
        spec = make_spec(
            {"trials": trials, "seeds": 1, "epochs": 40, "keep_weights": keep_weights, "out": out, "report": False}
        )
        patches = [
            patch.object(owner, name, timed(getattr(owner, name), seconds, part))
            for part, places in PARTS.items()
            for owner, name in places
        ]
        for p in patches:
            p.start()
        start = time.process_time()
        status = run_sweep(spec, engine=Canned())
        total = time.process_time() - start
        for p in patches:
            p.stop()
        assert status.complete == trials
    parts = {f"{part}_ms": 1e3 * seconds[part] / trials for part in PARTS}
    total_ms = 1e3 * total / trials
    workers = int(BUSY * STACK_SECONDS / (STACK * total_ms / 1e3))
    return {
        "trials": trials,
        **parts,
        "rest_ms": total_ms - sum(parts.values()),
        "total_ms": total_ms,
        "workers": workers,
    }


def timed(function: Callable[..., Any], seconds: dict[str, float], part: str) -> Callable[..., Any]:
    @wraps(function)
    def measured(*arguments: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[part] += time.process_time() - start

    return measured


def main() -> None:
    """Parse, measure, print."""
    parser = options(__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--keep-weights", default="all", choices=("all", "best", "none"))
    arguments = parser.parse_args()
    show([measure(trials, arguments.keep_weights) for trials in arguments.trials], json_file=arguments.json)


if __name__ == "__main__":
    main()
