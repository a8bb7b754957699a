"""What was prepared before, so that preparing the same again neither reads nor draws an image.

One small JSON file a preparation, CACHE/index/KEY.json: the folder it led to, and what was noted in reading, which two
sources of equal images need not share. The key holds whatever the images depend on: this package's
code, the configuration, and for every file and folder that is read its path, size and times. An entry that cannot be
read, or that leads to a folder that is not whole, counts as none.
"""

import functools
import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vae.data.store import is_whole
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.files.texts import read_json

_HASH = re.compile("[0-9a-f]{64}")
"""What a folder of prepared images is called: no other name leads out of the cache."""

SETTLED_SECONDS = 2.0
"""A file changed more recently could change again within one tick of its clock, and nothing would show it."""


def key_of(config: DataConfig, name: str, files: Iterable[Path]) -> str | None:
    """Return the key of a source called `name` that reads `files`; None if they changed a moment ago or are gone."""
    about = [_code(), np.__version__, asdict(config) | {"source": name}]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    now = time.time()
    try:
        for path in files:  # maybe a million
            stat = path.stat()
            if now - max(stat.st_mtime, stat.st_ctime) < SETTLED_SECONDS:
                return None
            digest.update(f"{str(path)!a} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}\n".encode())
    except OSError:  # reading will say what is wrong
        return None
    return digest.hexdigest()


class Known(NamedTuple):
    """What was prepared under a key."""

    folder: Path
    notes: tuple[str, ...]


def look_up(cache: Path, key: str | None) -> Known | None:
    """Return what was prepared under the key, if it is there and whole."""
    if key is None:
        return None
    try:
        entry = read_json(_entry(cache, key), "an index entry", DataError)
    except DataError:  # no entry, or a damaged one
        return None
    name, notes = str(entry.get("content_hash")), entry.get("notes")
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        return None
    return Known(cache / name, tuple(notes)) if _HASH.fullmatch(name) and is_whole(cache / name) else None


def remember(cache: Path, key: str | None, known: Known) -> None:
    """Note, in one step, what the key leads to; raises OSError."""
    if key is None:
        return
    entry = _entry(cache, key)
    entry.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="writing-") as scratch:
        half = Path(scratch) / entry.name
        content = {"content_hash": known.folder.name, "notes": known.notes}
        half.write_text(json.dumps(content) + "\n", encoding="utf-8")
        half.replace(entry)


def _entry(cache: Path, key: str) -> Path:
    return cache / "index" / f"{key}.json"


@functools.cache
def _code() -> str:
    """Hash the code of this package: a version kept by hand would be forgotten once, and old images served."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
