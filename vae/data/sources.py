"""Where images come from: a name, a folder of IDX files or an .npz file.

A new named source is a function that returns RawData and a line in SOURCES.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vae.data.download import fetch
from vae.data.idx import read_idx_folder
from vae.data.npz import read_npz
from vae.data.paths import user_path
from vae.data.raw import RawData
from vae.data.sprites import draw_shapes, draw_sprites
from vae.errors import DataError


@dataclass(frozen=True)
class Source:
    """Images that go by a name."""

    name: str
    description: str
    read: Callable[["Request"], RawData]
    files: Callable[["Request"], list[Path]] = lambda request: []
    """The files and folders that are read, by which a change is told; none where images are drawn."""


@dataclass(frozen=True)
class Request:
    """What a source may need to know: images that are drawn are drawn at their size, others are fetched to a cache."""

    size: int | None
    cache: Path


def _digits_file() -> Path:
    # Importing scikit-learn takes longer than the rest of a sweep's start; its package carries the table.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("digits needs scikit-learn, which is not installed")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _read_digits(request: Request) -> RawData:
    table = np.loadtxt(_digits_file(), np.uint8, delimiter=",")
    return RawData(
        images=table[:, :-1].reshape(-1, 8, 8),  # grey levels 0 to 16
        scale=1 / 16,
        factors=table[:, -1:].astype(np.int64),
        factor_names=("label",),
    )


def _fetched(name: str, description: str) -> Source:
    return Source(
        name,
        description,
        lambda request: read_idx_folder(fetch(name, request.cache)),
        lambda request: _with_content(fetch(name, request.cache)),
    )


def _with_content(path: Path) -> list[Path]:
    return [path, *sorted(path.iterdir())] if path.is_dir() else [path]


SOURCES = {
    source.name: source
    for source in [
        Source(
            "digits",
            "1,797 handwritten digits, 8 x 8 grey pixels, from scikit-learn",
            _read_digits,
            lambda request: [_digits_file()],
        ),
        Source(
            "sprites",
            "737,280 binary images, 64 x 64 pixels, rendered over the grid of dSprites' five factors (not DeepMind's "
            "file); use --limit",
            lambda request: draw_sprites(request.size),
        ),
        Source(
            "shapes",
            "768 binary images, 32 x 32 pixels, rendered over a grid of three factors; trains in seconds",
            lambda request: draw_shapes(request.size),
        ),
        _fetched("mnist", "70,000 handwritten digits, 28 x 28 grey pixels, downloaded once"),
        _fetched("fashion-mnist", "70,000 articles of clothing, 28 x 28 grey pixels, downloaded once"),
    ]
}


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
        return _with_content(path)
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
