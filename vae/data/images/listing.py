"""What lies in a folder of images: files in the order of their names, their labels and splits."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vae.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pgm", ".ppm", ".pbm")
SPLITS = ("train", "test")
"""Subfolders that are splits where there are no others."""
MOST_NAMED = 5
"""Names that a line lists before it only counts."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of a folder, a split's after another's."""

    folder: Path
    names: list[str]
    """Paths of the images, from the folder."""
    labels: list[int] | None
    """One an image: which of the subfolders it lies in; None where that says nothing."""
    levels: tuple[str, ...]
    """Names of the labels, in sorted order."""
    first_test: int | None
    """Images from this one on lie in `test`; None where there are no such splits."""
    others: list[str]
    """Paths of files that are no images by their suffix."""

    @property
    def notes(self) -> Iterator[str]:
        """Say what was made of the folder."""
        if self.first_test is not None:
            counts = f"{self.first_test:,} and {len(self.names) - self.first_test:,} images"
            yield f"the subfolders {' and '.join(SPLITS)} are its splits, of {counts}"
        if self.levels:
            yield f"the label is the subfolder, one of {listed(self.levels)}"
        if self.others:
            files = "1 other file is" if len(self.others) == 1 else f"{len(self.others):,} other files are"
            yield f"{files} left out: {listed(self.others)}"


def list_folder(folder: Path) -> Listing:
    """Look through a folder and its subfolders; hidden files are skipped; raises DataError where there are no images.

    First-level subfolders are the labels, or those below `train` and `test` where these two are all there is.
    """
    images: list[str] = []
    others: list[str] = []
    start = len(os.path.join(folder, ""))  # noqa: PTH118  a separator, unless there is one
    for path in visible_files(folder):
        (images if path.lower().endswith(SUFFIXES) else others).append(path[start:])
    if not images:
        found = f"only {listed(others)}" if others else "no file"
        rule = f"a folder must hold images ({' '.join(SUFFIXES)}) or IDX files (train-images-idx3-ubyte.gz)"
        raise DataError(f"{rule}, got {found} in '{folder}'")
    heads = {_head(name) for name in images}
    if heads != set(SPLITS):
        return Listing(folder, images, *_labels(folder, images), None, others)
    images.sort(key=lambda name: _head(name) != SPLITS[0])  # stable: within a split they stay in order
    inside = [name.partition(os.sep)[2] for name in images]
    first_test = sum(_head(name) == SPLITS[0] for name in images)
    return Listing(folder, images, *_labels(folder, inside), first_test, others)


def visible_files(folder: Path) -> Iterator[str]:
    """Yield the paths of files in a folder and its subfolders, in the order of their names; raises OSError."""
    for parent, _, files in _walk(folder):
        for name in files:
            yield os.path.join(parent, name)  # noqa: PTH118  a million times


def with_subfolders(folder: Path) -> Iterator[Path]:
    """Yield a folder, its subfolders and all visible files in them; raises OSError."""
    for parent, _, files in _walk(folder):
        yield Path(parent)
        for name in files:
            yield Path(parent, name)


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Put names into a line, and the count of those that are too many."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(_text(name) for name in names[:MOST_NAMED]) + more


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    seen: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_fail):
        stat = Path(parent).stat()
        if (stat.st_dev, stat.st_ino) in seen:  # a link back
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield parent, folders, sorted(name for name in files if not name.startswith("."))


def _fail(error: OSError) -> None:
    raise error


def _head(name: str) -> str:
    """The first-level subfolder of a path; empty where it lies in the folder itself."""
    return name.partition(os.sep)[0] if os.sep in name else ""


def _labels(folder: Path, names: list[str]) -> tuple[list[int] | None, tuple[str, ...]]:
    heads = [_head(name) for name in names]
    levels = sorted(set(heads))
    if len(levels) == 1:
        return None, ()
    if not levels[0]:
        rule = "images must lie in subfolders, which are their labels, or all beside each other"
        raise DataError(f"{rule}, got '{names[heads.index('')]}' beside the subfolder '{levels[1]}' in '{folder}'")
    places = {level: place for place, level in enumerate(levels)}
    return [places[head] for head in heads], tuple(map(_text, levels))


def _text(name: str) -> str:
    """A file's name as text, whatever bytes it is of."""
    return os.fsencode(name).decode("utf-8", "replace")
