"""Tables: rows are samples, numeric columns features, and the columns that are named known factors."""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vae.data.raw import RawData, named, raw_table, set_aside
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.factors import Column, read_factor
from vae.files.limits import FREE_IMAGES, check_growth
from vae.files.pages import claimed_bytes

INDEX_COLUMN = "__index_level_"
"""How pandas begins the name of row numbers that it saved."""
LONGEST_LINE = 2**20
"""Bytes of a header that are looked at before the file is read."""
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, RecursionError)
"""What pyarrow raises on a file that is not what it should be."""


def read_table(path: Path, config: DataConfig) -> RawData:
    """Read a .csv, .tsv or .parquet table; DataError where a column is neither numbers without gaps nor set aside."""
    table, notes = _opened(path)
    names = [str(name) for name in table.column_names]
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"the columns of a table must have different names, got {named(repeated)} twice in '{path}'")
    columns = dict(zip(names, table.columns, strict=True))
    unnamed = [name for name in names if not name or name.startswith(INDEX_COLUMN)]
    aside = {*set_aside(path, names, config), *unnamed}
    features = {name: column for name, column in columns.items() if name not in aside}
    _check_columns(path, features)
    values = np.empty((len(table), len(features)))
    for place, column in enumerate(features.values()):
        values[:, place] = pc.cast(column, pa.float64(), safe=False).to_numpy()
    if unnamed:
        notes = (*notes, "a column without a name, row numbers, is left out")
    factors = {name: _factor(path, name, columns[name]) for name in config.factors}
    return raw_table(path, values, tuple(features), factors, notes)


class _Layout(NamedTuple):
    delimiter: str
    has_header: bool


def _opened(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """The table in a file, and what was guessed of it."""
    try:
        table, notes = _parquet(path) if path.suffix.lower() == ".parquet" else _separated(path)
        _ = table.column_names  # no UTF-8 may stand there
        return table, notes
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file cannot be read at all
        raise DataError(f"cannot read the table '{path}': {' '.join(str(error).split())[:200]}") from None


def _parquet(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    content = path.read_bytes()
    check_growth(claimed_bytes(content), path, FREE_IMAGES, DataError)
    schema = pq.read_schema(pa.BufferReader(content))
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
    # Each text once: a page of a few bytes can repeat a long one without end.
    table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts).read(use_threads=False)
    table.validate(full=True)
    return table, ()


def _separated(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    from pyarrow import csv as reader

    layout = _layout(path)
    table = reader.read_csv(
        path,
        reader.ReadOptions(use_threads=False, autogenerate_column_names=not layout.has_header),
        reader.ParseOptions(delimiter=layout.delimiter),
    )
    notes = () if layout.has_header else ("the first line holds numbers, so the columns have no names",)
    if layout.delimiter == ";":
        notes = (*notes, "columns are separated by semicolons")
    return table, notes


def _layout(path: Path) -> _Layout:
    """What separates columns, by the first line, and whether that has names."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_LINE).decode("utf-8-sig", "replace").strip("\r\n")
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiter = usual if usual in line else next((other for other in ";\t" if other in line), usual)
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        numbers = [float(cell) for cell in cells]
    except (ValueError, csv.Error):
        return _Layout(delimiter, has_header=True)
    # pandas numbers columns that it has no names for.
    is_numbered = [float(place) for place in range(len(cells))] == [number - numbers[0] for number in numbers]
    return _Layout(delimiter, has_header=not cells or (is_numbered and numbers[0] in (0.0, 1.0)))


def _check_columns(path: Path, columns: Mapping[str, pa.ChunkedArray]) -> None:
    """DataError that lists the columns which are no numbers, or have gaps, and what to do with them."""
    texts = [name for name, column in columns.items() if not _is_numbers(column.type)]
    gaps = [name for name, column in columns.items() if name not in texts and _has_gaps(column)]
    if not texts and not gaps:
        return
    got = [f"other values in {named(texts)}"] if texts else []
    got += [f"missing values in {named(gaps)}"] if gaps else []
    settled = ",".join((texts or gaps)[:2])
    remedy = f"name known factors with --factors {settled}, leave columns out with --drop {settled}"
    remedy += ", or fill the gaps" if gaps else ""
    raise DataError(f"columns must be numbers without gaps, got {' and '.join(got)} in '{path}': {remedy}")


def _is_numbers(kind: pa.DataType) -> bool:
    rules = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    return any(rule(kind) for rule in rules)


def _has_gaps(column: pa.ChunkedArray) -> bool:
    is_floating = pa.types.is_floating(column.type)
    return bool(column.null_count or (is_floating and pc.any(pc.is_nan(column)).as_py()))


def _factor(path: Path, name: str, column: pa.ChunkedArray) -> Column:
    """One known factor; DataError where it has gaps."""
    if column.null_count:
        raise DataError(f"factor {name} must have a value in every row, got {column.null_count} gaps in '{path}'")
    if pa.types.is_nested(column.type):
        raise DataError(f"factor {name} must be numbers or text, got {str(column.type)[:80]} in '{path}'")
    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.float64(), safe=False)
    given: Any = np.asarray(column.to_pylist()) if not _is_numbers(column.type) else column.to_numpy()
    if given.dtype.kind not in "buifSUO":  # dates, which sort as text does
        given = given.astype(np.str_)
    try:
        return read_factor(f"factor {name}", given)
    except DataError as error:
        raise DataError(f"{error} in '{path}'") from None
