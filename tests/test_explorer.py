"""The explorer's data, the run sheets, the findings of a summary, and sweeps side by side."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from analysis.comparison.section import labelled, side_by_side
from analysis.comparison.tables import spec_differences
from analysis.effects.effect import effect
from analysis.frames.sweep import Sweep, open_sweep
from analysis.presentation.mosaic import data_address, mosaic, png
from analysis.presentation.view import View
from analysis.report import parallel as share_out
from analysis.report.explorer import explorer
from analysis.report.page import fill
from analysis.report.sheets import Sheets
from analysis.report.write import write_comparison, write_report
from analysis.scores.floors import Floor
from analysis.summary import findings
from tests.drawing import draw_only
from tests.synthetic import write_sweep
from vae.errors import ConfigError, ResultsError

HOSTILE = "<script>alert(1)</script> \"' </textarea>"


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return open_sweep(write_sweep(tmp_path / "s", trials=6, seeds=2, epochs=3, pixels=64).path)


def explored(sweep: Sweep) -> dict[str, Any]:
    data = explorer(View(sweep))
    assert data is not None
    return data


def test_the_plane_shows_every_run_where_the_frame_says(sweep: Sweep) -> None:
    data = explored(sweep)
    dots = data["plane"]["data"][0]
    assert data["runs"] == sweep.runs["run"].tolist()
    assert_array_equal(dots["x"], sweep.runs["rate_nats"])
    assert_array_equal(dots["y"], sweep.runs["distortion_nats"])
    for run, text in zip(data["runs"], data["texts"], strict=True):
        assert text.startswith(f"<b>run {run}</b>")


def test_only_traces_that_are_drawn_as_svg(sweep: Sweep) -> None:
    data = explored(sweep)
    assert {trace["type"] for part in ("plane", "parallel") for trace in data[part]["data"]} == {"scatter"}


def test_every_axis_has_a_unit(sweep: Sweep) -> None:
    data = explored(sweep)
    titles = [data["plane"]["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    for label in [*titles, *(axis["label"] for axis in data["axes"])]:
        assert re.fullmatch(r"[^()]+\([^()]+\)", label), label


def test_positions_keep_the_order_and_fill_the_axis(sweep: Sweep) -> None:
    for axis in explored(sweep)["axes"]:
        assert min(axis["positions"]) == 0
        assert max(axis["positions"]) == 1
        assert_array_equal(np.argsort(axis["positions"], kind="stable"), np.argsort(axis["values"], kind="stable"))
        assert_allclose(axis["values"], sweep.runs[axis["name"]], rtol=1e-5)


def test_it_is_json_without_nan(sweep: Sweep) -> None:
    assert json.loads(json.dumps(explored(sweep), allow_nan=False))["runs"] == sweep.runs["run"].tolist()


def test_nothing_finished_nothing_explored(tmp_path: Path) -> None:
    failed = open_sweep(write_sweep(tmp_path / "s", trials=1, failed={0: "NaN"}).path)
    assert explorer(View(failed)) is None


def test_a_mosaic_keeps_every_image() -> None:
    images = np.random.default_rng(0).random((2, 3, 4, 5), dtype=np.float32)
    whole = mosaic(images)
    assert whole.shape == (2 * 5 - 1, 3 * 6 - 1)
    assert_array_equal(whole[5:9, 6:11], images[1, 1])
    assert (whole[4] == 1).all()


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_a_png_of_any_channels(channels: tuple[int, ...]) -> None:
    from matplotlib.image import imread

    image = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    read = imread(
        __import__("io").BytesIO(png(np.broadcast_to(image.reshape(3, 4, *(1,) * len(channels)), (3, 4, *channels))))
    )
    assert_allclose(read if read.ndim == 2 else read[..., 0], image, atol=1 / 255)


def test_a_sheet_traverses_as_the_report_does(sweep: Sweep) -> None:
    run = sweep.run(3)
    moved = run.traverse(sweep.images("test", sweep.thinned("test", 8))[0], run.ranked_dims[:8].tolist())
    assert f'src="{data_address(mosaic(moved.images))}"' in Sheets(sweep).render(3)


def test_a_sheet_tells_parameters_dimensions_and_twins(sweep: Sweep) -> None:
    html = Sheets(sweep).render(3)
    row = sweep.runs.set_index("run").loc[3]
    assert "<h1>Run 3</h1>" in html
    assert f"<dd>{row['latent_dim']}</dd>" in html
    assert html.count('class="bar"') == row["latent_dim"]
    assert html.count("data:image/png") == 4
    assert 'href="2.html"' in html
    assert "://" not in html
    assert "<script" not in html


def test_a_sheet_without_weights_or_of_a_failed_run_says_so(tmp_path: Path) -> None:
    sheets = Sheets(open_sweep(write_sweep(tmp_path / "s", trials=2, seeds=1, failed={1: HOSTILE}).path))
    assert "has no weights of run 0" in sheets.render(0)
    failed = sheets.render(1)
    assert "No pictures: the run did not finish" in failed
    assert "&lt;script&gt;alert(1)" in failed
    assert "<script" not in failed


def test_every_run_has_a_sheet_and_the_leaderboard_leads_there(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only(monkeypatch)  # the same report is drawn below
    page = write_report(sweep)
    sheets = {path.name for path in (page.parent / "runs").iterdir()}
    assert sheets == {f"{run}.html" for run in sweep.runs["run"]}
    assert set(re.findall(r'href="runs/(\d+\.html)"', page.read_text(encoding="utf-8"))) == sheets


def test_shared_out_or_not_the_files_are_the_same(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sweep.path.parent)
    folder = write_report(open_sweep(sweep.path.name)).parent
    here = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    monkeypatch.setattr(share_out, "WORTH_SECONDS", 0.0)
    write_report(open_sweep(sweep.path.name))
    assert {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()} == here


def test_data_in_a_page_cannot_end_its_script() -> None:
    html = fill(
        "report.html",
        name="n",
        kind="k",
        chapters=[],
        left_out="",
        explored={"data": {"axes": [], "x": HOSTILE}, "plotly": ""},
    )
    inside = html.partition('type="application/json">')[2].partition("</script>")[0]
    assert json.loads(inside)["x"] == HOSTILE
    assert html.count("<script") == 3


def means(elbo: list[float], rate: list[float]) -> pd.DataFrame:
    rows = [("elbo_nats", b, m) for b, m in zip((0.5, 1, 4), elbo, strict=True)]
    rows += [("rate_nats", b, m) for b, m in zip((0.5, 1, 4), rate, strict=True)]
    return pd.DataFrame(rows, columns=["quantity", "value", "mean"])


@pytest.mark.parametrize(
    ("elbo", "start"),
    [
        ([-30.0, -25.0, -40.0], "Beta stops paying at about 1 (mean ELBO −25.00 nats per image); from there to 4"),
        ([-20.0, -25.0, -40.0], "Beta pays nothing in ELBO beyond its smallest values at about 0.5"),
        ([-40.0, -30.0, -25.0], "Beta pays to the end: the ELBO still rises at the largest, about 4"),
    ],
)
def test_where_beta_stops_paying(elbo: list[float], start: str) -> None:
    assert findings.beta_pays(means(elbo, [20.0, 12.0, 2.0])).startswith(start)


def test_a_nat_saved_and_a_nat_lost() -> None:
    assert findings.beta_pays(means([-30.0, -25.0, -40.0], [20.0, 12.0, 2.0])).endswith(
        "10.00 nats of rate saved for 15.00 of ELBO."
    )


def test_first_by_each_score(sweep: Sweep) -> None:
    view = View(sweep)
    scores = {"mig": np.linspace(0.1, 0.6, 6), "gaussian_total_correlation": np.linspace(0.1, 3.0, 6)}
    view.sweep.runs = sweep.runs.assign(**{name: of[sweep.runs["trial"]] for name, of in scores.items()})
    view.sweep.runs.loc[::2, "mig"] += 0.05  # what a seed does to all
    floors = {"mig": Floor(0.05, 0.01, 20), "gaussian_total_correlation": Floor(1.0, 0.1, 20)}
    said = findings.first_by_scores(view, lambda _, name: floors[name])
    assert "mig trial 5 (0.625, permuted codes 0.050" in said
    assert "gaussian_total_correlation trial 0 (0.100, permuted codes 1" in said
    rng = np.random.default_rng(0)
    noise = View(open_sweep(sweep.path))
    noise.sweep.runs = sweep.runs.assign(mig=rng.normal(size=len(sweep.runs)))
    assert re.search(
        r"mig trial \d \(.*, not told from \d others\)",
        findings.first_by_scores(noise, lambda *_: Floor(-9.0, 0.1, 20)),
    )
    within = {"mig": Floor(0.6, 0.1, 20), "gaussian_total_correlation": Floor(0.1, 0.01, 20)}
    assert findings.first_by_scores(view, lambda _, name: within[name]) == (
        "No trial is first by mig and gaussian_total_correlation: none rises above the floor of permuted codes."
    )


def test_without_weights_no_floor_is_known_and_nobody_is_first(sweep: Sweep) -> None:
    def unknown(trial: int, name: str) -> Floor:
        raise ResultsError("no weights")

    view = View(sweep)
    view.sweep.runs = sweep.runs.assign(mig=0.5)
    assert findings.first_by_scores(view, unknown).startswith("By scores no trial is called first")


def test_what_was_pruned_and_failed(sweep: Sweep) -> None:
    trials = sweep.trials.assign(
        state=["PRUNED", "FAIL", *["COMPLETE"] * 4], error=["", "loss was NaN\nmore", *[""] * 4]
    )
    said = findings.not_complete(trials, {"pruner": "halving"})
    assert (
        said == "The halving pruner stopped trials that others beat at equal epochs. The first failure: loss was NaN."
    )
    assert findings.not_complete(sweep.trials, {}) == ""


def test_beta_effect_has_the_elbo(sweep: Sweep) -> None:
    table = effect(View(sweep).runs, "beta")
    assert "elbo_nats" in set(table["quantity"])


def test_side_by_side_names_sweeps_and_differences(sweep: Sweep, tmp_path: Path) -> None:
    other = open_sweep(write_sweep(tmp_path / "other", trials=4, likelihood="gaussian").path)
    page = write_comparison([sweep, other])
    assert page == tmp_path / "s-other-report" / "index.html"
    boards = pd.read_csv(page.parent / "tables" / "leaderboards.csv")
    assert boards["sweep"].value_counts().to_dict() == {"s": 6, "other": 4}
    differences = pd.read_csv(page.parent / "tables" / "specs.csv")
    assert ("likelihood", "bernoulli", "gaussian") in set(differences.itertuples(index=False, name=None))
    assert "data" not in set(differences["option"])


def test_sweeps_of_one_name_go_by_their_paths(sweep: Sweep, tmp_path: Path) -> None:
    twin = open_sweep(write_sweep(tmp_path / "elsewhere" / "s", trials=2).path)
    assert list(labelled([sweep, twin])) == [str(sweep.path), str(twin.path)]
    assert len(side_by_side(labelled([sweep, twin]))) == 6


def test_a_report_of_several_takes_no_sweeps_folder(sweep: Sweep) -> None:
    with pytest.raises(ConfigError, match="dest must be a folder of its own"):
        write_comparison([sweep, sweep], sweep.path)


def test_an_option_that_one_spec_lacks_is_a_dash() -> None:
    table = spec_differences({"a": {"x": 1, "name": "a"}, "b": {"x": 1, "y": 2, "name": "b"}})
    assert table.to_dict(orient="records") == [{"option": "y", "a": "–", "b": "2"}]
