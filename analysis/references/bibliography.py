"""The works that vaekit's code names, as BibTeX: `references.bib` has each once, code calls it `Chen et al. 2018`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("references.bib")
_CITED = re.compile(r"(.+?) \(?(\d{4})")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One work."""

    key: str
    bibtex: str
    """As it stands in the file."""

    @property
    def citation(self) -> str:
        """How code names it: `Krizhevsky 2009`, `Kim & Mnih 2018`, `Chen et al. 2018`."""
        names = [author.partition(",")[0] for author in self.field("author").split(" and ")]
        who = f"{names[0]} et al." if len(names) > 2 else " & ".join(names)
        return f"{who} {self.field('year')}"

    def field(self, name: str) -> str:
        """Return a field's value, or nothing where it has none."""
        found = re.search(rf"^  {name} = {{(.*)}},$", self.bibtex, re.MULTILINE)
        return found[1] if found else ""


@cache
def entries() -> Mapping[str, Entry]:
    """Return all works by how code names them."""
    parts = re.findall(r"^@\w+{(\w+),\n.*?^}$", FILE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    whole = re.findall(r"^@.*?^}$", FILE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    made = [Entry(key=key, bibtex=text) for key, text in zip(parts, whole, strict=True)]
    return {entry.citation: entry for entry in made}


def entry_of(source: str) -> Entry:
    """Return the work that a source names first, as in `Chen et al. 2018 (arXiv 1802.04942), equation 4`."""
    found = _CITED.match(source)
    citation = f"{found[1]} {found[2]}" if found else source
    return entries()[citation]
