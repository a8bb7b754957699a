"""Where images come from: a name, a folder of IDX files or an .npz file."""

import difflib
from pathlib import Path

from vae.data.idx import read_idx_folder
from vae.data.npz import read_npz
from vae.data.paths import user_path
from vae.data.raw import RawData
from vae.data.sets.catalogue import SOURCES
from vae.data.sets.source import Request, with_content
from vae.errors import DataError


def read_source(source: str, request: Request) -> RawData:
    """Read all images of a name in SOURCES, a folder of IDX files or an .npz file, or raise DataError."""
    if source in SOURCES:
        return SOURCES[source].read(request)
    path = user_path(source)
    try:
        if path.is_dir():
            return read_idx_folder(path)
        if path.is_file() and path.suffix == ".npz":
            return read_npz(path)
        raise DataError(_unknown(source, path.exists()))
    except OSError as error:
        raise DataError(f"cannot read data {source!r}: {error.strerror or error}") from error


def files_of(source: str, request: Request) -> list[Path]:
    """Return the files and folders that reading the source reads; raises DataError where they cannot be fetched."""
    if source in SOURCES:
        return SOURCES[source].files(request)
    path = user_path(source)
    try:
        return with_content(path)
    except OSError:  # reading will say what is wrong
        return [path]


def source_name(source: str) -> str:
    """Name a source as frames and messages do: its own name, the folder's, or the file's without .npz."""
    if source in SOURCES:
        return source
    path = user_path(source)
    named = path if path.name not in ("", "..") else path.resolve()
    return named.name.removesuffix(".npz")


def _unknown(source: str, exists: bool) -> str:
    if not exists and (Path(source).name != source or Path(source).suffix):
        return f"no folder or .npz file at {source!r}"
    rule = f"data must be a name ({', '.join(SOURCES)}), a folder of IDX files or an .npz file"
    close = difflib.get_close_matches(source, SOURCES, n=1)
    return f"{rule}, got {source!r}" + (f"; did you mean '{close[0]}'?" if close else "")
