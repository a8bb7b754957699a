"""The coverage of a sweep's runs, kept in its folder: only what is missing is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.coverage.table import COLUMNS, run_coverage, sweep_realism
from analysis.frames.cache import NETWORKS, Cache
from analysis.statistics.selection import parameters_of
from vae.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analysis.coverage.realism import Realism
    from analysis.frames.sweep import Sweep

WORTH_A_PROCESS = 1_000
"""Test images from which a run takes longer than a process needs to start."""


def sweep_coverage(sweep: Sweep, runs: Sequence[int] | None = None, jobs: int | None = None) -> pd.DataFrame:
    """Return the coverage of a sweep's finished runs, or of those named, sorted by parameters, then COLUMNS.

    Kept in the sweep's `analysis/coverage.csv`, run after run. `jobs` processes share the work (None: one a core
    where runs take longer than its start) and change no number. Raises ResultsError where weights were not kept, or
    there is one test image, which no other lies near.
    """
    if sweep.provenance.get("data", {}).get("test") == 1:
        raise ResultsError(f"coverage compares codes of several test images, got one in {str(sweep.path)!r}")
    cache = coverage_cache(sweep)
    complete = sweep.runs[sweep.runs["state"] == "COMPLETE"]
    wanted = complete["run"].tolist() if runs is None else list(runs)
    there = set(cache.read()["run"])
    missing = [run for run in wanted if run not in there]
    if missing:
        _compute(sweep, missing, cache, jobs)
    known = cache.read()  # from the file on the first call too: every call gives the same digits
    chosen: pd.DataFrame = known[known["run"].isin(wanted)].reset_index(drop=True)
    return chosen


def coverage_cache(sweep: Sweep) -> Cache:
    """Return the table of kept coverage of a sweep's runs."""
    return Cache(
        path=sweep.folder.analysis / "coverage.csv",
        code=("analysis.coverage", "analysis.statistics.gaussians", *NETWORKS),
        columns=COLUMNS,
        texts=("model", "prior", "metric"),
    )


def _compute(sweep: Sweep, missing: list[int], cache: Cache, jobs: int | None) -> None:
    """Write the missing runs' coverage into the file, run after run: what is finished is kept whatever happens."""
    import joblib

    slow = sweep.count("test") >= WORTH_A_PROCESS
    count = jobs or (min(joblib.cpu_count(), len(missing)) if slow else 1)
    realism, floor = sweep_realism(sweep)
    tasks = (joblib.delayed(_one_run)(sweep.path, sweep.network, run, realism, floor) for run in missing)
    parts = [known for known in [cache.read()] if len(known)]
    for table in joblib.Parallel(n_jobs=count, return_as="generator")(tasks):
        parts.append(table)
        cache.write(pd.concat(parts).sort_values([*parameters_of(sweep.runs), *COLUMNS]))


def _one_run(path: Path, network: str | None, run: int, realism: Realism, floor: dict[str, float]) -> pd.DataFrame:
    """One run's coverage with one thread everywhere: how sums are split must not depend on the number of processes."""
    from threadpoolctl import threadpool_limits

    from analysis.frames.sweep import open_sweep
    from vae.training import one_thread

    with threadpool_limits(1), one_thread():
        return run_coverage(open_sweep(path, network=network).run(run), realism, floor)
