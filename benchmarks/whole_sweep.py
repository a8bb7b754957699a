"""A whole `vaekit sweep` against the loop people write, as processes, at equal quality: one table of ratios.

    python -m benchmarks.whole_sweep                          digits, 96 trials x 120 epochs
    python -m benchmarks.whole_sweep --fashion FOLDER         Fashion-MNIST, hidden 400, a few trials

Both sides train the same points and seeds, in turns, on the same machine; the loop runs in one process and one
thread. Quality is the validation ELBO at beta = 1: the paired difference must lie within two standard errors and 0.5 %.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import vaekit
from benchmarks.machine import describe_machine
from sweeps.ask import explore
from sweeps.spec import Spec, make_spec


@dataclass(frozen=True)
class Side:
    """One side's whole-process seconds, training seconds and validation ELBOs by run."""

    seconds: float
    training_seconds: float
    elbos: np.ndarray


def main() -> None:
    """Parse, run both sides in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", help="folder of Fashion-MNIST's IDX files (60,000 images, hidden 400)")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    shared: dict[str, Any] = {"seeds": 1, "report": False, "latent_dim": "2:32", "keep_weights": "none"}
    if arguments.fashion:
        shared |= {"data": arguments.fashion, "hidden_dim": "400", "trials": arguments.trials or 8}
        shared |= {"epochs": arguments.epochs or 3}
    else:
        shared |= {"trials": arguments.trials or 96, "epochs": arguments.epochs or 120}
    spec = make_spec(shared)
    print(describe_machine())
    space = f"hidden {spec.hidden_dim}, latent {spec.latent_dim}"
    print(f"{spec.data}: {spec.trials} trials x {spec.epochs} epochs, {space}")
    rounds = [(_vaekit(spec), _textbook(spec)) for _ in range(arguments.rounds)]
    _print_table(rounds)


def _vaekit(spec: Spec) -> Side:
    with tempfile.TemporaryDirectory() as out:
        toml = Path(out) / "spec.toml"
        options = spec.as_dict() | {"out": out, "name": "sweep"}
        toml.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items()))
        seconds = _timed([sys.executable, "-m", "cli", "sweep", str(toml)])
        runs = vaekit.open(Path(out) / "sweep").runs
    return Side(seconds, float(runs["seconds"].sum()), runs["validation_elbo_nats"].to_numpy())


def _textbook(spec: Spec) -> Side:
    with tempfile.TemporaryDirectory() as folder:
        points, out = Path(folder) / "points.json", Path(folder) / "out.json"
        points.write_text(json.dumps(explore(spec, spec.trials)))
        words = [spec.data, str(points), str(out), str(spec.epochs), str(spec.seeds)]
        seconds = _timed([sys.executable, "-m", "benchmarks.textbook", *words])
        result = json.loads(out.read_text())
    return Side(seconds, result["training_seconds"], np.array(result["elbos"]))


def _timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _print_table(rounds: list[tuple[Side, Side]]) -> None:
    print(f"{'':24}{'vaekit':>10}{'loop':>10}{'ratio':>8}")
    for name, label in (("seconds", "whole process, s"), ("training_seconds", "training, core-s")):
        ours, theirs = (median(getattr(side, name) for side in sides) for sides in zip(*rounds, strict=True))
        ratio = median(getattr(b, name) / getattr(a, name) for a, b in rounds)
        print(f"{label:24}{ours:10.1f}{theirs:10.1f}{ratio:8.2f}")
    ours, theirs = rounds[0][0].elbos, rounds[0][1].elbos
    difference = ours - theirs
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    share = difference.mean() / abs(theirs.mean())
    equal = abs(difference.mean()) <= 2 * error and abs(share) <= 0.005
    print(f"{'validation ELBO, nats':24}{ours.mean():10.3f}{theirs.mean():10.3f}")
    print(
        f"paired difference {difference.mean():+.3f} nats ({share:+.2%}), standard error {error:.3f}: "
        f"quality is {'equal' if equal else 'NOT equal'}"
    )


if __name__ == "__main__":
    main()
