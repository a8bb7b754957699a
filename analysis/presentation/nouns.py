"""What one of the data is called: an image of pixels, or a sample of features where rows of a table are samples.

Sentences, labels and columns speak of images; for a table they are put into its words here, in one place.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.presentation.section import Section

Words = Callable[[str], str]
"""Puts a text into the words of the data."""
OF_TABLES = {"image": "sample", "an image": "a sample", "pixel": "feature"}
PROSE = "sentence"
"""The column of a table that is prose and no value."""
_NOUN = r"(?<![A-Za-z])(an image|image|pixel)(?=s?(?![A-Za-z]))"


def of_images(text: str) -> str:
    """Return the text: it speaks of images already."""
    return text


def of_tables(names: Iterable[str]) -> Words:
    """Return what makes a text speak of samples and features, and leaves `names`, which the user gave, as they are."""
    kept = [re.escape(name) for name in names if re.search(_NOUN, name, re.IGNORECASE)]
    pattern = re.compile("|".join([*sorted(kept, key=len, reverse=True), _NOUN]), re.IGNORECASE)

    def words(text: str) -> str:
        return pattern.sub(_put, text)

    return words


def _put(found: re.Match[str]) -> str:
    noun = OF_TABLES.get(found[0].lower())
    if noun is None:
        return found[0]
    return noun.capitalize() if found[0][0].isupper() else noun


def in_words(section: Section, words: Words) -> Section:
    """Return a section that speaks in the words of the data: its texts, its columns and its figure."""
    if section.figure is not None:
        _put_figure(section.figure, words)
    return replace(
        section,
        title=words(section.title),
        sentence=words(section.sentence),
        checks=[(passed, words(question), words(finding)) for passed, question, finding in section.checks],
        reading=words(section.reading),
        left_out=words(section.left_out),
        table=_table_in_words(section.table, words),
        preview=_table_in_words(section.preview, words),
    )


def _table_in_words(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    prose = {PROSE: table[PROSE].map(words)} if PROSE in table else {}
    return table.assign(**prose).rename(columns=lambda name: words(str(name)))


def everywhere(value: Any, words: Words) -> Any:
    """Return what JSON can hold with every text in it, but for keys, in the words of the data."""
    if isinstance(value, str):
        return words(value)
    if isinstance(value, list):
        return [everywhere(part, words) for part in value]
    return {key: everywhere(part, words) for key, part in value.items()} if isinstance(value, dict) else value


def _put_figure(figure: Figure, words: Words) -> None:
    for text in figure.findobj(lambda artist: isinstance(artist, Text)):
        plain: Any = text
        plain.set_text(words(plain.get_text()))
