"""Seconds to write the report of a sweep of 72 (the default), 100 and 1,000 runs, and to open its frames in a notebook.

The frames of 10,002 runs of 100 epochs too.

    python -m benchmarks.report

Synthetic results folders on the digits, with random weights of their own shapes: what the time goes to does not depend
on the weights. Each report is written in a new process, imports included, twice: the first time dear analyses are
computed, the second time they are cached beside the sweep. CPU seconds count every process.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import vaekit
from benchmarks.clock import interleaved
from benchmarks.table import options, show
from tests.synthetic import write_sweep

SIZES = ((24, 3), (50, 2), (500, 2))
"""Trials and seeds."""
LARGE: dict[str, Any] = {"trials": 3334, "seeds": 3, "epochs": 100}
"""A sweep of which frames alone are read."""
PIXELS = 64
ROOT = Path(__file__).parents[1]
ROUNDS = 3


def main() -> None:
    """Print the table."""
    arguments = options(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [_row(Path(folder), trials, seeds) for trials, seeds in SIZES]
        large = write_sweep(Path(folder) / "large", **LARGE).path
        rows.append({"runs": LARGE["trials"] * LARGE["seeds"], "frames_s": _frames_seconds(large)})
    show(rows, json_file=arguments.json)


def _row(folder: Path, trials: int, seeds: int) -> dict[str, float]:
    path = write_sweep(folder / f"{trials}x{seeds}", trials=trials, seeds=seeds, pixels=PIXELS).path
    first, cpu = _report(path)
    again, _ = _report(path)
    return {
        "runs": trials * seeds,
        "report_s": first,
        "report_cpu_s": cpu,
        "again_s": again,
        "frames_s": _frames_seconds(path),
        "page_mb": (path / "report" / "index.html").stat().st_size / 1e6,
        "sheets_mb": sum(file.stat().st_size for file in (path / "report" / "runs").iterdir()) / 1e6,
    }


def _report(path: Path) -> tuple[float, float]:
    start, before = time.perf_counter(), _cpu_seconds()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "cli", "report", str(path)], check=True, capture_output=True, env=environment)
    return time.perf_counter() - start, _cpu_seconds() - before


def _frames_seconds(path: Path) -> float:
    return interleaved(lambda: _frames(path), rounds=ROUNDS)[0]


def _frames(path: Path) -> None:
    sweep = vaekit.open(path)
    for frame in (sweep.trials, sweep.runs, sweep.dims, sweep.history):
        assert len(frame)


def _cpu_seconds() -> float:
    """Of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
