"""From options (TOML's, the command line's, Python's) to a resolved spec."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path, PurePath
from typing import Any

from sweeps.presets.presets import read_preset
from sweeps.spec.checks import SAMPLERS
from sweeps.spec.options import Options, of
from sweeps.spec.rungs import PRUNERS
from sweeps.spec.spec import Spec
from vae.config import at_least
from vae.data import SOURCES, source_name
from vae.data_config import COLUMNS
from vae.errors import ConfigError, said
from vae.files.results import Folder
from vae.parameters import PARAMETERS

DEFAULT_TRIALS = 24
TYPES: dict[Any, tuple[type, ...]] = {
    int: (int,), int | None: (int,), float | None: (int, float), bool: (bool,), str: (str,),
}  # fmt: skip
"""What a file or Python may give, by the option's type."""
NOUNS = {
    int: "a whole number", int | None: "a whole number", float | None: "a number", bool: "true or false", str: "text",
}  # fmt: skip
WORDS: dict[str, tuple[str, type[float]]] = {"sigma": ("learned", float), "epochs": ("auto", int)}
"""Options that are a word or a number."""
Note = Callable[[str], None]
"""Takes a line for the user."""


def make_spec(options: Mapping[str, Any], note: Note = lambda line: None) -> Spec:
    """Build a resolved spec; ConfigError for a wrong name, type or value.

    `note` is told where the space has fewer points than the trials that were asked for.
    """
    types = {f.name: f.type for f in fields(Options)}
    for name in options:
        if name not in types:
            near = difflib.get_close_matches(name, types, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigError(f"vaekit sweep has no option {name!r}{hint}")
    values = {name: _typed(name, types[name], value) for name, value in options.items()}
    if "trials" in values:
        at_least(1, trials=values["trials"])  # 0 is the default's way of saying that none were asked
    spec = _resolved(Spec(**values))
    if spec.trials < values.get("trials", 0):
        points = "1 point" if spec.trials == 1 else f"{spec.trials} points"
        note(f"the search space has only {points}, so the sweep ends there instead of at {values['trials']} trials")
    return spec


def spec_in(folder: Folder) -> Spec:
    """Return the spec of a sweep, in the folder where it lies; a VaekitError where it cannot be read."""
    home = folder.path.resolve()
    return make_spec(folder.read_spec() | {"out": str(home.parent), "name": home.name})


def read_spec(path: Path) -> dict[str, Any]:
    """Read the options in a TOML file; ConfigError where it is missing or no TOML."""
    return dict(read_preset(path, "a spec").options)


def _resolved(spec: Spec) -> Spec:
    """Return the spec with every default that depends on another option filled in; no more trials than points."""
    name = spec.name or source_name(spec.data)
    is_by_loss = spec.mode == "explore" and any(axis.by_loss for axis in spec.axes)
    sampler = spec.sampler or ("grid" if is_by_loss else SAMPLERS[spec.mode][0])
    wanted = spec.trials or (spec.size_of_space if sampler == "grid" else DEFAULT_TRIALS)
    return replace(
        spec,
        sampler=sampler,
        pruner=spec.pruner or (PRUNERS[spec.mode][0] if len(spec.objectives) == 1 else "none"),
        trials=min(wanted, spec.size_of_space),
        data=_absolute(spec.data),
        name=name,
    )


def _absolute(data: str) -> str:
    """The path of data that go by a path and are there, so that a sweep goes on from any folder."""
    path = Path(data).expanduser()
    try:
        return str(path.resolve()) if data not in SOURCES and path.exists() else data
    except OSError:
        return data  # what is wrong with it is said where it is read


def _typed(name: str, kind: Any, value: Any) -> Any:
    """Take a value as the option's type, where a file has a more natural one (a number, a list) for a text."""
    known, value = of(Options.__dataclass_fields__[name]), _plain(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in (*PARAMETERS, *COLUMNS) and isinstance(value, list):
        return ",".join(map(str, value))
    if is_number and (name in PARAMETERS or known.numeric):
        return str(value)
    if name in WORDS:
        return _word_or_number(name, value)
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{name} must be {NOUNS[kind]}, got {said(value)}")
    return value


def _plain(value: Any) -> Any:
    """Take what Python gives as what a file gives: paths, ranges, tuples, numpy's numbers and its rows of numbers."""
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) <= 1:
        return value.tolist()
    return [_plain(part) for part in value] if isinstance(value, list | tuple | range) else value


def _word_or_number(name: str, value: Any) -> str | float:
    word, number = WORDS[name]
    try:
        return word if value == word else number(str(value))
    except ValueError:
        kind = "whole number" if number is int else "number"
        raise ConfigError(f"{name} must be {word} or a {kind}, got {said(value)}") from None
