"""Presets by name or file: options that go together, which a sweep's other options override."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae.errors import ConfigError, said
from vae.files.texts import read_toml

FOLDER = Path(__file__).parent
SUFFIX = ".toml"
ABOUT = ("what", "source", "cost")
"""Texts in a file's table `about`: for who reads it, and no options."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Some options, and what is said of them."""

    path: Path
    options: Mapping[str, Any]
    about: Mapping[str, str]
    """Texts by their names in ABOUT."""

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.stem


def presets() -> Iterator[Preset]:
    """Yield vaekit's own presets, by the alphabet."""
    for path in sorted(FOLDER.glob(f"*{SUFFIX}")):
        yield read_preset(path)


def find_preset(name: str) -> Preset:
    """Return the preset of a name, or in a file FILE.toml; ConfigError where there is none or it breaks a rule."""
    if name.endswith(SUFFIX):
        return read_preset(Path(name).expanduser())
    known = {preset.name: preset for preset in presets()}
    if name not in known:
        raise ConfigError(f"preset must be one of {', '.join(known)} or a file FILE{SUFFIX}, got {said(name)}")
    return known[name]


def read_preset(path: Path, what: str = "a preset") -> Preset:
    """Return the preset in a TOML file, called `what` in errors: its options, and what it says of itself in `about`."""
    options = read_toml(path, what, ConfigError)
    about = options.pop("about", {})
    if not isinstance(about, dict):
        raise ConfigError(f"about must be a table of texts, got {said(about)} in {str(path)!r}")
    for name, text in about.items():
        if name not in ABOUT or not isinstance(text, str):
            raise ConfigError(
                f"about must hold the texts {', '.join(ABOUT)}, got {name} = {said(text)} in {str(path)!r}"
            )
    return Preset(path=path, options=options, about=about)


def with_preset(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options above those of the preset that they name, if any; the sweep is called after it.

    Raises ConfigError where there is no such preset.
    """
    named = options.get("preset")
    if named is None:
        return dict(options)
    preset = find_preset(str(named))
    if "preset" in preset.options:
        raise ConfigError(f"a preset cannot name another, got preset = {said(preset.options['preset'])} in {named!r}")
    return {"name": preset.name, **preset.options, **options}
