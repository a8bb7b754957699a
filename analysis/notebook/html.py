"""Small pieces of HTML for a notebook: a table, a strip of images; whatever stands in a value stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.presentation.words import cells, heading
from analysis.statistics.intervals import SUFFIX
from vae.errors import VaekitError

if TYPE_CHECKING:
    from analysis.frames.run import Run

STRIP = 12
"""Images in a row."""
PIXELS = 40
"""Width of one on the page."""


def table(frame: pd.DataFrame) -> str:
    """Return a frame as a report shows it: headings with units, sensible digits, a half-width beside its mean."""
    headings = [heading(str(column)) for column in frame if not str(column).endswith(SUFFIX)]
    return str(pd.DataFrame(cells(frame), columns=headings).to_html(index=False, border=0))


def strip(run: Run) -> str:
    """Return test images above their reconstructions; nothing of a table, or where a run has no weights or no data."""
    from analysis.presentation.mosaic import data_address, mosaic

    if run.sweep.is_table:
        return ""
    try:
        images = run.sweep.images("test", run.sweep.thinned("test", STRIP))
        rows = np.stack([images, run.reconstruct(images)])
    except VaekitError:
        return ""
    address = data_address(mosaic(run.sweep.brightness(rows)))
    return (
        f'<img src="{address}" width="{PIXELS * len(images)}" style="image-rendering: pixelated" '
        'alt="test images, and below them their reconstructions">'
    )
