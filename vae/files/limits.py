"""How much larger than on disk a file may become in memory: beyond, it is a bomb and no data."""

from pathlib import Path

from vae.errors import VaekitError

MOST_TIMES = 500
"""The images of dSprites, binary and 64 x 64, stand at 130 times the size of their file."""
FREE_IMAGES = 64 * 2**20
"""Bytes of images that any file may hold, however small it is."""
FREE_TABLE = 2**20
"""Bytes of a table that any file may hold, however small it is."""


def check_growth(n_bytes: int, path: Path, free: int, error: type[VaekitError]) -> None:
    """Raise `error` if a file would take `n_bytes` in memory, more than `free` and than MOST_TIMES its size."""
    size = path.stat().st_size
    if n_bytes > max(free, MOST_TIMES * size):
        rule = f"a file must not grow to more than {MOST_TIMES} times its size in memory"
        raise error(f"{rule}, got {n_bytes:,} bytes of {size:,} in {str(path)!r}")
