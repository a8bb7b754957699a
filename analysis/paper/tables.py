"""Tables as a paper has them: LaTeX with booktabs, or Markdown; numbers with their intervals at sensible digits."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.choice.choice import choice
from analysis.choice.verdict import verdict
from analysis.presentation.view import View
from analysis.presentation.words import cells, heading
from analysis.scores.section import score_sections
from analysis.statistics.intervals import SUFFIX
from analysis.trials.section import leaderboard_sections

ROWS = 10
"""Of the leaderboard."""
ALL = "All complete trials."
"""How the leaderboard's caption begins."""
_NUMBER = re.compile(r"−?[\d.]+( ± [\d.]+)?|–")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "±": r"$\pm$", "–": "--", "²": "$^2$",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
_MARKDOWN = re.compile(r"([\\`*_|<>\[\]])")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its caption; a half-width stands beside its mean."""

    name: str
    caption: str
    frame: pd.DataFrame


def tables(view: View, rows: int = ROWS) -> Iterator[Table]:
    """Yield the choice, the leaderboard's first rows, and the scores, as far as a sweep has them."""
    found = choice(view)
    if len(found.candidates) and "shortfall" in found.candidates:
        kept = found.candidates[~found.candidates["is_worse"].astype(bool)]
        shown = ["trial", *view.parameters, *(n for n in CHOSEN if n in kept)]
        yield Table(name="choice", caption=view.words(verdict(view)), frame=kept[shown])
    for section in leaderboard_sections(view):
        if len(section.preview):
            count = len(section.preview)
            some = f"The first {rows} of {count} complete trials." if rows < count else ALL
            caption = f"{section.sentence} {section.reading}".strip().replace(ALL, some)
            yield Table(name="leaderboard", caption=view.words(caption), frame=section.preview.head(rows))
    for section in score_sections(view):
        if section.slug == "scores" and len(section.preview):
            yield Table(name="scores", caption=view.words(section.sentence.partition("\n\n")[0]), frame=section.preview)


CHOSEN = ("value", "value" + SUFFIX, "n", "shortfall", "shortfall" + SUFFIX, "is_as_good")


def latex(table: Table) -> str:
    """Return a table as LaTeX; it needs the package booktabs."""
    headings, rows = _texts(table.frame)
    sides = "".join("r" if is_number else "l" for is_number in _are_numbers(rows, len(headings)))
    lines = [" & ".join(map(_latex, row)) + r" \\" for row in (headings, *rows)]
    body = "\n".join(f"    {line}" for line in lines[1:])
    return (
        "% \\usepackage{booktabs}\n"
        "\\begin{table}\n  \\centering\n"
        f"  \\caption{{{_latex(table.caption)}}}\n  \\label{{tab:{table.name}}}\n"
        f"  \\begin{{tabular}}{{{sides}}}\n    \\toprule\n    {lines[0]}\n    \\midrule\n{body}\n    \\bottomrule\n"
        "  \\end{tabular}\n\\end{table}\n"
    )


def markdown(table: Table) -> str:
    """Return a table as Markdown, its caption before it."""
    headings, rows = _texts(table.frame)
    rule = ["---:" if is_number else "---" for is_number in _are_numbers(rows, len(headings))]
    escaped = [[_MARKDOWN.sub(r"\\\1", cell) for cell in row] for row in (headings, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in (escaped[0], rule, *escaped[1:])]
    caption = _MARKDOWN.sub(r"\\\1", table.caption)
    return "\n".join([caption, "", *lines]) + "\n"


FORMATS: Mapping[str, tuple[str, Callable[[Table], str]]] = {"latex": ("tex", latex), "md": ("md", markdown)}
"""Ending of the file, and what writes it."""


def _texts(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    names = [str(column) for column in frame if not str(column).endswith(SUFFIX)]
    return [heading(name) for name in names], [[_one_line(cell) for cell in row] for row in cells(frame)]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _are_numbers(rows: Sequence[Sequence[str]], columns: int) -> list[bool]:
    return [all(_NUMBER.fullmatch(row[column]) for row in rows) for column in range(columns)]


def _latex(text: str) -> str:
    """Escape a text; a number with its interval is one formula."""
    if _NUMBER.fullmatch(text) and text != "–":
        formula = text.replace("−", "-").replace("±", r"\pm")
        return f"${formula}$"
    return "".join(_LATEX.get(letter, letter) for letter in _one_line(text))
