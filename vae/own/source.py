"""Where the source of a user's network lies, and the function in it.

Importing it runs it. So it is imported where somebody named it in this call, and never because a file says so.
"""

import functools
import hashlib
import importlib
import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from vae.errors import ConfigError, EngineError, ResultsError, VaekitError
from vae.parameters import is_own

Build = Callable[[tuple[int, ...], int, int], Any]
"""The user's function: (shape of a sample, latent_dim, hidden_dim) to a torch module."""


@dataclass(frozen=True)
class Source:
    """A network of the user's own, as this process found it."""

    network: str
    """MODULE:FUNCTION."""
    folder: str
    """Where Python looks for the module."""
    hash: str
    """SHA-256 of the module's file, in hex; of what the module imports it knows nothing."""


class NotNamedError(ResultsError):
    """A results folder asks for a network of the user's own, which nobody named in this call."""


_read: dict[str, str] = {}
"""The hash of each module's file as it was last imported."""


def look_in(folder: Path) -> None:
    """Let modules be found in a folder too, after all that Python knows already."""
    if (path := str(folder.resolve())) not in sys.path:
        sys.path.append(path)


def find_source(network: str) -> Source:
    """Import a network's module and say what it is; ConfigError where that fails or it has no such function."""
    module, _ = _imported(network)
    file = Path(str(module.__file__))
    above = module.__name__.count(".") + (file.name == "__init__.py")
    return Source(network, str(file.resolve().parents[above]), _hash(module))


def unnamed(networks: str, named: str | None) -> list[str]:
    """Return those of a folder's networks a,b,c that are the user's own and not among those `named` in this call."""
    return [network for network in networks.split(",") if is_own(network) and network not in (named or "").split(",")]


def check_named(networks: str, named: str | None) -> None:
    """Raise NotNamedError where one of a folder's networks a,b,c is the user's own and not among those `named`.

    A results folder is data and imports nothing.
    """
    if lacking := unnamed(networks, named):
        names = ",".join(lacking)
        raise NotNamedError(
            f"network {names} is code of yours, which a results folder cannot ask for; name it again with "
            f"--network {names}"
        )


def check_unchanged(network: str, trained: str | None) -> None:
    """Raise ResultsError where a network's source has another hash than the one it was trained with."""
    here = find_source(network).hash
    if trained not in (None, here):
        raise ResultsError(f"network {network} has changed since training (hash {here[:12]} for {trained[:12]})")


def load(network: str) -> Build:
    """Return a network's function, as its file stands now; ConfigError where it cannot be imported."""
    return _imported(network)[1]


@functools.cache
def bring(source: Source) -> None:
    """Import in this process, a worker, what its coordinator found; EngineError where that is not there, or another."""
    look_in(Path(source.folder))
    rule = f"network {source.network} must be the same file on every worker"
    try:
        here = find_source(source.network)
    except ConfigError as error:
        raise EngineError(f"{rule}, got on {platform.node()}: {error}") from None
    if here.hash != source.hash:
        raise EngineError(
            f"{rule}, got on {platform.node()} hash {here.hash[:12]} for {source.hash[:12]}: copy it there"
        )


@contextmanager
def one_line(network: str, doing: str) -> Iterator[None]:
    """Say in one line, a ConfigError, what the user's code raised, and where."""
    try:
        yield
    except VaekitError:
        raise
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ConfigError(f"network {network}: {doing} raised {what}") from error


def _imported(network: str) -> tuple[ModuleType, Build]:
    name, _, function = network.partition(":")
    try:
        module = importlib.import_module(name)
        if _read.setdefault(name, _hash(module)) != _hash(module):  # a notebook outlives what its user edits
            module = importlib.reload(module)
            _read[name] = _hash(module)
    except Exception as error:  # whatever the user's file raises
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ConfigError(
            f"network {network} cannot be imported ({what}): put its file beside the spec, into this folder or on "
            "PYTHONPATH"
        ) from error
    build = getattr(module, function, None)
    if not callable(build):
        raise ConfigError(f"network {network} needs a function {function} in {module.__file__}, got none")
    return module, build


def _hash(module: ModuleType) -> str:
    """Hash the file of a module; ImportError where it has none, such as a session of one's own."""
    if not getattr(module, "__file__", None):
        raise ImportError(f"{module.__name__} is no file")
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
