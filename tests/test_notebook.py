"""What a notebook has: reprs that help, the report's figures a line each, and no noise."""

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from nbclient import NotebookClient
from rich.console import Console

import vaekit
from analysis.frames.sweep import Sweep as Frames
from analysis.health.section import health_sections
from analysis.metrics import Score
from analysis.presentation.style import SHOWN_PER_INCH, WIDTH, ReportFigure
from analysis.report import contents
from sweeps.coordination import progress
from tests.synthetic import write_sweep
from tests.test_progress import STACKS, status
from vae.errors import ConfigError, ResultsError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Sweep:
    """Of digits, with weights that nobody trained."""
    path = tmp_path_factory.mktemp("notebook") / "some <sweep>"
    write_sweep(path, trials=6, seeds=2, epochs=3, limit=100, pixels=64, failed={4: "run 8: loss was NaN"})
    return vaekit.open(path)


def test_a_sweep_and_a_run_say_what_they_are(sweep: vaekit.Sweep) -> None:
    assert repr(sweep) == f"<Sweep {str(sweep.path)!r}: 5 of 6 trials complete, 12 runs>"
    run, row = sweep.run(3), sweep.runs.loc[3]
    assert repr(run).startswith(f"<Run 3 of {str(sweep.path)!r}: vae, latent dimensions {row['latent_dim']}, beta ")
    assert f"R {row['rate_nats']:.2f}, D {row['distortion_nats']:.2f}, ELBO −{-row['elbo_nats']:.2f} nats>" in repr(run)
    assert repr(sweep.run(8)).endswith(": FAIL>")


def test_what_cannot_be_read_still_has_a_repr(tmp_path: Path) -> None:
    write_sweep(tmp_path / "s", trials=2)
    (tmp_path / "s" / "trials.parquet").write_bytes(b"damaged")
    damaged = vaekit.open(tmp_path / "s")
    assert repr(damaged) == f"Sweep({str(damaged.path)!r})"
    with pytest.raises(ResultsError):
        _ = damaged.trials


def test_a_cell_shows_the_verdict_the_leaderboard_and_a_strip(sweep: vaekit.Sweep) -> None:
    html = sweep._repr_html_()
    assert "<b>some &lt;sweep&gt;</b>" in html
    assert "<sweep>" not in html
    assert html.count("<tr>") == 5
    assert "<th>ELBO (nats)</th>" in html
    assert " ± " in html
    assert 'src="data:image/png;base64,' in html
    assert 'src="data:image/png;base64,' in sweep.run(0)._repr_html_()
    assert "<img" not in sweep.run(8)._repr_html_(), "a run that failed has no weights"


@pytest.mark.parametrize("name", ["choice", "plane", "effects", "kl", "latent_space", "learning", "health"])
def test_each_figure_is_a_line_and_a_notebook_shows_it(sweep: vaekit.Sweep, name: str) -> None:
    figure = getattr(sweep.plot, name)()
    assert isinstance(figure, ReportFigure)
    assert figure.axes[0].get_xlabel()
    if name == "plane":
        picture, shown = figure._repr_png_()
        assert picture.startswith(b"\x89PNG")
        assert shown["width"] == WIDTH * SHOWN_PER_INCH


@pytest.mark.parametrize("name", ["plane", "kl"])
def test_a_figure_goes_into_axes_of_ones_own(sweep: vaekit.Sweep, name: str) -> None:
    figure = Figure(layout="constrained")
    other, own = figure.subplots(1, 2)
    returned = getattr(sweep.plot, name)(ax=own)
    assert returned is own
    assert own.get_ylabel() == getattr(sweep.plot, name)().axes[0].get_ylabel()
    assert not other.has_data()
    assert isinstance(own, Axes)
    assert own.figure is figure


