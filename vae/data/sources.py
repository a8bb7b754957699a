"""Where data come from: a name in SOURCES, or a folder or file of a format in FORMATS."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from vae.data.formats import FORMAT_NAMES, FORMATS, format_of
from vae.data.paths import user_path
from vae.data.raw import RawData
from vae.data.sets.catalogue import SOURCES
from vae.data.sets.source import Request
from vae.data_config import DataConfig
from vae.errors import ConfigError, DataError


def read_source(config: DataConfig, fetched: Path) -> RawData:
    """Read all data of a source, of those that are fetched from the folder `fetched`; raises DataError, ConfigError."""
    source = config.source
    if source in SOURCES:
        _check_is_own(config)
        return SOURCES[source].read(Request(config.size, fetched))
    path = user_path(source)
    try:
        known = format_of(path)
        if known is None:
            raise DataError(_unknown(source, path.exists()))
        return known.read(path, config)
    except OSError as error:
        raise DataError(f"cannot read data {source!r}: {error.strerror or error}") from error


def files_of(config: DataConfig, fetched: Path) -> Iterable[Path]:
    """Return the files and folders that reading the source reads; raises DataError where they cannot be fetched."""
    source = config.source
    if source in SOURCES:
        return SOURCES[source].files(Request(config.size, fetched))
    path = user_path(source)
    try:
        known = format_of(path)
        return known.files(path.resolve()) if known else [path]
    except OSError:  # reading will say what is wrong
        return [path]


def source_name(source: str) -> str:
    """Name a source as frames and messages do: its own name, the folder's, or the file's without its suffix."""
    if source in SOURCES:
        return source
    path = user_path(source)
    named = path if path.name not in ("", "..") else path.resolve()
    suffix = next((suffix for known in FORMATS for suffix in known.suffixes if named.suffix.lower() == suffix), "")
    return named.name[: len(named.name) - len(suffix)]


def _check_is_own(config: DataConfig) -> None:
    """Raise ConfigError for options that say what a file does not: data by name know it."""
    for name in ("white", "key", "factors", "drop"):
        if value := getattr(config, name):
            raise ConfigError(f"{name} is for data in files, got {value!r} for '{config.source}'")


def _unknown(source: str, exists: bool) -> str:
    if not exists and (Path(source).name != source or Path(source).suffix):
        return f"no folder or file at {source!r}"
    rule = f"data must be a name ({', '.join(SOURCES)}), {FORMAT_NAMES}"
    close = difflib.get_close_matches(source, SOURCES, n=1)
    return f"{rule}, got {source!r}" + (f"; did you mean '{close[0]}'?" if close else "")
