"""What a sweep is on disk: the one module that owns the names and the format of its files.

`results/README.md` describes the format in words. Every file is written whole or not at all.
"""

import json
import math
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import safetensors.numpy
import tomli_w

from vae.columns import DIMS, HISTORY, IDENTITY, PARAMETERS, TOTALS
from vae.errors import ResultsError

if TYPE_CHECKING:
    from torch import Tensor

HISTORY_PREFIX = "history."
DIMS_PREFIX = "dims."
EPOCHS = f"{HISTORY_PREFIX}seconds"
"""As long as its run was trained."""
SCORE_PREFIX = "score."


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything that is kept of one run."""

    run: int
    trial: int
    seed: int
    model: str
    state: str
    """COMPLETE, PRUNED (stopped at a rung: nothing on test, no weights) or FAIL."""
    parameters: Mapping[str, float]
    """latent_dim, beta and hidden_dim."""
    totals: Mapping[str, float]
    """The columns TOTALS; NaN where they were not reached."""
    history: Mapping[str, np.ndarray]
    """The columns HISTORY, each (epoch,)."""
    dims: Mapping[str, np.ndarray]
    """The columns DIMS, each (latent,); empty for a run that failed."""
    seconds: float
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores of the codes on the test split; those that are objectives on validation too, as validation_NAME."""
    error: str = ""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The plain module's state, at the run's own shape."""


class ReportFolder:
    """A report's folder: the paths of its page, figures, tables and run sheets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.page = path / "index.html"
        self.figures = path / "figures"
        self.tables = path / "tables"

    def sheet(self, run: int) -> Path:
        """The page of one run."""
        return self.path / "runs" / f"{run}.html"


class Folder:
    """A sweep's folder: paths, and the reading and writing of each file in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "sweep.toml"
        self.provenance = path / "provenance.json"
        self.journal = path / "study.journal"
        self.lock = path / "sweep.lock"
        self.trials = path / "trials.parquet"
        self.stacks = path / "stacks"
        self.analysis = path / "analysis"
        self.report = ReportFolder(path / "report")

    @property
    def exists(self) -> bool:
        """Whether a sweep was begun here."""
        return self.spec.is_file()

    def read_spec(self) -> dict[str, Any]:
        """Return the resolved spec as it stands in sweep.toml."""
        try:
            return tomllib.loads(self.spec.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ResultsError(f"a sweep's folder must hold sweep.toml, got {str(self.path)!r}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ResultsError(f"sweep.toml must be valid TOML, got {error} in {str(self.spec)!r}") from None

    def write_spec(self, spec: Mapping[str, Any]) -> None:
        """Write the resolved spec."""
        write_whole(self.spec, tomli_w.dumps(dict(spec)).encode())

    def read_provenance(self) -> dict[str, Any]:
        """Return provenance.json, empty where there is none yet."""
        if not self.provenance.exists():
            return {}
        try:
            content: dict[str, Any] = json.loads(self.provenance.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultsError(f"provenance.json must be valid JSON, got {error} in {str(self.provenance)!r}") from None
        return content

    def write_provenance(self, provenance: Mapping[str, Any]) -> None:
        """Write provenance.json."""
        write_whole(self.provenance, (json.dumps(provenance, indent=2, ensure_ascii=False) + "\n").encode())

    def write_trials(self, table: pa.Table) -> None:
        """Write the trials table (sorted by trial)."""
        _write_parquet(self.trials, table)

    def read_trials(self) -> pa.Table:
        """Return the trials table as last written; ResultsError where there is none yet."""
        if not self.trials.exists():
            raise ResultsError(f"a sweep must have asked a trial before it is read, got none in {str(self.path)!r}")
        return _read_parquet(self.trials)

    def write_stack(self, records: Sequence[RunRecord], *, weights: bool = True) -> None:
        """Write the finished runs of one stack: weights first, so that a run in the table has its weights."""
        records = sorted(records, key=lambda record: record.run)
        stem = self._stem(records[0].run)
        if weights:
            tensors = {f"{r.run}.{name}": tensor for r in records for name, tensor in r.weights.items()}
            write_whole(stem.with_suffix(".safetensors"), safetensors.numpy.save(tensors))
        _write_parquet(stem.with_suffix(".parquet"), _stack_table(records))

    def read_runs(self) -> pa.Table:
        """Return one row a finished run, sorted by run, with histories and dims as list columns."""
        tables = [_read_parquet(path) for path in sorted(self.stacks.glob("*.parquet"))]
        if not tables:
            return _stack_table([])
        return pa.concat_tables(tables, promote_options="default").sort_by("run")

    def read_measured(self) -> list[dict[str, Any]]:
        """Return what a study needs of each finished run: run, state, error, seconds, epochs, totals, scores."""
        table = self.read_runs()
        scores = [name for name in table.column_names if name.startswith(SCORE_PREFIX)]
        rows = table.select(["run", "state", "error", "seconds", *TOTALS, *scores])
        names = [name.removeprefix(SCORE_PREFIX) for name in rows.column_names]
        rows = rows.rename_columns(names).append_column("epochs", pc.list_value_length(table[EPOCHS]))
        measured: list[dict[str, Any]] = rows.to_pylist()
        return measured

    def weight_files(self) -> dict[int, Path]:
        """Return the file that holds each run's weights; runs whose weights were not kept are not in it."""
        files: dict[int, Path] = {}
        for path in self._weight_files():
            with safetensors.safe_open(path, framework="np") as file:
                files |= {int(name.partition(".")[0]): path for name in file.keys()}  # noqa: SIM118
        return files

    def read_weights(self, run: int, files: Mapping[int, Path] | None = None) -> "dict[str, Tensor]":
        """Return the state dict of one run; ResultsError where its weights were not kept.

        `files` is `weight_files()`, for a caller that reads many runs.
        """
        files = self.weight_files() if files is None else files
        if run not in files:
            raise ResultsError(f"a run's weights must have been kept, got run {run} in {str(self.path)!r}")
        prefix = f"{run}."
        with safetensors.safe_open(files[run], framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}

    def keep_weights(self, runs: set[int]) -> None:
        """Drop the weights of every run but the named ones."""
        for path in self._weight_files():
            tensors = safetensors.numpy.load_file(path)
            kept = {name: t for name, t in tensors.items() if int(name.partition(".")[0]) in runs}
            if not kept:
                path.unlink()
            elif len(kept) < len(tensors):
                write_whole(path, safetensors.numpy.save(kept))

    def remove_leftovers(self) -> None:
        """Remove what a killed process left half-written, for whoever holds the lock: nothing refers to it."""
        tables = {path.stem for path in self.stacks.glob("[!.]*.parquet")}
        orphans = [path for path in self._weight_files() if path.stem not in tables]
        for path in (*self.path.glob(".*.????????"), *self.stacks.glob(".*.????????"), *orphans):
            path.unlink(missing_ok=True)

    def _stem(self, first_run: int) -> Path:
        return self.stacks / f"{first_run:08d}"

    def _weight_files(self) -> Iterator[Path]:
        return iter(sorted(self.stacks.glob("*.safetensors")))


