"""TOML and JSON files from anywhere, read with one clear error and bounded memory."""

import json
import tomllib
from pathlib import Path
from typing import Any

from vae.errors import VaekitError

MOST_TOML_BYTES = 2**14
"""A spec has one short line an option; a parser's memory grows with the square of a line's dots."""
MOST_TOML_BITS = 64
MOST_JSON_BYTES = 2**26
_DAMAGE = (ValueError, RecursionError, OverflowError)
"""What the parsers raise: no TOML or JSON, no UTF-8, nested too deep, a number of too many digits."""


def read_toml(path: Path, what: str, error: type[VaekitError]) -> dict[str, Any]:
    """Return the table in a TOML file, called `what` in the `error` that anything else raises."""
    text = _read(path, what, MOST_TOML_BYTES, error)
    try:
        content = tomllib.loads(text.decode("utf-8"))
        _check_integers(content)
        return content
    except _DAMAGE as reason:
        raise error(f"{what} must be valid TOML, got {_said(reason)} in {str(path)!r}") from None


def read_json(path: Path, what: str, error: type[VaekitError]) -> dict[str, Any]:
    """Return the object in a JSON file, called `what` in the `error` that anything else raises."""
    text = _read(path, what, MOST_JSON_BYTES, error)
    try:
        content = json.loads(text)
    except _DAMAGE as reason:
        raise error(f"{what} must be valid JSON, got {_said(reason)} in {str(path)!r}") from None
    if not isinstance(content, dict):
        raise error(f"{what} must hold one JSON object, got {type(content).__name__} in {str(path)!r}")
    return content


def _read(path: Path, what: str, most: int, error: type[VaekitError]) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as reason:
        raise error(f"cannot read {what} {str(path)!r}: {reason.strerror}") from None
    except ValueError as reason:  # a zero byte in a path
        raise error(f"cannot read {what} {str(path)!r}: {reason}") from None
    if len(content) > most:
        raise error(f"{what} must be of at most {most:,} bytes, got more in {str(path)!r}")
    return content


def _check_integers(value: object) -> None:
    """Raise ValueError for a whole number that TOML has not: Python can neither print nor measure it."""
    if isinstance(value, int) and value.bit_length() > MOST_TOML_BITS:
        raise ValueError(f"a whole number of more than {MOST_TOML_BITS} bits")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_integers(part)


def _said(reason: Exception) -> str:
    return " ".join(str(reason).split())[:200]
