"""A section of a report: one finding, and the table that holds its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from vae.own.source import NotNamedError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vae.errors import ResultsError


@dataclass(frozen=True, kw_only=True)
class Section:
    """One finding: a heading, how to read it, a figure or none, and the table that holds its numbers."""

    title: str
    slug: str
    """Names its files: figures/SLUG.svg, figures/SLUG.png, tables/SLUG.csv."""
    sentence: str
    """Plain text; an empty line parts paragraphs."""
    figure: Figure | None = None
    table: pd.DataFrame
    preview: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The rows and columns of `table` that stand on the page."""
    code: str = ""
    """A command to copy."""


def left_out(title: str, slug: str, table: pd.DataFrame, why: str = "no trial is complete") -> Section:
    """Return a section that only says why there is nothing to show."""
    return Section(title=title, slug=slug, sentence=f"Left out: {why}.", table=table)


def without_weights(error: ResultsError, why: str = "no weights were kept") -> str:
    """Say why there are no weights to read: `why`, or that their network was not named."""
    return str(error) if isinstance(error, NotNamedError) else why
