"""UDR of a sweep's runs, each among the seeds of its trial: how alike the codes are that they find."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.cache import NETWORKS, Cache
from analysis.frames.sweep import Sweep
from analysis.statistics.selection import finished

ACROSS_RUNS = "udr"
IMAGES = 1000
"""That codes are compared on, as in the paper."""
COLUMNS = ("run", ACROSS_RUNS, "peers", "samples")


def udr_of_runs(sweep: Sweep, runs: Sequence[int]) -> pd.DataFrame:
    """Return one row a run of a trial with several seeds: its `udr`, among how many `peers`, on how many samples.

    Kept in `analysis/`; a trial that was given more seeds is compared anew. Raises ResultsError where weights were not
    kept.
    """
    cache = Cache(
        path=sweep.folder.analysis / "udr.csv",
        code=("analysis.metrics.udr", "analysis.metrics.inputs", "analysis.scores.across_runs", *NETWORKS),
        columns=COLUMNS,
    )
    known = cache.read()
    asked, fresh = set(runs), []
    for _, seeds in finished(sweep.runs).groupby("trial")["run"]:
        there = known[known["run"].isin(seeds)]
        is_known = len(there) == len(seeds) and bool((there["peers"] == len(seeds) - 1).all())
        if len(seeds) > 1 and asked & set(seeds) and not is_known:
            known = known[~known["run"].isin(seeds)]
            fresh += _of_trial(sweep, [int(run) for run in seeds])
    if fresh:
        rows = pd.DataFrame(fresh, columns=list(COLUMNS))
        known = (pd.concat([known, rows]) if len(known) else rows).sort_values("run", ignore_index=True)
        cache.write(known)
    return known[known["run"].isin(asked)].reset_index(drop=True)


def _of_trial(sweep: Sweep, runs: Sequence[int]) -> list[tuple[Any, ...]]:
    from analysis.metrics import udr

    images = sweep.images("test", np.arange(min(IMAGES, sweep.count("test"))))
    codes = [sweep.run(run).encode(images)[0] for run in runs]
    kl = [sweep.dims.loc[sweep.dims["run"] == run, "kl_nats"].to_numpy() for run in runs]
    score = udr(codes, kl)
    return [
        (run, value, len(runs) - 1, score.samples) for run, value in zip(runs, score.details["by_run"], strict=True)
    ]
