import functools
import re
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.frames.sweep import open_sweep
from analysis.presentation.section import Section
from analysis.presentation.style import saved
from analysis.presentation.view import View
from analysis.presentation.words import cells
from analysis.provenance.section import provenance_sections
from analysis.report.chapters import of_sections
from analysis.report.contents import chapters
from analysis.report.write import KINDS, render, write_report
from tests.drawing import draw_only
from tests.synthetic import PROVENANCE, write_sweep
from vae.columns import BETA_NORMALISED, RUNS
from vae.errors import ResultsError

HOSTILE = "<script>alert(1)</script> $\\frac{ {{ 7 * 7 }} & \"'"
TABLES = {"trials", "runs", "states"}
GRID = [{"latent_dim": n, "beta": b, "hidden_dim": 64} for n in (2, 4, 8) for b in (0.5, 1.0)]
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "failures": {"trials": 8, "failed": {0: "run 0: loss was NaN", 3: HOSTILE}, "data": HOSTILE},
    "one seed": {"trials": 8, "seeds": 1},
    "one trial": {"trials": 1},
    "one trial, one seed, one epoch": {"trials": 1, "seeds": 1, "epochs": 1},
    "two trials": {"trials": 2},
    "pareto": {
        "trials": 8,
        "objective": "rate_nats:min,distortion_nats:min",
        "mode": "optimize",
        "sampler": "tpe",
    },
    "incomplete": {"trials": 24, "asked": 5},
    "nothing complete": {"trials": 2, "failed": {0: "NaN", 1: "NaN"}},
    "negative distortions": {"trials": 8, "likelihood": "gaussian", "offset": -80.0},
    "beta fixed": {
        "points": [p | {"beta": 1.0} for p in GRID],
        "trials": 6,
        "beta": "1",
        "latent_dim": "2,4,8",
    },
    "beta zero": {"points": [p | {"beta": 2 * p["beta"] - 1} for p in GRID], "trials": 6, "beta": "0,1"},
    "all fixed": {"points": GRID[:1], "trials": 1, "beta": "0.5", "latent_dim": "2", "hidden_dim": "64"},
    "grid": {"points": GRID, "trials": 6, "sampler": "grid", "beta": "0.5,1", "latent_dim": "2,4,8"},
    "no provenance": {"trials": 2, "provenance": {}},
}


