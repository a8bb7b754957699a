"""What ranks: complete trials alone, by one objective; of several the set that no other dominates."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from analysis.frames.sweep import Sweep, open_sweep
from analysis.summary.listing import list_sweeps
from tests.synthetic import write_sweep
from vae.columns import parse_objectives, value_columns
from vae.errors import ResultsError
from vae.files.results import Folder

PARETO = "rate:min,distortion:min"


def pruned(folder: Folder, values: Mapping[int, float]) -> Sweep:
    """Make trials PRUNED, with the values that they had at a rung."""
    table = folder.read_trials()
    trials = table.to_pandas()
    for trial, value in values.items():
        trials.loc[trial, ["state", "value"]] = "PRUNED", value
    folder.write_trials(pa.Table.from_pandas(trials, preserve_index=False).cast(table.schema))
    return open_sweep(folder.path)


def test_a_value_at_a_rung_is_never_best(tmp_path: Path) -> None:
    sweep = pruned(write_sweep(tmp_path / "s", trials=4), {2: 1000.0})
    complete = sweep.trials[sweep.trials["state"] == "COMPLETE"]
    (row,) = list_sweeps(tmp_path)
    assert row["best"] == sweep.best["value"] == complete["value"].max() < 0


def test_of_several_objectives_nothing_is_best(tmp_path: Path) -> None:
    sweep = open_sweep(write_sweep(tmp_path / "s", trials=4, objective=PARETO).path)
    (row,) = list_sweeps(tmp_path)
    assert row["best"] is None
    with pytest.raises(
        ResultsError, match=r"has several objectives \(rate:min,distortion:min\), so no single best trial"
    ):
        _ = sweep.best


def test_an_objective_may_leave_its_unit_out() -> None:
    assert parse_objectives(PARETO) == parse_objectives("rate_nats:min,distortion_nats:min")
    assert value_columns(parse_objectives(PARETO)) == ("value_rate_nats", "value_distortion_nats")
