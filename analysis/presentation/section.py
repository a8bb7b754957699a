"""A section of a report: one finding, and the table that holds its numbers."""

from __future__ import annotations

from collections.abc import Sequence
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
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    preview: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The rows and columns of `table` that stand on the page."""
    code: str = ""
    """A command or a text to copy."""
    reading: str = ""
    """How to read the figure or the table, as `sentence`; folded on the page."""
    checks: Sequence[tuple[bool, str, str]] = ()
    """Whether each is passed, its question and what was found."""
    is_half: bool = False
    """Whether it stands beside its neighbour where the window is wide."""
    left_out: str = ""
    """Why there is nothing to show: the page's closing line names it, and no file is written."""

    @property
    def has_files(self) -> bool:
        """Whether it has a figure, or a table with a column at least."""
        return self.figure is not None or len(self.table.columns) > 0


def left_out(title: str, slug: str, why: str = "no trial is complete") -> Section:
    """Return what stands for a section that does not apply."""
    return Section(title=title, slug=slug, sentence=f"Left out: {why}.", left_out=why)


def without_weights(error: ResultsError, why: str = "no weights were kept") -> str:
    """Say why there are no weights to read: `why`, or that their network was not named."""
    return str(error) if isinstance(error, NotNamedError) else why
