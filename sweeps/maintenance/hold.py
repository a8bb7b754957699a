"""Holding a sweep that is at rest: while it is checked or retried, no other process works on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from vae.files.results import Folder, busy


@contextmanager
def at_rest(folder: Folder) -> Iterator[None]:
    """Hold the sweep's lock; ResultsError where another process works on it.

    A folder that cannot be written needs no lock: nobody can work on it.
    """
    lock = FileLock(folder.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise busy(folder) from None
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()
