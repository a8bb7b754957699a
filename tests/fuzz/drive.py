"""Feed readers mutated files and note whatever is not an answer: another exception, a hang, memory."""

import random
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.mutations import Mutate, mutate_bytes
from vae.errors import VaekitError

MOST_SECONDS = 10.0
"""One input may take so long; it is milliseconds where nothing is wrong."""


@dataclass(frozen=True)
class Reader:
    """A reader under test, with a valid file for it."""

    name: str
    make: Callable[[Path], Path]
    """Write valid files into an empty folder, and return the one to mutate."""
    read: Callable[[Path], object]
    """Read the mutated file, at the path that `make` gave."""
    mutate: Mutate
    """One structural mutation."""


@dataclass
class Outcome:
    """What came of the inputs of one reader."""

    inputs: int = 0
    structural: int = 0
    accepted: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


class Hang(BaseException):
    """An input took longer than MOST_SECONDS."""


def drive(reader: Reader, folder: Path, inputs: int, seed: int) -> Outcome:
    """Read so many mutated files, half of them mutated in structure; the valid file must be read first."""
    folder.mkdir(parents=True)
    path = reader.make(folder)
    valid = path.read_bytes()
    reader.read(path)
    outcome = Outcome()
    for number in range(inputs):
        rng = random.Random(f"{reader.name} {seed} {number}")
        structural = number % 2 == 0
        path.write_bytes((reader.mutate if structural else mutate_bytes)(valid, rng))
        start = time.perf_counter()
        problem = _attempt(reader, path, outcome)
        outcome.inputs += 1
        outcome.structural += structural
        outcome.slowest_seconds = max(outcome.slowest_seconds, time.perf_counter() - start)
        if problem:
            outcome.failures.append(f"{reader.name} seed {seed} input {number}: {problem}")
    path.write_bytes(valid)
    reader.read(path)
    return outcome


def _attempt(reader: Reader, path: Path, outcome: Outcome) -> str:
    try:
        with _no_longer_than(MOST_SECONDS), warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(path)
        outcome.accepted += 1
    except VaekitError as error:
        outcome.refused += 1
        if "\n" in str(error):
            return f"an error of several lines: {error}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(error.__traceback__)
        ours = [
            frame for frame in where if "site-packages" not in frame.filename and "/lib/python" not in frame.filename
        ]
        last = ours[-1] if ours else where[-1]
        return (
            f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {' '.join(str(error).split())[:200]}"
        )
    return ""


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise Hang(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def resident_bytes() -> int:
    """Most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def limit_memory(more: int) -> None:
    """Let this process map no more than so many bytes beyond what it maps now: the machine is not to suffer."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, resource.RLIM_INFINITY))