class Page(HTMLParser):
    """The links, images, tags and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.identities: set[str] = set()
        self.words: list[str] = []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.identities |= {given["id"] or ""} if "id" in given else set()
        self.targets += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        if self.lasttag not in ("style", "script"):
            self.words.append(data)


class Reported:
    """A sweep whose report is written, its sections and its page."""

    def __init__(self, path: Path, case: dict[str, Any], kinds: Sequence[str] = KINDS) -> None:
        self.sweep = open_sweep(write_sweep(path / "sweep", **case).path)
        self.folder = self.sweep.folder
        self.chapters = chapters(View(self.sweep))
        self.parts = [section for chapter in self.chapters for section in chapter.shown]
        with pytest.MonkeyPatch.context() as patch:  # what costs most is built once
            patch.setattr("analysis.report.write.chapters", lambda view: self.chapters)
            draw_only(patch, *kinds)
            assert write_report(self.sweep) == self.folder.report.page
        self.page = Page(self.folder.report.page)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reported]:
    """The report of a case, written once; the first is drawn in both kinds, the others as the page shows them."""

    def write(case: str) -> Reported:
        kinds = KINDS if case == "default" else ("svg",)
        return Reported(tmp_path_factory.mktemp("case"), CASES[case], kinds)

    return functools.cache(write)


@pytest.fixture(params=CASES)
def reported(request: pytest.FixtureRequest, reports: Callable[[str], Reported]) -> Reported:
    """Every case."""
    return reports(request.param)


def axis_labels(figure: Figure) -> Iterator[str]:
    for axes in figure.axes:
        if axes.get_label() != "<colorbar>":
            yield axes.get_xlabel()
        yield axes.get_ylabel()


def test_every_target_exists_and_none_is_elsewhere(reported: Reported) -> None:
    page = reported.page
    assert page.targets
    for target in page.targets:
        if target.startswith("#"):
            assert target[1:] in page.identities
        else:
            assert (reported.folder.report.path / target).stat().st_size > 0
    assert "://" not in page.html.partition("<script")[0]
    assert "link" not in page.tags
    assert page.tags.count("script") in (1, 3)  # our own; data and Plotly


def test_tables_stand_beside_the_page(reported: Reported) -> None:
    written = {path.stem for path in reported.folder.report.tables.iterdir()}
    assert written >= TABLES
    assert written == {section.slug for section in reported.parts if len(section.table.columns)}
    runs = pd.read_csv(reported.folder.report.tables / "runs.csv")
    assert tuple(name for name in runs if name != BETA_NORMALISED) == RUNS
    assert len(runs) == len(reported.sweep.runs)


def test_every_axis_says_its_unit(reported: Reported) -> None:
    for figure in [section.figure for section in reported.parts if section.figure is not None]:
        for label in axis_labels(figure):
            assert re.fullmatch(r"[^()]+\([^()]+\)", label.replace("\n", " ")), label


def test_numbers_on_the_page_stand_in_the_leaderboard(reported: Reported) -> None:
    shown = next((section.preview for section in reported.parts if section.slug == "leaderboard"), None)
    if shown is None:
        assert reported.sweep.trials["state"].ne("COMPLETE").all()
        return
    table = pd.read_csv(reported.folder.report.tables / "leaderboard.csv")
    assert len(shown) == len(table)
    for row in cells(table.reindex(columns=list(shown))):
        assert " ".join(row[1:]) in reported.page.text  # the links to its runs stand after its trial


PHRASES = {
    "default": [
        "24 of 24 trials complete",
        "Mode explore",
        "3 seeds a trial",
        "± a 95 % interval). It is best: it leads trial",
    ],
    "failures": [
        "6 of 8 trials complete, 0 pruned, 2 failed",
        "run 0: loss was NaN",
        "2 trials failed",
        HOSTILE,
    ],
    "one seed": ["one seed, so no interval"],
    "one trial": ["1 of 1 trial complete", "(every complete trial has beta"],
    "pareto": ["dominated by no other", "Mode optimize", "biased rate-distortion curve"],
    "incomplete": ["5 of 24 trials complete", "The sweep is incomplete"],
    "nothing complete": ["No trial is complete", "Left out: ", "(no trial is complete)"],
    "negative distortions": ["gaussian likelihood"],
    "beta fixed": ["The effect of beta (every complete trial has beta 1)"],
    "all fixed": ["latent dimensions 2, beta 0.5 and hidden width 64 fixed"],
    "grid": ["the mean over the trials in each column"],
}


@pytest.mark.parametrize(("case", "phrases"), PHRASES.items(), ids=PHRASES.keys())
def test_the_page_says(case: str, phrases: list[str], reports: Callable[[str], Reported]) -> None:
    text = reports(case).page.text
    assert [phrase for phrase in phrases if " ".join(phrase.split()) not in text] == []


def test_one_seed_shows_no_interval(reports: Callable[[str], Reported]) -> None:
    text = reports("one seed").page.text
    assert not re.search(r"\bnan\b", text.lower())
    assert not re.search(r"\d ± \d", text)


def test_the_command_and_the_versions_are_told(reports: Callable[[str], Reported]) -> None:
    text = reports("default").page.text
    assert "sweep.toml --out again" in text
    assert "versions.torch 2.13.0" in text


def test_the_command_starts_from_the_resolved_spec(tmp_path: Path) -> None:
    sweep = open_sweep(write_sweep(tmp_path / "my sweep", trials=2).path)
    code = [section.code for section in provenance_sections(View(sweep)) if section.code]
    assert code == [f"vaekit sweep '{tmp_path}/my sweep/sweep.toml' --out again"]


def test_a_report_written_again_is_the_same(tmp_path: Path) -> None:
    sweep = Reported(tmp_path, {"trials": 3}).sweep
    files = {path: path.read_bytes() for path in sweep.folder.report.path.rglob("*.*") if path.is_file()}
    write_report(open_sweep(sweep.path))
    assert {path: path.read_bytes() for path in files} == files
    assert len(files) == len(list(sweep.folder.report.path.rglob("*.*")))


def test_a_section_needs_no_change_of_the_page() -> None:
    figure = Figure()
    figure.subplots().plot([1, 2])
    table = pd.DataFrame({"x": [1.0], "x_half_width": [0.25]})
    part = Section(title=HOSTILE, slug="new", sentence="One.\n\nTwo.", figure=figure, table=table, preview=table)
    html = render("name", of_sections([part]))
    assert "<p>One.</p>" in html
    assert html.count("<script>") == 1  # our own
    assert "1.00 ± 0.25" in html
    assert saved(figure, "svg").startswith(b"<?xml")


def test_a_hostile_name_stays_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only(monkeypatch, "svg")
    name = HOSTILE.replace("/", "")
    sweep = open_sweep(write_sweep(tmp_path / name, trials=2, name=name).path)
    page = Page(write_report(sweep))
    assert " ".join(name.split()) in page.text
    assert page.tags.count("script") == 3  # data, Plotly, our own


def test_what_was_decided_of_the_data_is_said(tmp_path: Path) -> None:
    notes = ["white is taken to be 255", "the label is the subfolder, one of cat, dog"]
    provenance: dict[str, Any] = {**PROVENANCE, "data": {"notes": notes}}
    folder = write_sweep(tmp_path / "noted", provenance=provenance)
    first, *_ = provenance_sections(View(open_sweep(folder.path)))
    assert f"Of the data: {notes[0]}; {notes[1]}. To repeat it" in first.sentence
    folder.write_provenance(provenance | {"data": {"notes": [3]}})
    with pytest.raises(ResultsError, match="notes must be texts"):
        folder.read_provenance()
