"""Prepared images on their way to a machine that has not got them, in pieces that fit into memory."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from vae.data import store
from vae.data.dataset import open_data
from vae.data.paths import default_cache
from vae.errors import DataError

PIECE_BYTES = 32 * 2**20


def pieces(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder that `prepare` wrote, as its name and the next bytes of it."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield path.name, piece


def receive(parcel: str, name: str, piece: bytes, cache: Path | None = None) -> None:
    """Append a piece to a file of the parcel; DataError where the cache cannot be written."""
    half = _half(parcel, cache)
    try:
        half.mkdir(parents=True, exist_ok=True)
        with (half / name).open("ab") as file:
            file.write(piece)
    except OSError as error:
        shutil.rmtree(half.parent, ignore_errors=True)
        raise DataError(f"cannot write a worker's data cache '{half.parent}': {error.strerror}") from error


def complete(parcel: str, content_hash: str, cache: Path | None = None) -> None:
    """Move a parcel to CACHE/content_hash; DataError where that is not what it holds."""
    half = _half(parcel, cache)
    try:
        got = store.content_hash(open_data(half))
        if got != content_hash:
            raise DataError(f"data that were sent must hash to {content_hash}, got {got}")
        store.move(half, half.parents[1] / content_hash)
    finally:
        shutil.rmtree(half.parent, ignore_errors=True)


def _half(parcel: str, cache: Path | None) -> Path:
    return (cache or default_cache()) / f"receiving-{parcel}" / "half"
