"""The report of a small committed study, against its committed tables and text; `pytest --regenerate` renews them."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis.frames.sweep import open_sweep
from analysis.report.write import write_report
from tests.drawing import draw_only
from tests.synthetic import write_sweep

GOLDEN = Path(__file__).parent / "golden" / "report"
STUDY = GOLDEN / "study"
NAME = "study"
MOST_BYTES = 300_000


class Text(HTMLParser):
    """What a reader sees of a page, a line a piece."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        if self.lasttag not in ("style", "script") and data.strip():
            self.lines.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The report of a copy of the study; its golden files are renewed where that was asked for."""
    if request.config.getoption("--regenerate"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        write_sweep(STUDY, name=NAME, trials=32, seeds=2, epochs=12, failed={5: "run 10: loss was NaN"})
    sweep = tmp_path_factory.mktemp("golden") / NAME
    shutil.copytree(STUDY, sweep)
    with pytest.MonkeyPatch.context() as patch:
        draw_only(patch)
        page = write_report(open_sweep(sweep))
    if request.config.getoption("--regenerate"):
        shutil.copytree(page.parent / "tables", GOLDEN / "tables")
        (GOLDEN / "page.txt").write_text(text(page), encoding="utf-8")
    return page


def text(page: Path) -> str:
    lines = Text(page.read_text(encoding="utf-8")).lines
    own = str(page.parent.parent)
    return "\n".join(line.replace(own, NAME) for line in lines) + "\n"


def test_the_page_says_what_it_said(written: Path) -> None:
    assert text(written) == (GOLDEN / "page.txt").read_text(encoding="utf-8")


def test_the_tables_are_what_they_were(written: Path) -> None:
    golden = {path.name: pd.read_csv(path) for path in (GOLDEN / "tables").iterdir()}
    fresh = {path.name: pd.read_csv(path) for path in (written.parent / "tables").iterdir()}
    assert fresh.keys() == golden.keys()
    for name, table in golden.items():
        assert_frame_equal(fresh[name], table, rtol=1e-6, obj=name)


def test_the_committed_files_are_small() -> None:
    sizes = [path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()]
    assert 0 < sum(sizes) < MOST_BYTES
