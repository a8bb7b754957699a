"""Tables as Parquet: read from anywhere with one clear error and bounded memory, and written with a checksum."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vae.errors import ResultsError
from vae.files.limits import FREE_TABLE, check_growth
from vae.files.pages import claimed_bytes

INTEGER, NUMBER, TEXT, NUMBERS = pa.int64(), pa.float64(), pa.string(), pa.list_(pa.float64())
Types = Mapping[str, pa.DataType]
"""Columns that a table must have, and their types."""
_CHECKSUM = b"vaekit.sha256"
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, RecursionError)
"""What pyarrow raises on a file that is not what it should be."""


def table_bytes(table: pa.Table) -> bytes:
    """Return the table as Parquet with its checksum among the metadata."""
    buffer = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({_CHECKSUM: checksum(table)}), buffer)
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def checksum(table: pa.Table) -> str:
    """Return the SHA-256, in hex, of what a table says: names, types and values, however a file encodes them."""
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.itercolumns(), strict=True):
        is_list = pa.types.is_list(column.type)  # Parquet names what is in a list, Arrow otherwise
        digest.update(json.dumps([name, "list" if is_list else str(column.type), len(column)]).encode())
        if is_list:
            digest.update(pc.list_value_length(column).to_numpy().astype("<i8").tobytes())
            column = pc.list_flatten(column)
        if column.type == TEXT:
            digest.update(json.dumps(column.to_pylist()).encode())
        else:
            digest.update(column.to_numpy().astype("<i8" if column.type == INTEGER else "<f8").tobytes())
    return digest.hexdigest()


def is_intact(table: pa.Table) -> bool:
    """Whether a table that was read has the checksum that it was written with."""
    return bool(table.schema.metadata[_CHECKSUM].decode("ascii", "replace") == checksum(table))


def read_table(path: Path, types: Types, prefix: str, optional: Types = MappingProxyType({})) -> pa.Table:
    """Return the table in a Parquet file: the columns `types`, and of others those it may have.

    They are `optional` ones, and any of numbers whose names have the prefix.

    Nothing is decoded before the file's schema and what its pages claim to hold were checked. Raises ResultsError for
    a file that cannot be read, other columns, missing values, or more than a file of its size may hold.
    """
    try:
        content = path.read_bytes()
        check_growth(claimed_bytes(content), path, FREE_TABLE, ResultsError)
        schema = pq.read_schema(pa.BufferReader(content))
        _check_schema(schema, types, prefix, optional, path)
        texts = [field.name for field in schema if field.type == TEXT]
        # Each text once: a page of a few bytes can repeat a long one without end.
        table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts).read(use_threads=False)
        for name in texts:
            check_growth(_text_bytes(table[name]), path, FREE_TABLE, ResultsError)
            table = table.set_column(table.column_names.index(name), name, table[name].cast(TEXT))
        table.validate(full=True)
        known = {_CHECKSUM: (table.schema.metadata or {}).get(_CHECKSUM, b"")}
        table = table.replace_schema_metadata(known)  # pandas believes what else may stand there
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise ResultsError(f"{str(path)!r} is not valid Parquet: {reason}") from None
    for name, column in zip(table.column_names, table.itercolumns(), strict=True):
        inner = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        if column.null_count or inner.null_count:
            raise ResultsError(f"{str(path)!r} has missing values in column {name}")
    return table


def _check_schema(schema: pa.Schema, types: Types, prefix: str, optional: Types, path: Path) -> None:
    there = {field.name: field.type for field in schema}
    for name, kind in types.items():
        if name not in there:
            raise ResultsError(f"{str(path)!r} has no column {name}")
        if there[name] != kind:
            raise ResultsError(f"{name} must be of type {kind}, got {there[name]} in {str(path)!r}")
    for name in [field.name for field in schema]:
        known = types.keys() | {other for other in there if other.startswith(prefix) and there[other] == NUMBER}
        known |= {other for other, kind in optional.items() if there.get(other) == kind}
        if name not in known or schema.get_all_field_indices(name)[1:]:
            raise ResultsError(f"{str(path)!r} has the unknown column {name[:80]!r}")


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Return the bytes of a column of texts of which each is kept once: what writing all of them out would take."""
    total = 0
    for chunk in column.chunks:
        lengths = pc.take(pc.binary_length(chunk.dictionary), chunk.indices)
        total += int(pc.sum(pc.cast(lengths, INTEGER)).as_py() or 0)
    return total
