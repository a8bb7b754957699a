"""Halving against the same batches unpruned: epochs trained, and the best validation ELBO that either reaches.

    python -m benchmarks.halving                              digits, 10 studies of 96 trials

Each study proposes its points with halving; every point it proposed is then also trained to its end. The difference
is of the best trial's mean validation ELBO over its seeds, with a 95 % interval over studies.
"""

import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np
from scipy import stats

import vaekit
from benchmarks.table import options, show
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.machine import machine_here
from sweeps.coordination.plan import plan_stacks, runs_of_trial
from sweeps.engines.engine import count_workers
from sweeps.engines.local import LocalEngine
from sweeps.engines.slices import Slice
from sweeps.engines.worker import Task
from sweeps.spec.make import make_spec
from sweeps.spec.spec import Spec
from vae.data import open_data, prepare
from vae.parameters import ALWAYS


def main() -> None:
    """Parse, run the studies, print the table."""
    parser = options(__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--trials", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pruner", default="halving")
    arguments = parser.parse_args()
    rows = [_study(study, _spec(arguments, 100 * study)) for study in range(arguments.studies)]
    difference = np.array([row["difference_nats"] for row in rows])
    width = stats.t.ppf(0.975, len(rows) - 1) * difference.std(ddof=1) / np.sqrt(len(rows))
    share = np.mean([row["share_of_epochs"] for row in rows])
    note = f"mean share of epochs {share:.1%}, mean difference {difference.mean():+.3f} +- {width:.3f} nats"
    show(rows, [note], arguments.json)


def _spec(arguments: Namespace, seed: int) -> Spec:
    options = {name: getattr(arguments, name) for name in ("data", "trials", "epochs", "seeds", "pruner")}
    return make_spec(options | {"mode": "optimize", "seed": seed, "keep_weights": "none"})


def _study(study: int, spec: Spec) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as out:
        run_sweep(make_spec(spec.as_dict() | {"out": out}))
        sweep = vaekit.open(Path(out) / spec.name)
        epochs = len(sweep.history)
        complete = sweep.trials[sweep.trials["state"] == "COMPLETE"]
        best = float(complete["value"].max())
        points = sweep.trials[list(ALWAYS)].drop_duplicates().to_dict(orient="records")
        whole = max(_unpruned(spec, [{str(name): value for name, value in point.items()} for point in points]))
    return {
        "study": study,
        "share_of_epochs": epochs / (len(points) * spec.seeds * spec.run_config().nominal_epochs),
        "halving_elbo_nats": best,
        "unpruned_elbo_nats": whole,
        "difference_nats": best - whole,
    }


def _unpruned(spec: Spec, points: list[dict[str, float]]) -> list[float]:
    """Mean validation ELBO over seeds of each point, trained to its end."""
    folder = prepare(spec.data_config)
    engine = LocalEngine(count_workers(spec.jobs))
    runs = [run for trial, point in enumerate(points) for run in runs_of_trial(spec, trial, point)]
    elbos = np.full((len(points), spec.seeds), np.nan)
    try:
        stacks = plan_stacks(runs, open_data(folder).sample_shape, engine.workers, machine=machine_here(spec.precision))
        for stack, outcome in engine.run(stacks, Task(folder, "cpu")):
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, Slice):
                continue
            for run, trained in zip(stack, outcome, strict=True):
                elbos[run.trial, run.config.seed - spec.seed] = trained.totals["validation_elbo_nats"]
    finally:
        engine.stop()
    return [float(value) for value in elbos.mean(axis=1)]


if __name__ == "__main__":
    main()
