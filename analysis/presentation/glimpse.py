"""A first look at data: a few images as one picture, or the head of a table."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.style import Style
from rich.text import Text

from analysis.arrays import Float32, Float64
from analysis.presentation.mosaic import levels_of, mosaic, png
from vae.data import Data
from vae.errors import ConfigError
from vae.files.results import write_whole

ROWS, COLUMNS = 4, 8
"""Of the picture."""
HEAD_ROWS, HEAD_COLUMNS = 5, 8
"""Of the table."""
MOST_LEVELS = 12
"""Names of a factor's levels."""
MOST_CELLS = 16
"""Characters of a terminal that an image is wide."""


def picture(data: Data, rows: int = ROWS, columns: int = COLUMNS) -> Float32:
    """Return images from all over the data, as a sweep would train on them, side by side; values from 0 to 1."""
    chosen = np.linspace(0, len(data.images) - 1, rows * columns).astype(np.int64)
    values = data.pixels(chosen).reshape(rows, columns, *data.sample_shape)
    if data.low < 0 or data.high > 1:
        values = (values - np.float32(data.low)) / np.float32(max(data.high - data.low, 1e-12))
    return mosaic(values)


def plain(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `vae.data.describe` says as a terminal shows it: names and texts."""
    fields = dict(info)
    notes, levels = fields.pop("notes"), fields.pop("levels", {})
    fields["factors"] = (
        ", ".join(
            f"{name} ({count if isinstance(count, str) else f'{count} values'})"
            for name, count in info["factors"].items()
        )
        or "none known"
    )
    for name, names in levels.items():
        more = f" and {len(names) - MOST_LEVELS} more" if len(names) > MOST_LEVELS else ""
        fields[name] = ", ".join(names[:MOST_LEVELS]) + more
    return fields | {f"note {number}": note for number, note in enumerate(notes, 1)}


def write_picture(data: Data, path: Path) -> None:
    """Write some images to a PNG file; raises ConfigError for a table, ResultsError where it cannot be written."""
    if data.is_table:
        raise ConfigError(f"picture is for images, got the table '{data.name}'")
    write_whole(path, png(picture(data)))


def blocks(data: Data, width: int) -> Text:
    """Return a row of images in `width` characters of a terminal, each of two pixels, one above the other."""
    cells = min(MOST_CELLS, data.sample_shape[1])
    image = Image.fromarray(levels_of(picture(data, 1, max(1, min(COLUMNS, width // (cells + 1))))))
    share = cells / data.sample_shape[1]
    size = max(1, round(image.width * share)), 2 * max(1, round(image.height * share / 2))
    small = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))
    text = Text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", Style(color="rgb({},{},{})".format(*above), bgcolor="rgb({},{},{})".format(*below)))
        text.append("\n")
    return text


def head(data: Data) -> list[dict[str, Any]]:
    """Return the first rows of a table: of each its factors, and its first features as they were given."""
    rows = np.arange(min(HEAD_ROWS, len(data.images)))
    features = _without_rounding(data, data.given(data.pixels(rows)))
    return [
        dict(_factors(data, int(row))) | dict(zip(data.feature_names[:HEAD_COLUMNS], values.tolist(), strict=False))
        for row, values in zip(rows, features, strict=True)
    ]


def _without_rounding(data: Data, values: Float64) -> Float64:
    """Values to a 100,000th of their unit, below which stands what float32 rounded: 0 and not -2e-8."""
    units = np.ones(1) if data.unit is None else data.unit
    steps = 10.0 ** (np.floor(np.log10(units)) - 5)
    return np.asarray(np.round(values / steps) * steps) + 0.0


def _factors(data: Data, row: int) -> Iterator[tuple[str, Any]]:
    """The factors of a sample, by their levels' names where they have any."""
    if data.factors is None:
        return
    for name, value in zip(data.factor_names, data.factors[row], strict=True):
        yield name, data.factor_levels[name][int(value)] if name in data.factor_levels else value.item()
