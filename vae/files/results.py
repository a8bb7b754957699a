"""What a sweep is on disk: the one module that owns the names and the format of its files.

`results/README.md` describes the format in words. Every file is written whole or not at all.
"""

import itertools
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import tomli_w

from vae.columns import IN_TRAINING, TOTALS, parse_objectives, value_columns
from vae.errors import ResultsError
from vae.files import weights as saved
from vae.files.checks import check_provenance, check_spec
from vae.files.records import (
    EPOCHS,
    MEASURED_TYPES,
    SCORE_PREFIX,
    STACK_TYPES,
    TRIAL_TYPES,
    VALUE_PREFIX,
    RunRecord,
    check_parameters,
    check_stack,
    check_trials,
    further_types,
    stack_table,
)
from vae.files.rounds import Round, rounds_content, rounds_from
from vae.files.tables import INTEGER, read_table, table_bytes
from vae.files.texts import read_json, read_toml

if TYPE_CHECKING:
    from torch import Tensor


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
        self.refinement = path / "refinement.json"
        self.lock = path / "sweep.lock"
        self.trials = path / "trials.parquet"
        self.running = path / "running.parquet"
        self.stacks = path / "stacks"
        self.checkpoints = path / "checkpoints"
        self.analysis = path / "analysis"
        self.report = ReportFolder(path / "report")
        self.figures = path / "figures"

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders in which a sweep writes whole files."""
        return self.path, self.stacks, self.checkpoints

    @property
    def exists(self) -> bool:
        """Whether a sweep was begun here."""
        return self.spec.is_file()

    def drop_runs(self, runs: set[int]) -> None:
        """Forget finished runs: their weights first, for a run that is in a table must not have those of another."""
        for path in self.stack_paths():
            table = self.read_stack(path)
            kept = table.filter(pc.invert(pc.is_in(table["run"], pa.array(sorted(runs), INTEGER))))
            if len(kept) == len(table):
                continue
            self._drop_weights(path.with_suffix(".safetensors"), runs)
            if len(kept):
                write_whole(path, table_bytes(kept))
            else:
                path.unlink()

    def check_links(self) -> None:
        """Raise ResultsError where a link in the folder leads out of it: what is written would land there."""
        home = self.path.resolve()
        for parent, folders, files in os.walk(self.path):
            for path in (Path(parent) / name for name in (*folders, *files)):
                if path.is_symlink() and not path.resolve().is_relative_to(home):
                    raise ResultsError(
                        f"{str(path)!r} is a link out of the sweep's folder: replace it with what it links to"
                    )

    def read_spec(self) -> dict[str, Any]:
        """Return the resolved spec as it stands in sweep.toml."""
        return check_spec(read_toml(self.spec, "sweep.toml", ResultsError), self.spec)

    def write_spec(self, spec: Mapping[str, Any]) -> None:
        """Write the resolved spec."""
        write_whole(self.spec, tomli_w.dumps(dict(spec)).encode())

    def read_provenance(self) -> dict[str, Any]:
        """Return provenance.json, empty where there is none yet."""
        if not self.provenance.exists():
            return {}
        return check_provenance(read_json(self.provenance, "provenance.json", ResultsError), self.provenance)

    def write_provenance(self, provenance: Mapping[str, Any]) -> None:
        """Write provenance.json."""
        write_whole(self.provenance, (json.dumps(provenance, indent=2, ensure_ascii=False) + "\n").encode())

    def read_rounds(self) -> list[Round]:
        """Return the rounds of refinement so far."""
        if not self.refinement.exists():
            return []
        return rounds_from(read_json(self.refinement, "refinement.json", ResultsError), self.refinement)

    def write_rounds(self, rounds: Sequence[Round]) -> None:
        """Write the rounds of refinement."""
        write_whole(self.refinement, (json.dumps(rounds_content(rounds)) + "\n").encode())

    def write_trials(self, table: pa.Table) -> None:
        """Write the trials table (sorted by trial)."""
        write_whole(self.trials, table_bytes(table))

    def read_trials(self) -> pa.Table:
        """Return the trials table as last written; ResultsError where there is none yet."""
        if not self.trials.exists():
            raise ResultsError(f"{str(self.path)!r} has no trials yet: run its sweep first")
        table = read_table(self.trials, TRIAL_TYPES, VALUE_PREFIX, further_types())
        check_trials(table, self.trials)
        for name in value_columns(parse_objectives(self.read_spec()["objective"])):
            if name not in table.column_names:
                raise ResultsError(f"{str(self.trials)!r} has no column {name}")
        return table

    def write_stack(self, records: Sequence[RunRecord], *, weights: bool = True) -> None:
        """Write the finished runs of one stack: weights first, so that a run in the table has its weights."""
        records = sorted(records, key=lambda record: record.run)
        stem = self._stem(records[0].run)
        if weights:
            tensors = {f"{r.run}.{name}": tensor for r in records for name, tensor in r.weights.items()}
            write_whole(stem.with_suffix(".safetensors"), saved.weights_bytes(tensors))
        write_whole(stem.with_suffix(".parquet"), table_bytes(stack_table(records)))

    def write_running(self, records: Sequence[RunRecord]) -> None:
        """Write the runs in training as they stand; no file where there is none."""
        if records:
            write_whole(self.running, table_bytes(stack_table(sorted(records, key=lambda record: record.run))))
        else:
            self.running.unlink(missing_ok=True)

    def read_running(self) -> pa.Table | None:
        """Return the runs in training as they stood when that was last written, None where none were."""
        if not self.running.exists():
            return None
        table = self._read_stack(self.running)
        check_stack(table, self.running, IN_TRAINING)
        return table

    def stack_paths(self) -> list[Path]:
        """Return the tables of the stacks, in the order of their first runs."""
        return sorted(self.stacks.glob("[!.]*.parquet"))

    def weight_paths(self) -> list[Path]:
        """Return the files of weights, in the order of their first runs."""
        return sorted(self.stacks.glob("[!.]*.safetensors"))

    def read_stack(self, path: Path) -> pa.Table:
        """Return one stack's table, whole and of consistent lengths; raises ResultsError."""
        table = self._read_stack(path)
        check_stack(table, path)
        return table

    def _read_stack(self, path: Path) -> pa.Table:
        return read_table(path, STACK_TYPES, SCORE_PREFIX, further_types() | MEASURED_TYPES)

    def read_runs(self) -> pa.Table:
        """Return one row a finished run, sorted by run, with histories and dims as list columns."""
        tables = [self.read_stack(path) for path in self.stack_paths()]
        if not tables:
            return stack_table([], self.read_trials().column_names if self.trials.exists() else ())
        check_parameters(tables, self.stacks)
        runs = pa.concat_tables([table.replace_schema_metadata() for table in tables], promote_options="default")
        if len(pc.unique(runs["run"])) < len(runs):
            raise ResultsError(f"a run is in two stacks of {str(self.stacks)!r}: delete one of them")
        return runs.sort_by("run")

    def read_measured(self) -> list[dict[str, Any]]:
        """Return what a study needs of each finished run: run, state, error, seconds, epochs, totals, scores."""
        table = self.read_runs()
        scores = [name for name in table.column_names if name.startswith(SCORE_PREFIX)]
        rows = table.select(["run", "state", "error", "seconds", *TOTALS, *scores])
        names = [name.removeprefix(SCORE_PREFIX) for name in rows.column_names]
        rows = rows.rename_columns(names).append_column("epochs", pc.list_value_length(table[EPOCHS]))
        measured: list[dict[str, Any]] = rows.to_pylist()
        return measured

    def checkpoint_paths(self) -> list[Path]:
        """Return the files of runs that are not finished, in the order of their first runs."""
        return sorted(self.checkpoints.glob("[!.]*.safetensors"))

    def weight_files(self) -> dict[int, Path]:
        """Return the file that holds each run's weights; runs whose weights were not kept are not in it."""
        return {saved.run_of(name): path for path in self.weight_paths() for name in saved.names(path)}

    def read_weights(self, run: int, files: Mapping[int, Path] | None = None) -> "dict[str, Tensor]":
        """Return the state dict of one run; ResultsError where its weights were not kept.

        `files` is `weight_files()`, for a caller that reads many runs.
        """
        files = self.weight_files() if files is None else files
        if run not in files:
            raise ResultsError(f"{str(self.path)!r} has no weights of run {run}: keep_weights decided so")
        return saved.read_run(files[run], run)

    def keep_weights(self, runs: set[int]) -> None:
        """Drop the weights of every run but the named ones."""
        for path in self.weight_paths():
            self._drop_weights(path, {saved.run_of(name) for name in saved.names(path)} - runs)

    def _drop_weights(self, path: Path, runs: set[int]) -> None:
        tensors = saved.read_arrays(path) if path.exists() else {}
        kept = {name: tensor for name, tensor in tensors.items() if saved.run_of(name) not in runs}
        if not kept:
            path.unlink(missing_ok=True)
        elif len(kept) < len(tensors):
            write_whole(path, saved.weights_bytes(kept))

    def remove_leftovers(self) -> None:
        """Remove what a killed process left half-written, for whoever holds the lock: nothing refers to it."""
        tables = {path.stem for path in self.stacks.glob("[!.]*.parquet")}
        orphans = [path for path in self.weight_paths() if path.stem not in tables]
        for path in (*(path for folder in self.written for path in folder.glob(".*.????????")), *orphans):
            path.unlink(missing_ok=True)

    def _stem(self, first_run: int) -> Path:
        """Name a stack by its first run; its table may be there without that run, which was to be trained again."""
        names = itertools.chain([f"{first_run:08d}"], (f"{first_run:08d}-{k}" for k in itertools.count(2)))
        return next(self.stacks / name for name in names if not (self.stacks / f"{name}.parquet").exists())


def find_folder(where: str | Path, out: str | Path = "results") -> Folder:
    """Return the folder of a sweep named by NAME (under `out`) or PATH; ResultsError where there is none."""
    for path in (Path(where), Path(out) / where):
        folder = Folder(path)
        if folder.exists:
            folder.check_links()
            return folder
    raise ResultsError(f"no sweep {str(where)!r}: give the name of one under {str(out)!r}, or a folder with sweep.toml")


def unwritable(path: Path, error: OSError) -> ResultsError:
    """Return the error of a path that cannot be written."""
    return ResultsError(f"cannot write {str(path)!r}: {error.strerror}")


def busy(folder: Folder) -> ResultsError:
    """Return the error of a sweep that another process works on, with what that process wrote into the lock."""
    try:
        who = folder.lock.read_text(encoding="utf-8")
    except (OSError, ValueError):  # a lock that may not be read while it is held, or that something else wrote
        who = ""
    holder = f" ({' '.join(who.split())[:200]})" if who.strip() else ""
    return ResultsError(f"another process is working on {str(folder.path)!r}{holder}: wait for it or stop it")


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
