"""From what a stack came to, to what is kept of its runs."""

import traceback
from collections.abc import Sequence
from math import nan

import numpy as np

from sweeps.engines.worker import Run
from vae.columns import DIMS, HISTORY, TOTALS
from vae.files.records import RunRecord
from vae.trained import TrainedRun


def records_of(stack: Sequence[Run], outcome: list[TrainedRun] | Exception, names: Sequence[str]) -> list[RunRecord]:
    """Join runs with what they came to; an error of the whole stack fails each of its runs.

    `names` are the hyperparameters that have a column.
    """
    if isinstance(outcome, Exception):
        reason = f"{type(outcome).__name__}: {outcome}\n{''.join(traceback.format_exception(outcome))}"
        return [record_of(run, None, "FAIL", names, reason) for run in stack]
    return [
        record_of(run, trained, "FAIL" if trained.error else "COMPLETE", names, trained.error)
        for run, trained in zip(stack, outcome, strict=True)
    ]


def record_of(run: Run, trained: TrainedRun | None, state: str, names: Sequence[str], error: str = "") -> RunRecord:
    """Return the record of a run in a state, with nothing measured where nothing was trained."""
    nothing = np.empty(0)
    return RunRecord(
        run=run.run,
        trial=run.trial,
        seed=run.config.seed,
        model=run.config.model,
        state=state,
        parameters={name: getattr(run.config, name) for name in names},
        totals=trained.totals if trained else dict.fromkeys(TOTALS, nan),
        history=trained.history if trained else dict.fromkeys(HISTORY, nothing),
        dims=trained.dims if trained else dict.fromkeys(DIMS, nothing),
        scores=trained.scores if trained else {},
        seconds=trained.seconds if trained else nan,
        error=error,
        weights=trained.weights if trained else {},
    )
