"""Arrays that a program holds, as data: written to the cache once, under their content, and read as any file."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.paths import CACHE_VARIABLE, default_cache, sources_folder
from vae.errors import DataError, said

DEFAULT_NAME = "array"
KINDS = "a name, a path, an array of numbers or a data frame"

Array = npt.NDArray[Any]


def with_files(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a sweep with files of the cache in place of arrays; DataError for what is no data.

    `data` may be an array or tensor (sample, ...), with `factors` an array (sample,) or (sample, factor), a mapping or
    a data frame of named columns; or a data frame, of which `factors` may name columns as well. Equal arrays of one
    name share a file.
    """
    given = dict(options)
    data = given.get("data")
    if data is None or isinstance(data, str | PurePath):
        return given
    name = PurePath(str(given.get("name") or DEFAULT_NAME)).name
    factors = given.pop("factors", None)
    if hasattr(data, "columns"):
        content, columns = _frame_bytes(data, factors)
        digest = hashlib.sha256(content).hexdigest()
        file = _kept(digest, f"{name}.parquet", lambda path: path.write_bytes(content))
        return given | {"data": file} | ({"factors": list(columns)} if columns else {})
    arrays: dict[str, Any] = {"images": _as_array(data)}
    if isinstance(factors, str):  # columns of a table, by their numbers
        given["factors"] = factors
    elif factors is not None:
        arrays |= _named_factors(factors, len(arrays["images"]))
    return given | {"data": _kept(_digest(arrays), f"{name}.npz", lambda path: np.savez(path, **arrays))}


def _as_array(given: Any) -> Array:
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    if not hasattr(given, "__array__"):
        raise DataError(f"data must be {KINDS}, got {said(given)}")
    try:
        array = np.asarray(given)
    except (TypeError, ValueError) as error:  # a tensor of a type that numpy lacks
        raise DataError(f"data must be {KINDS}, got {said(given)}: {' '.join(str(error).split())[:200]}") from None
    if array.dtype.kind not in "buif" or array.ndim < 2:
        raise DataError(f"data must be {KINDS}, got {said(array)} of {array.dtype}")
    return array


def _named_factors(factors: object, samples: int) -> dict[str, Array]:
    columns = _columns(factors)
    for name, column in columns.items():
        if column.shape != (samples,):
            raise DataError(f"factors must have a value for each of {samples} samples, got {said(column)} of {name!r}")
    if all(column.dtype.kind in "buif" for column in columns.values()):
        table = np.stack(list(columns.values()), axis=1)
    else:  # one array has one type: numbers are read back from their shortest text, to the bit
        table = np.stack([_texts(column) for column in columns.values()], axis=1)
    return {"factors": table, "factor_names": np.array(list(columns), dtype=np.str_)}


def _columns(factors: object) -> dict[str, Array]:
    """Factors by name; DataError where they are no columns."""
    if hasattr(factors, "columns"):
        factors = {name: factors[name] for name in factors.columns}  # type: ignore[index]
    if isinstance(factors, Mapping):
        return {str(name): np.asarray(column) for name, column in factors.items()}
    if hasattr(factors, "detach"):
        factors = factors.detach().cpu()
    table = np.asarray(factors)
    if table.ndim == 1:
        return {"label": table}
    if table.ndim != 2 or not table.shape[1]:
        raise DataError(f"factors must have shape (sample,) or (sample, factor), got {said(table)}")
    return {f"factor_{place}": column for place, column in enumerate(table.T)}


def _texts(column: Array) -> npt.NDArray[np.str_]:
    if column.dtype.kind == "b":
        column = column.astype(np.int64)
    missing = [value is None or value != value for value in column.tolist()]
    return np.array(["" if gone else str(v) for v, gone in zip(column.tolist(), missing, strict=True)], dtype=np.str_)


def _frame_bytes(frame: Any, factors: object) -> tuple[bytes, tuple[str, ...]]:
    """A data frame as Parquet, and the columns of it that are factors; those that are not there yet join it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"data must be {KINDS}, got a frame: {' '.join(str(error).split())[:200]}") from None
    if factors is None:
        names: tuple[str, ...] = ()
    elif isinstance(factors, str):
        names = tuple(part.strip() for part in factors.split(","))
    elif isinstance(factors, list | tuple) and all(isinstance(name, str) for name in factors):
        names = tuple(factors)
    else:
        joined = _named_factors(factors, len(table))
        names = tuple(map(str, joined["factor_names"]))
        for name, column in zip(names, joined["factors"].T, strict=True):
            table = table.append_column(name, pa.array(column.tolist()))
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue(), names


def _digest(arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()


def _kept(digest: str, name: str, write: Callable[[Path], object]) -> Path:
    """Return CACHE/sources/arrays/DIGEST/NAME, written in one step where it is not there yet."""
    folder = sources_folder(default_cache()) / "arrays" / digest[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            with tempfile.TemporaryDirectory(dir=folder, prefix="writing-") as scratch:
                write(Path(scratch) / name)
                (Path(scratch) / name).replace(folder / name)
    except OSError as error:
        reason = f"({error.strerror or error}): set {CACHE_VARIABLE} to another folder"
        raise DataError(f"cannot write the data cache '{folder}' {reason}") from error
    return folder / name
