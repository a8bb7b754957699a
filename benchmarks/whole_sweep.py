"""A whole `vaekit sweep` against the loop people write, as processes, at equal quality: one table of ratios.

    python -m benchmarks.whole_sweep                          digits, 96 trials x 120 epochs
    python -m benchmarks.whole_sweep --fashion FOLDER         Fashion-MNIST, 60,000 images, hidden 400, 8 trials
    python -m benchmarks.whole_sweep --network conv           sprites at 32 x 32, 6,000 images, hidden 256, 8 trials

All sides train the same points and seeds, in turns, on the same machine: the loop of `benchmarks.textbook` in one
process of one thread; the same loop in two such processes, each with every other point, which is the fair opponent of
two workers; vaekit; and vaekit with bf16 products where the processor has them. Each side's ratios are medians over
rounds of the loop's seconds by its own; where others use the machine too, the ratio of CPU seconds says more. Quality
is the validation ELBO at beta = 1 of each run, against the loop's: the paired difference must lie within two standard
errors and 0.5 %.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import vaekit
from benchmarks.quality import equality
from benchmarks.table import options, show
from sweeps.spec.make import make_spec
from sweeps.spec.spec import Spec
from sweeps.study.ask import explore
from vae.device import check_precision
from vae.errors import ConfigError

LOOP, LOOP_TWICE = "loop, one process", "loop, two processes"


@dataclass(frozen=True)
class Side:
    """Seconds of whole processes, of their CPU and of training alone, and validation ELBOs by run."""

    seconds: float
    cpu_seconds: float
    training_seconds: float
    elbos: np.ndarray


def main() -> None:
    """Parse, run the sides in turns, print the table."""
    parser = options(__doc__)
    parser.add_argument("--fashion", help="folder of Fashion-MNIST's IDX files")
    parser.add_argument("--network", default="mlp", help="mlp or conv")
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    shared: dict[str, Any] = {"seeds": 1, "report": False, "latent_dim": "2:32", "keep_weights": "none"}
    shared |= {"network": arguments.network, "depth": arguments.depth}
    if arguments.network == "conv":
        shared |= {"data": "sprites", "size": 32, "limit": 6000, "hidden_dim": "256", "trials": arguments.trials or 8}
        shared |= {"epochs": arguments.epochs or 4, "scores": "none"}
    elif arguments.fashion:
        shared |= {"data": arguments.fashion, "hidden_dim": "400", "trials": arguments.trials or 8}
        shared |= {"epochs": arguments.epochs or 3}
    else:
        shared |= {"trials": arguments.trials or 96, "epochs": arguments.epochs or 120}
    precisions = ["fp32"]
    with suppress(ConfigError):
        check_precision("bf16", "cpu")
        precisions.append("bf16")
    specs = {f"vaekit, {precision}": make_spec(shared | {"precision": precision}) for precision in precisions}
    spec = specs["vaekit, fp32"]
    rounds = []
    for _ in range(arguments.rounds):
        sides = {name: _vaekit(side) for name, side in specs.items()}
        rounds.append(sides | {LOOP_TWICE: _loop(spec, 2), LOOP: _loop(spec, 1)})
    what = f"{spec.network}, depth {spec.depth}, {spec.trials} trials x {spec.epochs} epochs"
    what = f"{what}, hidden {spec.hidden_dim}, latent {spec.latent_dim}"
    note = f"{spec.data}: {what}; medians of {arguments.rounds} rounds"
    of_all: dict[str, Any] = {"data": "Fashion-MNIST" if arguments.fashion else spec.data, "network": spec.network}
    of_all |= {"trials": spec.trials, "epochs": spec.epochs, "hidden_dim": shared.get("hidden_dim", "64,128,256")}
    show([of_all | _row(name, rounds) for name in rounds[0]], [note], arguments.json)


def _row(name: str, rounds: Sequence[dict[str, Side]]) -> dict[str, Any]:
    return {
        "side": name,
        "seconds": median(sides[name].seconds for sides in rounds),
        "times_one_process": median(sides[LOOP].seconds / sides[name].seconds for sides in rounds),
        "times_two_processes": median(sides[LOOP_TWICE].seconds / sides[name].seconds for sides in rounds),
        "cpu_s": median(sides[name].cpu_seconds for sides in rounds),
        "times_cpu_of_one_process": median(sides[LOOP].cpu_seconds / sides[name].cpu_seconds for sides in rounds),
        "training_core_s": median(sides[name].training_seconds for sides in rounds),
        **equality(rounds[0][name].elbos, rounds[0][LOOP].elbos, paired=True),
    }


def _vaekit(spec: Spec) -> Side:
    with tempfile.TemporaryDirectory() as out:
        toml = _written(spec, Path(out))
        seconds = _seconds([[sys.executable, "-m", "cli", "sweep", str(toml)]])
        runs = vaekit.open(Path(out) / "sweep").runs
    return Side(*seconds, float(runs["seconds"].sum()), runs["validation_elbo_nats"].to_numpy())


def _written(spec: Spec, folder: Path) -> Path:
    options = spec.as_dict() | {"out": str(folder), "name": "sweep"}
    path = folder / "spec.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items()))
    return path


def _loop(spec: Spec, processes: int) -> Side:
    listed = explore(spec, [], spec.trials)
    with tempfile.TemporaryDirectory() as folder:
        commands, results = [], [Path(folder) / f"out{share}.json" for share in range(processes)]
        for share, result in enumerate(results):
            points = Path(folder) / f"points{share}.json"
            points.write_text(json.dumps(listed[share::processes]))
            words = [str(_written(spec, Path(folder))), str(points), str(result)]
            commands.append([sys.executable, "-m", "benchmarks.textbook", *words])
        seconds = _seconds(commands)
        parts = [json.loads(result.read_text()) for result in results]
    elbos = np.empty((len(listed), spec.seeds))
    for share, part in enumerate(parts):
        elbos[share::processes] = np.reshape(part["elbos"], (-1, spec.seeds))
    return Side(*seconds, sum(part["training_seconds"] for part in parts), elbos.ravel())


def _seconds(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Until the last of processes that begin together has ended; and of their CPU, and their workers'."""
    start, cpu = time.perf_counter(), _cpu_of_children()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise RuntimeError(f"every side must end well, got exit codes {codes}")
    return time.perf_counter() - start, _cpu_of_children() - cpu


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
