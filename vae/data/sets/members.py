"""The files of a public data set, in the archive that its makers published or unpacked beside it."""

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

_DAMAGE = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError)
"""What tarfile and gzip raise on a file that is not what it should be."""


def file_in(folder: Path, *names: str) -> Path:
    """Return the first of these files that the folder holds; raises DataError."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"the folder must hold {' or '.join(names)}, got '{folder}'")


def members(folder: Path, archive: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the archive's files whose names match, else of those unpacked in the folder.

    Names are without their folders. Raises DataError where the archive is damaged.
    """
    if (folder / archive).is_file():
        yield from _packed(folder / archive, pattern)
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and re.fullmatch(pattern, path.name):
            yield path.name, path.read_bytes()


def _packed(path: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|*") as archive:  # a stream: going back would unpack all of it again
            for member in archive:
                name = Path(member.name).name
                check_growth(member.size, path, FREE_IMAGES, DataError)  # of those that are passed over, too
                if member.isfile() and re.fullmatch(pattern, name):
                    stream = archive.extractfile(member)
                    yield name, b"" if stream is None else stream.read()
    except _DAMAGE as error:
        raise DataError(f"'{path}' is a damaged archive: {' '.join(str(error).split())[:200]}") from error
