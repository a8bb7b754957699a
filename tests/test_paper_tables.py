"""Tables for a paper: LaTeX that balances, Markdown that is a table, and every special character escaped."""

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis.frames.sweep import Sweep
from analysis.paper.export import export
from analysis.paper.tables import Table, latex, markdown, tables
from analysis.presentation.view import View
from tests.synthetic import write_sweep
from vae.errors import ConfigError, ResultsError

TABLE = Table(
    name="few",
    caption="50 % of a_b & c\nin {braces}, #1 ~ \\ ^ $",
    frame=pd.DataFrame(
        {
            "trial": [3, 12],
            "elbo_nats": [-24.301, -25.0],
            "elbo_nats_half_width": [0.1234, float("nan")],
            "score": ["dci_x", "a|b*"],
        }
    ),
)


def test_latex_with_numbers_as_formulas_and_the_rest_escaped() -> None:
    lines = latex(TABLE).splitlines()
    assert lines[0] == r"% \usepackage{booktabs}"
    assert lines[3] == (
        r"  \caption{50 \% of a\_b \& c in \{braces\}, \#1 \textasciitilde{} \textbackslash{} \textasciicircum{} \$}"
    )
    assert lines[4:] == [
        r"  \label{tab:few}",
        r"  \begin{tabular}{rrl}",
        r"    \toprule",
        r"    trial & ELBO (nats) & score \\",
        r"    \midrule",
        r"    $3$ & $-24.30 \pm 0.12$ & dci\_x \\",
        r"    $12$ & $-25.00$ & a|b* \\",
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]


def test_markdown_is_a_table() -> None:
    assert markdown(TABLE).splitlines()[-4:] == [
        "| trial | ELBO (nats) | score |",
        "| ---: | ---: | --- |",
        r"| 3 | −24.30 ± 0.12 | dci\_x |",
        r"| 12 | −25.00 | a\|b\* |",
    ]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    path = tmp_path_factory.mktemp("tables") / "s"
    return View(Sweep(write_sweep(path, trials=12, seeds=3, epochs=3)))


def test_a_sweeps_tables_are_its_choice_and_its_leaderboard(view: View) -> None:
    choice, board = tables(view, rows=4)
    assert (choice.name, board.name) == ("choice", "leaderboard")
    assert choice.frame["trial"].iloc[0] == board.frame["trial"].iloc[0] == view.board["trial"].iloc[0]
    assert len(board.frame) == 4
    assert board.caption.startswith("The first 4 of 12 complete trials. Ordered by elbo")
    assert next(iter(tables(view, 12))).name == "choice"


@pytest.mark.parametrize(
    ("to", "names"),
    [
        ("latex", ["choice.tex", "leaderboard.tex"]),
        ("md", ["choice.md", "leaderboard.md"]),
        ("bibtex", ["references.bib"]),
        ("csv", ["trials.csv", "runs.csv", "history.csv", "dims.csv"]),
    ],
)
def test_an_export_writes_its_files(view: View, tmp_path: Path, to: str, names: list[str]) -> None:
    assert [path.name for path in export(view, to, tmp_path / "there")] == names
    if to == "latex":
        text = (tmp_path / "there" / "leaderboard.tex").read_text(encoding="utf-8")
        body = re.findall(r"^    (.*) \\\\$", text, re.MULTILINE)
        assert len(body) == 11
        assert len({row.count(" & ") for row in body}) == 1
        assert text.count("{") == text.count("}")
        assert text.count("$") % 2 == 0
        assert r" \pm " in text
        assert text.isascii()


def test_what_cannot_be_exported_is_told(view: View, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="to must be one of parquet, csv, latex, md, bibtex, got 'xlsx'"):
        export(view, "xlsx", tmp_path)
    with pytest.raises(ConfigError, match="rows must be at least 1"):
        export(view, "md", tmp_path, rows=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot write"):
        export(view, "bibtex", tmp_path / "file")
