"""A sweep's settings and provenance as one table."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.frames.sweep import Sweep


def provenance(sweep: Sweep) -> pd.DataFrame:
    """Return every key of the spec and of the provenance with its value, nested keys joined by dots."""
    files = {"sweep.toml": sweep.spec, "provenance.json": sweep.provenance}
    rows = [(file, key, value) for file, content in files.items() for key, value in _pairs(content)]
    return pd.DataFrame(rows, columns=["file", "key", "value"])


def _pairs(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            value = {str(number): item for number, item in enumerate(value, 1)}
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", text) for inner, text in _pairs(value))
        else:
            yield key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
