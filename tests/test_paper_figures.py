"""Figures for a paper: as wide as was asked, with text that is text, nothing of the report left out."""

import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import cli
from analysis.effects.section import effect_sections
from analysis.frames.sweep import Sweep
from analysis.paper import figures
from analysis.paper.figures import write_figures
from analysis.paper.fit import fit
from analysis.plane.section import frontier_section
from analysis.presentation.section import Section
from analysis.presentation.style import WIDTH, saved
from analysis.presentation.view import View
from analysis.trials.section import leaderboard_sections
from tests.synthetic import write_sweep
from vae.errors import ConfigError

POINTS = 72
"""Of an inch, in PDF and SVG."""


def some_sections(view: View) -> list[Section]:
    return [frontier_section(view), *effect_sections(view)[:1], *leaderboard_sections(view)]


@pytest.fixture(autouse=True)
def fewer_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "sections", some_sections)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return Sweep(write_sweep(tmp_path_factory.mktemp("paper") / "s", trials=12, seeds=2, epochs=4))


def test_each_figure_is_as_wide_as_asked_and_its_text_is_text(sweep: Sweep, tmp_path: Path) -> None:
    written = write_figures(View(sweep), tmp_path, ("pdf", "svg", "png"), width=3.3, only=["frontier"])
    assert [path.name for path in written] == ["frontier.pdf", "frontier.svg", "frontier.png"]
    pdf, svg, png = (path.read_bytes() for path in written)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert box is not None
    assert float(box[1]) == pytest.approx(3.3 * POINTS, abs=0.01)
    assert b"/Type /Font" in pdf
    assert b"/FontFile2" in pdf, "TrueType, that an editor can edit"
    assert f'width="{3.3 * POINTS:g}pt"'.encode() in svg
    assert b">rate R (nats per image)</text>" in svg
    assert b">frontier</text>" in svg
    assert struct.unpack(">I", png[16:20])[0] == 990, "3.3 inches of 300 dots"


def test_the_same_figure_gives_the_same_bytes() -> None:
    figures = [Figure(), Figure()]
    for figure in figures:
        figure.subplots().plot([0, 1], label="a line")
    for kind in ("pdf", "svg", "png"):
        first, second = (saved(figure, kind, 300) for figure in figures)
        assert first == second
        assert b"CreationDate" not in first


def test_panels_of_a_narrow_figure_stand_below_each_other(sweep: Sweep) -> None:
    figure = effect_sections(View(sweep))[0].figure
    assert figure is not None
    labels = [axes.get_ylabel().replace("\n", " ") for axes in figure.axes]
    fit(figure, 3.3)
    assert [axes.get_ylabel().replace("\n", " ") for axes in figure.axes] == labels
    figure.draw_without_rendering()
    boxes = [axes.get_window_extent() for axes in figure.axes[:4]]
    assert len({round(box.x0) for box in boxes}) == 1
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))


def test_nothing_reaches_over_the_edge_of_a_column(sweep: Sweep) -> None:
    """What is drawn outside is cut off: the box that holds all lies in the figure."""
    for section in some_sections(View(sweep)):
        if section.figure is None:
            continue
        fit(section.figure, 3.3)
        saved(section.figure, "png")
        inches = section.figure.get_tightbbox()
        assert inches.x0 >= -0.01, section.slug
        assert inches.x1 <= 3.31, section.slug


def test_a_wide_legend_has_fewer_columns_and_all_its_names() -> None:
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    names = [f"a curve with a long name, number {number}" for number in range(4)]
    for name in names:
        axes.plot([0, 1], label=name)
    figure.legend(loc="outside upper left", ncols=4)
    fit(figure, 3.3)
    (legend,) = figure.legends
    assert legend.get_window_extent().width <= figure.bbox.width
    assert [text.get_text() for text in legend.get_texts()] == names


def test_a_wide_legend_within_a_panel_leaves_room_for_it() -> None:
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    for number in range(3):
        axes.plot([0, 1], label=f"a curve with a name that is far longer than a column is wide, number {number}")
    axes.legend(ncols=3)
    fit(figure, 3.3)
    assert saved(figure, "svg"), "a panel without room would warn"
    assert axes.get_window_extent().width > 0.7 * figure.bbox.width


def test_text_of_nine_points_has_seven(sweep: Sweep) -> None:
    figure = frontier_section(View(sweep)).figure
    assert figure is not None
    fit(figure, 3.3)
    assert figure.axes[0].xaxis.label.get_fontsize() == pytest.approx(7.0)
    figure.draw_without_rendering()
    marks = figure.axes[0].get_xticklabels()
    assert [text.get_fontsize() for text in marks] == pytest.approx([8 * 7 / 9] * len(marks))


def test_a_figure_of_the_reports_width_is_the_reports(sweep: Sweep) -> None:
    first, second = (frontier_section(View(sweep)).figure for _ in range(2))
    assert first is not None
    assert second is not None
    fit(first, WIDTH)
    assert saved(first, "svg") == saved(second, "svg")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"kinds": ("eps",)}, "kind must be one of pdf, svg, png, got 'eps'"),
        ({"width": 1.0}, "width must be from 2 to 20 inches, got 1"),
        ({"width": float("nan")}, "width must be from 2 to 20 inches, got nan"),
        ({"only": ["frontier", "kl"]}, "only must name figures of this report (frontier, effect_beta)"),
    ],
)
def test_what_cannot_be_written_is_told(sweep: Sweep, tmp_path: Path, asked: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        write_figures(View(sweep), tmp_path, **asked)  # type: ignore[arg-type]


def test_the_command_prints_what_it_wrote(
    sweep: Sweep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["vaekit", "figures", str(sweep.path), "--svg"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    own = sweep.path / "figures"
    assert capsys.readouterr().out.split() == [str(own / "frontier.svg"), str(own / "effect_beta.svg")]
    assert (own / "frontier.svg").read_bytes().startswith(b"<?xml")
