"""Seconds to write the report of a sweep of 72 (the default), 100 and 1,000 runs.

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

from benchmarks.machine import describe_machine
from tests.synthetic import write_sweep

SIZES = ((24, 3), (50, 2), (500, 2))
"""Trials and seeds."""
PIXELS = 64
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the table."""
    print(describe_machine())
    print(f"{'runs':>6}{'':>10}{'seconds':>9}{'CPU':>8}{'page (MB)':>11}{'sheets (MB)':>13}")
    with tempfile.TemporaryDirectory() as folder:
        for trials, seeds in SIZES:
            sweep = write_sweep(Path(folder) / f"{trials}x{seeds}", trials=trials, seeds=seeds, pixels=PIXELS)
            for what in ("first", "again"):
                _print_row(sweep.path, trials * seeds, what)


def _print_row(path: Path, runs: int, what: str) -> None:
    start, before = time.perf_counter(), _cpu_seconds()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "cli", "report", str(path)], check=True, capture_output=True, env=environment)
    seconds, cpu = time.perf_counter() - start, _cpu_seconds() - before
    page = (path / "report" / "index.html").stat().st_size / 1e6
    sheets = sum(file.stat().st_size for file in (path / "report" / "runs").iterdir()) / 1e6
    print(f"{runs:6}{what:>10}{seconds:9.1f}{cpu:8.1f}{page:11.1f}{sheets:13.1f}", flush=True)


def _cpu_seconds() -> float:
    """Of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
