"""What data that go by a name are, and what reading them may need to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vae.data.raw import RawData

LABEL = {"label": 10}
"""The factors of data whose images have one of ten classes and no other known factor."""


@dataclass(frozen=True)
class Request:
    """What a source may need to know: images that are drawn are drawn at their size, others are fetched to a cache."""

    size: int | None
    cache: Path


@dataclass(frozen=True, kw_only=True)
class Source:
    """Data that go by a name."""

    name: str
    description: str
    samples: int
    shape: tuple[int, ...]
    """(height, width) or (height, width, channel), without --size."""
    factors: Mapping[str, int]
    """Values of each factor."""
    origin: str
    """Where the samples come from: drawn here, downloaded once, from a folder of yours, or with a package."""
    licence: str
    """The licence that their makers state."""
    citation: str = ""
    """The work that describes them, in authors and year; nothing of vaekit's own."""
    read: Callable[[Request], RawData]
    files: Callable[[Request], list[Path]] = lambda request: []
    """The files and folders that are read, by which a change is told; none where samples are drawn."""
