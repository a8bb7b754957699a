"""Which of the arrays in a file are the samples, which are their factors, and which of their axes is which."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.errors import DataError

IMAGES = ("images", "imgs")
FACTORS = ("factors", "latents_classes")
LABELS, NAMES = "labels", "factor_names"
KNOWN = (*IMAGES, *FACTORS, LABELS, NAMES)
"""Names that say what an array is."""
_DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "x", "y")
_CHANNELS = (1, 3, 4)
_MOST_LISTED = 12

Array = npt.NDArray[Any]


class Found(NamedTuple):
    """An array in a file, as its head says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return " x ".join(map(str, self.shape)) or "one number"


class Chosen(NamedTuple):
    """Which arrays of a file are read."""

    samples: str
    further: tuple[str, ...]
    """Those that are factors or labels, or name them."""
    notes: tuple[str, ...]


def choose(path: Path, found: Mapping[str, Found], key: str | None) -> Chosen:
    """Choose the arrays of a file; DataError where there is no one array that can be meant.

    The samples are the array called `key`, else images or imgs, else the only one of images, else the only table.
    """
    samples, note = _samples(path, found, key)
    count = (found[samples].shape or (0,))[0]
    beside = {name: array for name, array in found.items() if name not in (samples, NAMES)}
    fits = {name for name, array in beside.items() if key is None or array.shape[:1] == (count,)}
    factors = next((name for name in FACTORS if name in fits), None)
    read = [name for name in (factors, LABELS) if name in fits]
    named = [NAMES] if NAMES in found and factors else []
    unread = [name for name, array in beside.items() if name not in read and array.shape[:1] == (count,)]
    notes = [note] if note else []
    if unread:
        notes.append(f"not read: {_listed({name: found[name] for name in unread})}")
    return Chosen(samples, (*(name for name in read if name), *named), tuple(notes))


def factor_columns(path: Path, arrays: Mapping[str, Array]) -> tuple[list[Array], list[str]]:
    """Return factors, each (sample,), and their names, of the arrays that were chosen; raises DataError."""
    columns: list[Array] = []
    names: list[str] = []
    if key := next((name for name in FACTORS if name in arrays), None):
        block, block_names = _named_factors(path, key, arrays[key], arrays.get(NAMES))
        columns += list(block.T)
        names += block_names
    if LABELS in arrays and "label" not in names:
        if arrays[LABELS].ndim != 1:
            raise DataError(f"labels must have shape (image,), got {arrays[LABELS].shape} in '{path}'")
        columns.append(arrays[LABELS])
        names.append("label")
    return columns, names


def is_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether images are (image, channel, height, width): 1, 3 or 4 stand in the second place and not in the last."""
    return len(shape) == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS


def channels_note(shape: tuple[int, ...]) -> str:
    """Say that channels were found to come first."""
    return f"channels come first in the array of {' x '.join(map(str, shape))}, and are put last"


def _samples(path: Path, found: Mapping[str, Found], key: str | None) -> tuple[str, str]:
    if key is not None:
        if key not in found:
            near = difflib.get_close_matches(key, found, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise DataError(f"key must be an array in '{path}' ({_listed(found)}), got '{key}'{hint}")
        return key, ""
    if known := next((name for name in IMAGES if name in found), None):
        return known, ""
    numbers = {name: a for name, a in found.items() if a.dtype.kind in "buif" and name not in (*FACTORS, LABELS)}
    for what, n_axes in (("images", (3, 4)), ("a table", (2,))):
        candidates = {name: array for name, array in numbers.items() if len(array.shape) in n_axes}
        if len(candidates) > 1:
            rule = f"the file must hold one array of {what.removeprefix('a ')}, or be given its name by --key"
            raise DataError(f"{rule}, got {_listed(candidates)} in '{path}'")
        if candidates:
            name = next(iter(candidates))
            return name, f"the array '{name}' is taken for {what}"
    rule = "the file must hold 'images', or one array of them or of a table"
    raise DataError(f"{rule}, got {_listed(found) or 'nothing'} in '{path}'")


def _listed(found: Mapping[str, Found]) -> str:
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return ", ".join(f"'{name[:40]}' ({array})" for name, array in list(found.items())[:_MOST_LISTED]) + more


def _named_factors(path: Path, key: str, factors: Array, names: Array | None) -> tuple[Array, tuple[str, ...]]:
    if factors.ndim != 2 or factors.shape[1] == 0:
        raise DataError(f"{key} must have shape (image, factor), got {factors.shape} in '{path}'")
    if names is not None:
        return factors, _texts(path, names, factors.shape[1])
    if key == "factors" or factors.shape[1] != len(_DSPRITES_FACTORS):
        return factors, tuple(f"factor_{column}" for column in range(factors.shape[1]))
    # dSprites is white throughout: a factor that never varies says nothing about a latent.
    varying = np.flatnonzero((factors != factors[:1]).any(axis=0))
    return factors[:, varying], tuple(_DSPRITES_FACTORS[column] for column in varying)


def _texts(path: Path, names: Array, factors: int) -> tuple[str, ...]:
    texts = tuple(map(str, names.ravel().tolist()))
    if names.dtype.kind != "U" or len(set(texts)) != len(texts) or len(texts) != factors:
        got = f"{len(texts)} of type {names.dtype}"
        raise DataError(f"{NAMES} must be {factors} different texts, one a factor, got {got} in '{path}'")
    return texts