def test_a_figure_by_its_name_and_one_that_is_not_there(sweep: vaekit.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweep.plot.effects("latent_dim").axes[0].get_xlabel().startswith("latent dimensions")
    with pytest.raises(ResultsError, match="no figure of Scores: the runs have no scores"):
        sweep.plot.scores()
    with pytest.raises(ResultsError, match=r"no figure 'effect_depth', only effect_beta, "):
        sweep.plot.effects("depth")


def test_the_pictures_of_a_run(sweep: vaekit.Sweep) -> None:
    plot = sweep.run(2).plot
    assert [t.get_text() for t in plot.reconstructions([4, 7]).axes[0].get_xticklabels()] == ["4", "7"]
    rows = [t.get_text().partition(":")[0] for t in plot.traversal(3, dims=[1, 0]).axes[0].get_yticklabels()]
    assert rows == ["1", "0"]
    assert plot.samples().axes[0].get_title("left").startswith("run 2: R ")
    for figure in (plot.interpolation(3, 5), plot.perturbation(3)):
        assert figure.axes[0].images
    with pytest.raises(ConfigError, match="images must be places in the test split, from 0 to "):
        plot.traversal(-1)


def test_the_report_is_a_line(sweep: vaekit.Sweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def write_report(sweep: Frames, dest: Path | None) -> Path:
        asked.append((sweep, dest))
        return tmp_path

    monkeypatch.setattr("analysis.report.write.write_report", write_report)
    assert sweep.report() == sweep.report(str(tmp_path / "page")) == tmp_path
    assert asked == [(sweep, None), (sweep, tmp_path / "page")]
    assert isinstance(sweep.run(0), vaekit.Run)
    assert sweep.choice().best == sweep.best["trial"]


def test_a_score_says_what_it_may_be_compared_with() -> None:
    plain = Score(value=0.5, samples=10)
    assert repr(plain) == "<Score 0.500, 10 samples>"
    whole = Score(
        value=0.43, samples=120, floor=0.021, floor_deviation=0.004, ceiling=0.98, interval=(0.4, 0.461),
        per_factor=np.array([0.25, 0.61]),
    )  # fmt: skip
    assert repr(whole) == (
        "<Score 0.430, floor 0.021 ± 0.004, ceiling 0.980, 95 % interval 0.400 to 0.461, 120 samples>"
    )
    assert "<tr><th>by factor</th><td>0.250</td><td>0.610</td></tr>" in whole._repr_html_()


def test_a_bar_in_a_cell_is_updated_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []

    class Place:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data)

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Place:
        shown.append(data)
        return Place()

    module: Any = ModuleType("IPython.display")
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(progress, "Console", lambda stderr: Console(file=io.StringIO(), force_jupyter=True))
    with progress.live_progress("elbo") as show:
        show(status(share=0.1))  # too soon after the first
        show(status(complete=4, share=1.0, best=-31.5, in_flight=(STACKS[0], "<b>")))
    first, last = shown
    assert first["text/plain"] == "0% starting the workers"
    assert last["text/plain"] == "100% 4/4 trials, best elbo -31.50"
    assert '<progress value="1.000" max="1"' in last["text/html"]
    assert f"<small>{STACKS[0]}</small><br><small>&lt;b&gt;</small>" in last["text/html"]


def test_an_import_warns_of_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", "import vaekit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_every_line_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sweep(tmp_path / "results" / "digits", trials=6, seeds=1, epochs=20, limit=100, pixels=64)
    page = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contents, "sections", health_sections)
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(compile(block, "notebooks.md", "exec"), names)
    plt.close("all")
    assert isinstance(names["codes"], np.ndarray)


CELLS = (
    "import vaekit\nsweep = vaekit.sweep(trials=2, seeds=1, epochs=2, limit=100, jobs='1', out={out!r})",
    "sweep",
    "sweep.plot.plane()",
    "sweep.run(0).plot.traversal()",
)


@pytest.mark.slow
def test_a_real_notebook(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell.format(out=str(tmp_path))) for cell in CELLS]
    NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
    outputs = [cell["outputs"] for cell in notebook.cells]
    assert [len(output) for output in outputs] == [1, 1, 1, 1], "a bar, and no warning"
    (bar,), (shown,), *drawn = outputs
    assert bar["data"]["text/plain"].startswith("100% 2/2 trials, best elbo ")
    assert "<table" in shown["data"]["text/html"]
    assert all("image/png" in figure["data"] for (figure,) in drawn)


@pytest.mark.slow
def test_types_are_in_the_wheel(tmp_path: Path) -> None:
    code = f"from setuptools import build_meta; print(build_meta.build_wheel({str(tmp_path)!r}))"
    source = tmp_path / "source"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if name.endswith((".py", ".toml", ".typed", ".html", ".css", ".js", ".bib")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        names = set(wheel.namelist())
    assert {f"{room}/py.typed" for room in ("vae", "sweeps", "analysis", "vaekit")} <= names
