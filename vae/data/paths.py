"""Folders and files as users name them."""

import os
from pathlib import Path

from vae.errors import DataError

CACHE_VARIABLE = "VAEKIT_CACHE"


def user_path(text: str) -> Path:
    """Return the path with ~ and ~name replaced by homes; DataError if there is no such home."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # ~nobody
        raise DataError(f"data must be a path with a home that exists, got {text!r}") from error


def default_cache() -> Path:
    """Return the folder of prepared data: $VAEKIT_CACHE/data, or the user's cache folder."""
    if named := os.environ.get(CACHE_VARIABLE):
        return user_path(named) / "data"
    import platformdirs  # a worker that is told its data never asks

    return platformdirs.user_cache_path("vaekit") / "data"


def sources_folder(cache: Path) -> Path:
    """Return where fetched files lie: beside the prepared data."""
    return cache.parent / "sources"


def machines_folder() -> Path:
    """Return where it is kept how fast machines are: beside the prepared data."""
    return default_cache().parent / "machines"
