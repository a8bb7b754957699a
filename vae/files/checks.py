"""What sweep.toml and provenance.json must hold for a sweep to be read; `sweeps.spec` knows every option's rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vae.columns import parse_objectives
from vae.config import LIKELIHOODS, at_least, at_most, one_of
from vae.errors import ResultsError
from vae.parameters import ALWAYS, PARAMETERS

_TEXTS = ("data", "mode", "objective", "likelihood", *ALWAYS)
_NUMBERS = ("trials", "seeds", "epochs")
_OPTIONAL_NUMBERS = ("stop_after",)
MOST = 10**7
"""Trials, seeds or epochs of a sweep: more is no sweep that anybody trained."""
LARGEST_SIDE = 2**31

Content = dict[str, Any]


def check_spec(spec: Content, path: Path) -> Content:
    """Return the content of sweep.toml if what every reader needs is there; raises a VaekitError.

    A hyperparameter is text there, an axis; what the first version wrote as a number is read as one.
    """
    numbers = {name: spec[name] for name in PARAMETERS if type(spec.get(name)) in (int, float)}
    spec = spec | {name: str(value) for name, value in numbers.items() if name not in ALWAYS}
    for name in (*_TEXTS, *_NUMBERS):
        if name not in spec:
            raise ResultsError(f"sweep.toml must hold {name}, got none in {str(path)!r}")
    for names, kind in (({*_TEXTS, *PARAMETERS}, str), (_NUMBERS, int)):
        for name in names:
            if (name, spec.get(name)) != ("epochs", "auto"):
                _check_type(spec, name, kind, path)
    _check_type(spec, "seed", int, path)
    optional = [name for name in _OPTIONAL_NUMBERS if _check_type(spec, name, int, path) or name in spec]
    counts = {name: spec[name] for name in (*_NUMBERS, *optional) if spec[name] != "auto"}
    at_least(1, **counts)
    at_most(MOST, **counts)
    one_of(LIKELIHOODS, likelihood=spec["likelihood"])
    parse_objectives(spec["objective"])
    return spec


def check_provenance(provenance: Content, path: Path) -> Content:
    """Return the content of provenance.json if the data's hash and the sessions, where there are any, can be read."""
    data = _check_type(provenance, "data", dict, path) or {}
    _check_type(data, "hash", str, path)
    for split in ("train", "validation", "test"):
        at_least(0, **{f"{split} in data of {str(path)!r}": _check_type(data, split, int, path)})
    for network in (networks := _check_type(provenance, "networks", dict, path)):
        _check_type(networks, network, str, path)
    shape = _check_type(data, "image_shape", list, path)
    if not all(type(side) is int and 0 < side <= LARGEST_SIDE for side in shape) or len(shape) > 3:
        raise ResultsError(f"image_shape must be one to three sides, got {str(shape)[:80]} in {str(path)!r}")
    notes = _check_type(data, "notes", list, path) or []
    if not all(isinstance(note, str) for note in notes):
        raise ResultsError(f"notes must be texts, got something else in {str(path)!r}")
    sessions = _check_type(provenance, "sessions", list, path) or []
    if not all(isinstance(session, dict) for session in sessions):
        raise ResultsError(f"sessions must be objects, got something else in {str(path)!r}")
    return provenance


def _check_type(content: Mapping[str, Any], name: str, kind: type, path: Path) -> Any:
    value = content.get(name, kind())
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ResultsError(f"{name} must be of type {kind.__name__}, got {str(value)[:80]!r} in {str(path)!r}")
    return value
