"""The tables of runs and trials: their columns, how they are made, and what must hold of one that was read."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vae.columns import DIMS, FURTHER, HISTORY, IDENTITY, STATES, TOTALS
from vae.config import MODELS
from vae.errors import ResultsError
from vae.files.tables import INTEGER, NUMBER, NUMBERS, TEXT
from vae.parameters import ALWAYS, PARAMETERS, Value

HISTORY_PREFIX = "history."
DIMS_PREFIX = "dims."
EPOCHS = f"{HISTORY_PREFIX}seconds"
"""As long as its run was trained."""
PARAMETER_PREFIX = "parameter."
"""Of a hyperparameter's column that not every sweep has."""
SCORE_PREFIX = "score."
VALUE_PREFIX = "value"
_OF_KIND = {"integer": INTEGER, "real": NUMBER, "name": TEXT}
_TYPES = {"model": TEXT, "state": TEXT, "error": TEXT, "seconds": NUMBER}
"""Types of columns; the others of a run or trial, parameters aside, are integers."""
_ALWAYS = {name: _OF_KIND[PARAMETERS[name].kind] for name in ALWAYS}
STACK_TYPES = {
    **{name: _TYPES.get(name, INTEGER) for name in IDENTITY},
    **_ALWAYS,
    **dict.fromkeys(TOTALS, NUMBER),
    **{name: _TYPES[name] for name in ("seconds", "error")},
    **{HISTORY_PREFIX + name: NUMBERS for name in HISTORY},
    **{DIMS_PREFIX + name: NUMBERS for name in DIMS},
}
"""Columns of a stack's table; besides, those of `further_types` that the sweep varies, and one for each score."""
TRIAL_TYPES = {"trial": INTEGER, "state": TEXT, **_ALWAYS, "seconds": NUMBER, "error": TEXT}
"""Columns of the trials table; besides, those of `further_types` that the sweep varies, and one for each objective."""

MEASURED_TYPES = dict.fromkeys(FURTHER, NUMBER)
"""Further columns of a stack's table where any of its runs has them."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything that is kept of one run."""

    run: int
    trial: int
    seed: int
    model: str
    state: str
    """COMPLETE, PRUNED (stopped at a rung: nothing on test, no weights) or FAIL."""
    parameters: Mapping[str, Value]
    """Those that have a column in its sweep."""
    totals: Mapping[str, float]
    """The columns TOTALS, NaN where they were not reached; and those of FURTHER that it has."""
    history: Mapping[str, np.ndarray]
    """The columns HISTORY, each (epoch,)."""
    dims: Mapping[str, np.ndarray]
    """The columns DIMS, each (latent,); empty for a run that failed."""
    seconds: float
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores of the codes; those that are objectives also without test, as validation_NAME."""
    error: str = ""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The plain module's state, at the run's own shape."""


def further_types() -> dict[str, pa.DataType]:
    """Return the columns of the parameters that not every sweep has, and their types."""
    return {parameter_column(name): _OF_KIND[p.kind] for name, p in PARAMETERS.items() if name not in ALWAYS}


def parameter_column(name: str) -> str:
    """Return the column of a hyperparameter in a file."""
    return name if name in ALWAYS else PARAMETER_PREFIX + name


def parameter_columns(names: Sequence[str], points: Sequence[Mapping[str, Value]]) -> dict[str, pa.Array]:
    """Return the columns of these hyperparameters of points."""
    types = {**_ALWAYS, **further_types()}
    return {
        column: pa.array([point[name] for point in points], types[column])
        for name, column in ((name, parameter_column(name)) for name in names)
    }


def stack_table(records: Sequence[RunRecord], trials: Collection[str] = ()) -> pa.Table:
    """Return the table of a stack's runs, which have equal parameters by name: where it has none, those of `trials`."""
    columns: dict[str, Any] = {name: [getattr(r, name) for r in records] for name in IDENTITY}
    there = {parameter_column(name) for name in records[0].parameters} if records else {*ALWAYS, *trials}
    names = [name for name in PARAMETERS if parameter_column(name) in there]
    columns |= parameter_columns(names, [r.parameters for r in records])
    columns |= {name: [r.totals[name] for r in records] for name in TOTALS}
    further = [name for name in FURTHER if any(name in r.totals for r in records)]
    columns |= {name: [r.totals.get(name, math.nan) for r in records] for name in further}
    scores = dict.fromkeys(name for r in records for name in r.scores)
    columns |= {SCORE_PREFIX + name: [r.scores.get(name, math.nan) for r in records] for name in scores}
    columns |= {name: [getattr(r, name) for r in records] for name in ("seconds", "error")}
    columns |= {HISTORY_PREFIX + name: [r.history[name] for r in records] for name in HISTORY}
    columns |= {DIMS_PREFIX + name: [r.dims[name] for r in records] for name in DIMS}
    types = {**STACK_TYPES, **further_types()}
    return pa.table({name: pa.array(values, types.get(name, NUMBER)) for name, values in columns.items()})


def check_trials(table: pa.Table, path: Path) -> None:
    """Raise ResultsError unless a trials table counts its trials and has states of trials."""
    _check_counted(table, "trial", STATES, path)
    if sorted(table["trial"].to_pylist()) != list(range(len(table))):
        raise ResultsError(f"trials must be numbered from 0 without gaps, got others in {str(path)!r}")


def check_stack(table: pa.Table, path: Path, states: Sequence[str] = STATES[:3]) -> None:
    """Raise ResultsError unless a stack's table counts its runs, and each run's lists are of one length."""
    _check_counted(table, "run", states, path)
    if not set(pc.unique(table["model"]).to_pylist()) <= set(MODELS):
        raise ResultsError(f"models must be of {', '.join(MODELS)}, got others in {str(path)!r}")
    for prefix, names in ((HISTORY_PREFIX, HISTORY), (DIMS_PREFIX, DIMS)):
        lengths = [pc.list_value_length(table[prefix + name]) for name in names]
        if not all(length.equals(lengths[0]) for length in lengths):
            raise ResultsError(f"lists of one run must be of one length, got others in {prefix}* of {str(path)!r}")


def check_parameters(tables: Sequence[pa.Table], path: Path) -> None:
    """Raise ResultsError unless all tables of a sweep have columns of the same parameters."""
    there = [{name for name in table.column_names if name.startswith(PARAMETER_PREFIX)} for table in tables]
    if any(names != there[0] for names in there):
        raise ResultsError(f"all runs of a sweep must have the same parameters, got others in {str(path)!r}")


def _check_counted(table: pa.Table, key: str, states: Sequence[str], path: Path) -> None:
    """Check what is counted (integers are not negative, keys not twice) and the states."""
    for name, column in zip(table.column_names, table.itercolumns(), strict=True):
        if column.type == INTEGER and len(column) and pc.min(column).as_py() < 0:
            raise ResultsError(f"{name} must be at least 0, got {pc.min(column)} in {str(path)!r}")
    if len(pc.unique(table[key])) < len(table):
        raise ResultsError(f"a {key} must stand in a table once, got one twice in {str(path)!r}")
    if not set(pc.unique(table["state"]).to_pylist()) <= set(states):
        raise ResultsError(f"states must be of {', '.join(states)}, got others in {str(path)!r}")
