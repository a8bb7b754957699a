"""All data that go by a name: a new one is a function that returns RawData, and its entry in BUILT_IN or PUBLIC."""

from collections.abc import Iterator
from typing import Any

from vae.data.sets.built_in import BUILT_IN
from vae.data.sets.public import PUBLIC

SOURCES = {source.name: source for source in (*BUILT_IN, *PUBLIC)}


def catalogue() -> Iterator[dict[str, Any]]:
    """Say of all data that go by a name what they are, how they are got and under which licence."""
    for source in SOURCES.values():
        yield {
            "name": source.name,
            "samples": source.samples,
            "shape": " x ".join(map(str, source.shape)),
            "factors": dict(source.factors),
            "origin": source.origin,
            "licence": source.licence,
            "description": source.description,
        }
