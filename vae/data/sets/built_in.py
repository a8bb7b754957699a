"""Data that need no download: digits, and those that are drawn."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vae.data.raw import RawData
from vae.data.sets.grids import COLOUR_SPRITES, SHAPES, SHAPES3D, SPRITES, TINY_SPRITES, Grid, n_combinations
from vae.data.sets.rooms import ROOMS_SIDE, draw_rooms
from vae.data.sets.source import LABEL, Request, Source
from vae.data.sets.sprites import (
    SHAPES_SIDE,
    SPRITES_SIDE,
    TINY_SIDE,
    draw_colour_sprites,
    draw_shapes,
    draw_sprites,
    draw_tiny_sprites,
)
from vae.errors import DataError


def _digits_file() -> Path:
    # Importing scikit-learn takes longer than the rest of a sweep's start; its package carries the table.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("digits needs scikit-learn, which is not installed")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _read_digits(request: Request) -> RawData:
    table = np.loadtxt(_digits_file(), np.uint8, delimiter=",")
    return RawData(
        images=table[:, :-1].reshape(-1, 8, 8),  # grey levels 0 to 16
        scale=1 / 16,
        factors=table[:, -1:].astype(np.int64),
        factor_names=("label",),
    )


def _drawn(
    name: str,
    description: str,
    grid: Grid,
    shape: tuple[int, ...],
    draw: Callable[[int | None], RawData],
    n_samples: int | None = None,
) -> Source:
    return Source(
        name=name,
        description=description,
        samples=n_samples or n_combinations(grid),
        shape=shape,
        factors=grid,
        origin="drawn here",
        licence="vaekit's own (MIT)",
        read=lambda request: draw(request.size),
    )


BUILT_IN = (
    Source(
        name="digits",
        description="handwritten digits, grey",
        samples=1_797,
        shape=(8, 8),
        factors=LABEL,
        origin="with scikit-learn",
        licence="CC BY 4.0 (UCI)",
        citation="Alpaydin & Kaynak 1998",
        read=_read_digits,
        files=lambda request: [_digits_file()],
    ),
    _drawn(
        "sprites",
        "a white sprite over the grid of dSprites' factors (not DeepMind's file); use --limit",
        SPRITES,
        (SPRITES_SIDE, SPRITES_SIDE),
        draw_sprites,
    ),
    _drawn(
        "tiny-sprites",
        "sprites that do not turn, averaged to few grey pixels; trains in seconds",
        TINY_SPRITES,
        (TINY_SIDE, TINY_SIDE),
        draw_tiny_sprites,
    ),
    _drawn(
        "colour-sprites",
        "sprites, each in one of ten hues; use --limit",
        COLOUR_SPRITES,
        (SPRITES_SIDE, SPRITES_SIDE, 3),
        draw_colour_sprites,
        n_combinations(SPRITES),
    ),
    _drawn("shapes", "a white sprite of one size; trains in seconds", SHAPES, (SHAPES_SIDE, SHAPES_SIDE), draw_shapes),
    _drawn(
        "rooms",
        "an object in a coloured room over the grid of Shapes3D's factors (another rendering, not DeepMind's file); "
        "use --limit",
        SHAPES3D,
        (ROOMS_SIDE, ROOMS_SIDE, 3),
        draw_rooms,
    ),
)
