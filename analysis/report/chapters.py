"""The page's chapters: each answers one question with the sections that its builders make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from analysis.presentation.nouns import in_words
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.presentation.words import listed

Builder = Callable[[View], list[Section]]
"""Makes sections of a sweep; one that does not apply is `left_out`."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A part of the page that has a place in its navigation."""

    title: str
    slug: str
    """Its address on the page; differs from those of all sections but an only one."""
    builders: tuple[Builder, ...] = ()
    is_folded: bool = False
    """Whether each of its sections opens on a click."""
    sections: tuple[Section, ...] = ()
    """What the builders made, in their order."""

    def filled(self, view: View) -> Chapter:
        """Return the chapter with its sections, in the words of the sweep's data."""
        made = [section for build in self.builders for section in build(view)]
        if view.sweep.is_table:
            made = [in_words(section, view.words) for section in made]
        return replace(self, sections=tuple(made))

    @property
    def shown(self) -> list[Section]:
        """The sections that stand on the page."""
        return [section for section in self.sections if not section.left_out]


def of_sections(sections: Iterable[Section]) -> list[Chapter]:
    """Return a chapter a section, of its title."""
    return [Chapter(title=section.title, slug=section.slug, sections=(section,)) for section in sections]


def all_left_out(chapters: Sequence[Chapter]) -> str:
    """Return one line that names what does not apply, and why; empty where all is shown."""
    titles: dict[str, list[str]] = {}
    for section in [section for chapter in chapters for section in chapter.sections if section.left_out]:
        titles.setdefault(section.left_out, []).append(section.title)
    return "; ".join(f"{listed(named)} ({why})" for why, named in titles.items())
