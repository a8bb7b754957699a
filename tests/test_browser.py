"""A report in a real browser, from disk: Debian's chromium, without a GPU and without a network."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

import vaekit
from analysis.frames.sweep import open_sweep
from analysis.report.write import write_comparison, write_report
from tests.synthetic import write_sweep

pytestmark = pytest.mark.machine
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
HOSTILE = "<script>alert(1)<b>\"'& %41#?"
ERROR = "<img src=x onerror=alert(2)></script><script>alert(3)</script>"
TRIALS, FAILED, SEEDS = 7, 1, 2
RUNS = (TRIALS - FAILED) * SEEDS
MOST_BYTES = 15_000_000


class Watched:
    """A page that remembers whatever it should not do: speak in the console, ask the network, open a dialog."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400, scripts: bool = True) -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        self.page: Page = context.new_page()
        self.seen: list[str] = []
        self.page.on("console", lambda message: self.seen.append(message.text))
        self.page.on("pageerror", lambda error: self.seen.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("requestfailed", lambda request: self.seen.append(request.url))
        self.page.on("request", lambda request: self._note(request.url))
        self.page.goto(path.as_uri())
        if scripts:
            self.page.wait_for_selector("#parallel .scatterlayer .trace path", state="attached")

    def _dismiss(self, dialog: Dialog) -> None:
        self.seen.append(dialog.message)
        dialog.dismiss()

    def _note(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "about:")):
            self.seen.append(url)

    def count(self) -> str:
        return self.page.locator("#count").inner_text()

    def rows(self) -> int:
        return self.page.locator("#leaderboard tbody tr:visible").count()

    def drag(self, plot: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag a box over a plot, in shares of its width and height."""
        area = self.page.locator(f"{plot} .nsewdrag").first
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        self.page.mouse.move(*corners[1], steps=4)
        self.page.mouse.up()
        self.page.wait_for_function("() => [...document.querySelectorAll('#filters input')].some((i) => i.value)")

    def sheet(self) -> str:
        """The text of the sheet that is open."""
        self.page.wait_for_function("() => document.getElementById('sheet').open")
        frame = self.page.frame_locator("#sheet iframe")
        frame.locator("h1").wait_for()
        return frame.locator("body").inner_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "the browser's tests need chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report where every word that a user can choose is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    data = folder / f"{HOSTILE}.npz"
    np.savez(data, images=np.random.default_rng(0).random((60, 8, 8), dtype=np.float32))
    sweep = write_sweep(
        folder / HOSTILE, trials=TRIALS, seeds=SEEDS, pixels=64, data=str(data), failed={2: ERROR}, name=HOSTILE
    )
    return write_report(open_sweep(sweep.path))


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Watched]:
    """The report, freshly opened; at the end nothing may have been seen."""
    watched = Watched(browser, report)
    yield watched
    assert watched.seen == []
    watched.page.context.close()


def test_all_is_shown_at_first(opened: Watched) -> None:
    assert opened.count() == f"{RUNS} of {RUNS} runs, {TRIALS - FAILED} of {TRIALS - FAILED} trials"
    assert opened.rows() == TRIALS - FAILED
    text = opened.page.locator("body").inner_text()
    assert HOSTILE in text
    assert ERROR in text
    assert opened.page.locator("canvas").count() == 0


def test_pointing_at_a_dot_shows_its_run(opened: Watched) -> None:
    dot = opened.page.locator("#plane .points path").first
    dot.scroll_into_view_if_needed()
    dot.hover(force=True)
    label = opened.page.locator("#plane .hoverlayer")
    label.locator("text").first.wait_for()
    assert "run " in (label.text_content() or "")
    assert "beta" in (label.text_content() or "")


@pytest.mark.parametrize("plot", ["#plane", "#parallel"])
def test_a_box_chooses_runs_and_trials(opened: Watched, plot: str) -> None:
    end = (0.5, 0.99) if plot == "#plane" else (0.12, 0.6)
    opened.drag(plot, (0.01, 0.01), end)
    assert 0 < opened.rows() < TRIALS - FAILED
    assert f"{opened.rows()} of {TRIALS - FAILED} trials" in opened.count()
    opened.page.get_by_role("button", name="Show all").click()
    opened.page.wait_for_function(f"() => document.getElementById('count').textContent.startsWith('{RUNS} of')")
    assert opened.rows() == TRIALS - FAILED


def test_a_filter_keeps_what_lies_within_it(opened: Watched, report: Path) -> None:
    trials = open_sweep(report.parent.parent).trials.query("state == 'COMPLETE'")
    opened.page.locator("#ranges summary").click()
    opened.page.get_by_label("latent dimensions (count), at least").fill("16")
    assert opened.rows() == (trials["latent_dim"] >= 16).sum()
    opened.page.get_by_label("latent dimensions (count), at least").fill("100")
    assert opened.count().startswith("0 of")
    assert opened.rows() == 0


def test_a_dot_opens_its_run(opened: Watched) -> None:
    dot = opened.page.locator("#plane .points path").first
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    text = opened.sheet()
    for part in ("Reconstructions", "Traversal", "Samples", "Latent dimensions", HOSTILE):
        assert part in text
    opened.page.get_by_role("button", name="Close").click()
    assert not opened.page.locator("#sheet").is_visible()


def test_a_link_opens_its_run_and_its_twin(opened: Watched) -> None:
    link = opened.page.locator("#leaderboard tbody a").nth(1)
    run = link.inner_text()
    link.click()
    assert f"Run {run}" in opened.sheet()
    heading = opened.page.frame_locator("#sheet iframe").locator("h1")
    opened.page.frame_locator("#sheet iframe").locator("a").first.click()
    opened.page.wait_for_timeout(300)
    assert heading.inner_text() in {f"Run {int(run) + step}" for step in (-1, 1)}


def test_by_keyboard_alone(opened: Watched) -> None:
    page = opened.page
    page.get_by_role("button", name="Show all").focus()
    for _ in range(10):  # the plots have no stop of their own; all headings together have one
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TR":
            break
    rows = page.locator("#leaderboard tbody tr")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    assert rows.nth(TRIALS - FAILED - 2).evaluate("row => row === document.activeElement")
    run = rows.nth(TRIALS - FAILED - 2).locator("a").first.inner_text()
    page.keyboard.press("Enter")
    assert f"Run {run}" in opened.sheet()
    page.keyboard.press("Escape")
    assert not page.locator("#sheet").is_visible()
    assert rows.nth(TRIALS - FAILED - 2).evaluate("row => row === document.activeElement")


def column(watched: Watched, heading: str) -> list[str]:
    """The texts of a column of the leaderboard, from the top."""
    heads = watched.page.locator("#leaderboard thead th").all_inner_texts()
    place = next(place for place, text in enumerate(heads) if text.startswith(heading))
    return watched.page.locator(f"#leaderboard tbody td:nth-child({place + 1})").all_inner_texts()


def number(text: str) -> float:
    return float(text.split()[0].replace("−", "-"))


def test_a_heading_sorts_the_leaderboard_by_mouse_and_by_keyboard(opened: Watched) -> None:
    page = opened.page
    page.get_by_role("button", name="D (nats)", exact=True).click()
    distortions = [number(text) for text in column(opened, "D (nats)")]
    assert distortions == sorted(distortions)
    assert len(set(distortions)) > 2
    page.locator("#leaderboard thead button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    dims = [number(text) for text in column(opened, "latent")]
    assert dims == sorted(dims, reverse=True)
    assert page.locator("#leaderboard th[aria-sort]").count() == 1
    assert page.locator("#leaderboard th[aria-sort='descending']").inner_text().startswith("latent")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "TR"


def test_any_two_quantities_are_a_plane(opened: Watched, report: Path) -> None:
    runs = open_sweep(report.parent.parent).runs.query("state == 'COMPLETE'")
    bar, room = (opened.page.locator(part).first.bounding_box() for part in ("#plane .colorbar", "#plots .wide"))
    assert bar is not None
    assert room is not None
    assert bar["y"] + bar["height"] <= room["y"] + room["height"] + 1  # the key of its colours is not cut off
    opened.page.get_by_label("across").select_option("active_units")
    drawn = opened.page.evaluate("document.getElementById('plane').data[0].x")
    assert drawn == runs["active_units"].tolist()
    assert opened.page.evaluate("document.getElementById('plane').data[1].visible") is False
    opened.page.get_by_role("button", name="Show all").click()
    assert opened.page.get_by_label("across").input_value() == "active_units"
    opened.page.get_by_label("across").select_option("rate_nats")
    assert opened.page.evaluate("document.getElementById('plane').data[1].visible") is True


def current(page: Page) -> list[str]:
    return page.locator("nav a[aria-current]").all_inner_texts()


def test_the_navigation_follows_the_reader(opened: Watched) -> None:
    page = opened.page
    names = page.locator("nav a").all_inner_texts()
    assert names[0] == "Answer"
    assert len(names) <= 10
    assert current(page) == ["Answer"]
    page.get_by_role("link", name="Training", exact=True).click()
    page.wait_for_function("() => document.querySelector('nav a[aria-current]').textContent === 'Training'")
    box = page.locator("nav").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100  # beside what is read, wherever that is
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('nav a[aria-current]').textContent === 'Reproduce'")
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    addresses = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    shown = [address for address in addresses if not address.startswith(("clip", "legend", "topdefs", "defs", "cb"))]
    assert len(shown) == len(set(shown))


def test_details_are_folded_and_a_link_to_one_opens_it(browser: Browser, report: Path, opened: Watched) -> None:
    page = opened.page
    assert not page.locator("#states table").is_visible()
    page.locator("#states summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#states table").is_visible()
    page.keyboard.press("Enter")
    assert not page.locator("#states table").is_visible()
    context = browser.new_context()
    linked = context.new_page()
    linked.goto(report.as_uri() + "#provenance")
    linked.locator("#provenance table").wait_for(state="visible")
    assert linked.locator("#provenance").evaluate("part => part.getBoundingClientRect().top < innerHeight")
    linked.evaluate("location.hash = '#states'")
    linked.locator("#states table").wait_for(state="visible")
    context.close()


def test_on_paper_everything_is_open(opened: Watched) -> None:
    page = opened.page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#states table").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()


def test_the_dark_page_is_dark(browser: Browser, report: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_selector("#parallel .scatterlayer .trace path", state="attached")
    shade = "one => getComputedStyle(one).getPropertyValue('background-color').match(/[0-9]+/g).map(Number)"
    assert max(page.locator("body").evaluate(shade)) < 60
    paper = page.evaluate("document.getElementById('plane').layout.paper_bgcolor")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => document.getElementById('plane').layout.paper_bgcolor !== '{paper}'")
    context.close()


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_is_wider_than_the_window(browser: Browser, report: Path, width: int) -> None:
    watched = Watched(browser, report, width)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    watched.page.goto((report.parent / "runs" / "0.html").as_uri())
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    assert watched.seen == []


def test_without_scripts_the_page_tells_all(browser: Browser, report: Path) -> None:
    watched = Watched(browser, report, scripts=False)
    assert not watched.page.locator("#plots").is_visible()
    assert watched.page.locator("#trust").is_visible()
    watched.page.locator("#states summary").click()
    assert watched.page.locator("#states table").is_visible()
    assert watched.rows() == TRIALS - FAILED
    assert watched.page.locator("#frontier img").is_visible()
    watched.page.locator("#leaderboard tbody a").first.click()
    assert "Run " in watched.page.locator("h1").inner_text()
    assert watched.seen == []


def test_a_report_of_several_is_silent_too(browser: Browser, report: Path, tmp_path: Path) -> None:
    other = write_sweep(tmp_path / "other", trials=3, likelihood="gaussian")
    page = write_comparison([open_sweep(report.parent.parent), open_sweep(other.path)], tmp_path / HOSTILE)
    for width in (1400, 390):
        watched = Watched(browser, page, width, scripts=False)
        assert watched.page.evaluate("document.documentElement.scrollWidth") == width
        assert HOSTILE in watched.page.locator("h1").inner_text()
        assert watched.seen == []


def test_a_table_with_hostile_columns(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    rows = np.random.default_rng(0).normal(5.0, 2.0, (60, 4))
    names = [HOSTILE, "$x^{", "<img src=x onerror=alert(4)>", "a" * 300]
    sweep = vaekit.sweep(
        data=pd.DataFrame(rows, columns=names), name="rows", out=tmp_path, trials=1, seeds=1, epochs=2, jobs=1,
        latent_dim=2, hidden_dim=16, beta=1,
    )  # fmt: skip
    watched = Watched(browser, write_report(sweep))
    text = watched.page.locator("body").inner_text()
    for wanted in ("Reconstruction of features", "What each dimension moves", *names[:3]):
        assert wanted in text
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 1400
    for sheet in (tmp_path / "rows" / "report" / "runs").glob("*.html"):
        watched.page.goto(sheet.as_uri())
        assert names[2] in watched.page.locator("body").inner_text()
    assert watched.seen == []


def test_a_thousand_runs(browser: Browser, tmp_path: Path) -> None:
    page = write_report(open_sweep(write_sweep(tmp_path / "many", trials=334, epochs=5).path))
    assert page.stat().st_size < MOST_BYTES
    watched = Watched(browser, page)
    watched.drag("#plane", (0.01, 0.01), (0.4, 0.99))
    assert 0 < watched.rows() < 334
    assert watched.seen == []
