"""The folder on disk: what is written comes back, whole or not at all."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vae.columns import DIMS, HISTORY, IDENTITY, TOTALS
from vae.errors import ResultsError
from vae.files.records import DIMS_PREFIX, HISTORY_PREFIX, RunRecord
from vae.files.results import Folder, find_folder, write_whole
from vae.files.tables import table_bytes
from vae.parameters import ALWAYS

anything = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def records(draw: st.DrawFn) -> list[RunRecord]:
    numbers = draw(st.lists(st.integers(0, 10**7), min_size=1, max_size=5, unique=True))
    return [draw(record(number)) for number in numbers]


@st.composite
def record(draw: st.DrawFn, run: int) -> RunRecord:
    epochs, latent, hidden = (draw(st.integers(0, 4)) for _ in range(3))
    weights = {"fc1.weight": (hidden + 1, 2), "fc_mu.bias": (latent + 1,), "log_sigma": ()}
    return RunRecord(
        run=run,
        trial=draw(st.integers(0, 10**6)),
        seed=draw(st.integers(0, 2**32)),
        model=draw(st.sampled_from(["vae", "ae"])),
        state=draw(st.sampled_from(["COMPLETE", "FAIL"])),
        parameters={"latent_dim": latent + 1, "beta": draw(st.floats(0, 1e9)), "hidden_dim": hidden + 1},
        totals={name: draw(anything) for name in TOTALS},
        history={name: draw(hnp.arrays(np.float64, epochs, elements=anything)) for name in HISTORY},
        dims={name: draw(hnp.arrays(np.float64, latent, elements=anything)) for name in DIMS},
        seconds=draw(st.floats(0, 1e9)),
        error=draw(st.text(max_size=20)),
        weights={name: draw(hnp.arrays(np.float32, shape)) for name, shape in weights.items()},
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(records=records())
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, records: list[RunRecord]) -> None:
    folder = Folder(tmp_path_factory.mktemp("sweep"))
    for start in range(0, len(records), 2):
        folder.write_stack(records[start : start + 2])
    rows = folder.read_runs().to_pylist()
    assert [row["run"] for row in rows] == sorted(r.run for r in records)
    for row, r in zip(rows, sorted(records, key=lambda r: r.run), strict=True):
        assert all(row[name] == getattr(r, name) for name in (*IDENTITY, "seconds", "error"))
        assert all(row[name] == r.parameters[name] for name in ALWAYS)
        assert all(row[name] == r.totals[name] or math.isnan(r.totals[name]) for name in TOTALS)
        for prefix, part in ((HISTORY_PREFIX, r.history), (DIMS_PREFIX, r.dims)):
            for name, values in part.items():
                np.testing.assert_array_equal(np.array(row[prefix + name], dtype=float), values)
        for name, tensor in folder.read_weights(r.run).items():
            np.testing.assert_array_equal(tensor.numpy(), r.weights[name])


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_whole(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ResultsError, match="cannot write .*a.json.*: No space left on device"):
        write_whole(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert path.read_bytes() == b"old"


def test_a_sweep_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    Folder(tmp_path / "results" / "mine").write_spec({"data": "digits"})
    assert find_folder("mine", tmp_path / "results").path == tmp_path / "results" / "mine"
    assert find_folder(tmp_path / "results" / "mine").path == tmp_path / "results" / "mine"
    with pytest.raises(
        ResultsError, match="no sweep 'yours': give the name of one under .*, or a folder with sweep.toml"
    ):
        find_folder("yours", tmp_path / "results")


@pytest.mark.parametrize("content", [b"latent_dim = [", b"\xff\xfe"])
def test_a_damaged_spec_is_one_line(tmp_path: Path, content: bytes) -> None:
    folder = Folder(tmp_path)
    folder.spec.write_bytes(content)
    with pytest.raises(ResultsError, match="sweep.toml must be valid TOML, got"):
        folder.read_spec()


def test_a_damaged_table_is_one_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.stacks.mkdir()
    (folder.stacks / "00000000.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(ResultsError, match="is not valid Parquet: "):
        folder.read_runs()


def test_weights_that_were_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="has no weights of run 3"):
        Folder(tmp_path).read_weights(3)


FURTHER = {"latent_dim": 2, "beta": 1.0, "hidden_dim": 16, "learning_rate": 0.01, "batch_size": 32}


def further(run: int, **parameters: float) -> RunRecord:
    """A run of a sweep that varies more than three hyperparameters."""
    return RunRecord(
        run=run, trial=0, seed=run, model="vae", state="FAIL", parameters=FURTHER | parameters,
        totals=dict.fromkeys(TOTALS, math.nan), history=dict.fromkeys(HISTORY, np.empty(0)),
        dims=dict.fromkeys(DIMS, np.empty(0)), seconds=0.0, error="x",
    )  # fmt: skip


def test_further_parameters_have_columns_of_their_own(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write_stack([further(0), further(1, batch_size=64)])
    runs = folder.read_runs()
    assert runs["parameter.batch_size"].to_pylist() == [32, 64]
    assert [str(runs.schema.field(f"parameter.{name}").type) for name in ("learning_rate", "batch_size")] == [
        "double",
        "int64",
    ]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("parameter.batch_size", [32.0], "has the unknown column 'parameter.batch_size'"),
        ("parameter.charm", [1.0], "has the unknown column 'parameter.charm'"),
        ("parameter.batch_size", [-1], "parameter.batch_size must be at least 0, got -1"),
        ("", [], "all runs of a sweep must have the same parameters"),
    ],
)
def test_further_parameters_that_are_none(tmp_path: Path, name: str, values: list[float], message: str) -> None:
    folder = Folder(tmp_path)
    folder.write_stack([further(0)])
    table = folder.read_runs().drop_columns(["parameter.learning_rate", "parameter.batch_size", "run"])
    folder.write_stack([further(1)])
    table = table.append_column("run", [[1]])
    table = table.append_column(name, [values]) if name else table
    folder.stack_paths()[1].write_bytes(table_bytes(table))
    with pytest.raises(ResultsError, match=message):
        folder.read_runs()