def find_folder(where: str | Path, out: str | Path = "results") -> Folder:
    """Return the folder of a sweep named by NAME (under `out`) or PATH; ResultsError where there is none."""
    for path in (Path(where), Path(out) / where):
        if Folder(path).exists:
            return Folder(path)
    raise ResultsError(f"a sweep must be a name under {str(out)!r} or a folder with sweep.toml, got {str(where)!r}")


def unwritable(path: Path, error: OSError) -> ResultsError:
    """Return the error of a path that cannot be written."""
    return ResultsError(f"results must be written, got {error.strerror} for {str(path)!r}")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename. ResultsError where it cannot be written."""
    try:
        _write_whole(path, content)
    except OSError as error:
        raise unwritable(path, error) from error


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a rename outlive a power cut, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stack_table(records: Sequence[RunRecord]) -> pa.Table:
    integers, lists = pa.int64(), pa.list_(pa.float64())
    columns: dict[str, pa.Array] = {}
    for name in IDENTITY:
        kind = pa.string() if name in ("model", "state") else integers
        columns[name] = pa.array([getattr(r, name) for r in records], kind)
    for name in PARAMETERS:
        kind = pa.float64() if name == "beta" else integers
        columns[name] = pa.array([r.parameters[name] for r in records], kind)
    for name in TOTALS:
        columns[name] = pa.array([r.totals[name] for r in records], pa.float64())
    for name in dict.fromkeys(name for r in records for name in r.scores):
        columns[SCORE_PREFIX + name] = pa.array([r.scores.get(name, math.nan) for r in records], pa.float64())
    columns["seconds"] = pa.array([r.seconds for r in records], pa.float64())
    columns["error"] = pa.array([r.error for r in records], pa.string())
    for name in HISTORY:
        columns[HISTORY_PREFIX + name] = pa.array([r.history[name] for r in records], lists)
    for name in DIMS:
        columns[DIMS_PREFIX + name] = pa.array([r.dims[name] for r in records], lists)
    return pa.table(columns)


def _write_parquet(path: Path, table: pa.Table) -> None:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    write_whole(path, buffer.getvalue().to_pybytes())


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ResultsError(f"a table must be valid Parquet, got {error} in {str(path)!r}") from None
