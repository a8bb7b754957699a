"""What the figures of a report drew, against the tables beside them: a test a section."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from analysis.effects.section import quantities
from analysis.frames.sweep import open_sweep
from analysis.health.mixture import TERMS
from analysis.pictures import pictures
from analysis.pictures.figures import Panel, mosaic
from analysis.pictures.selection import Shown, shown_runs
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.presentation.words import label, short_label
from analysis.report.contents import sections
from tests.drawn import band, bars, dots, heights, line, lines, picture, places, ticks, whiskers, widths, words
from tests.synthetic import write_sweep

R, D, ELBO = "rate R (nats per image)", "distortion D (nats per image)", "ELBO (nats per image)"


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    points = [
        {"latent_dim": latent, "beta": beta, "hidden_dim": hidden}
        for latent, beta, hidden in itertools.product((2, 4, 8), (0.5, 1.0, 2.0, 4.0, 8.0), (64, 128))
    ]
    path = tmp_path_factory.mktemp("figures") / "s"
    write_sweep(path, points=points, trials=30, seeds=2, epochs=10, offset=5.0, limit=150, pixels=64)
    return View(open_sweep(path))


@pytest.fixture(scope="module")
def shown(view: View) -> Mapping[str, Section]:
    return {section.slug: section for section in sections(view)}


def axes_of(section: Section) -> list[Axes]:
    """The axes of a section's figure, colour scales last."""
    assert section.figure is not None, section.sentence
    return section.figure.axes


def test_the_plane(view: View, shown: Mapping[str, Section]) -> None:
    table, axes = shown["frontier"].table, axes_of(shown["frontier"])[0]
    trials, ring = dots(axes)
    assert words(axes) == (R, D)
    np.testing.assert_allclose(places(trials), table[["rate_nats", "distortion_nats"]])
    np.testing.assert_allclose(np.asarray(trials.get_array()), table["beta"])
    best = table[table["trial"] == view.board["trial"].iloc[0]]
    np.testing.assert_allclose(places(ring), best[["rate_nats", "distortion_nats"]])
    hull = table[table["on_frontier"]].sort_values("rate_nats")[["rate_nats", "distortion_nats"]]
    assert view.zero_rate.nats is not None
    np.testing.assert_allclose(line(axes, "frontier"), np.vstack([(0.0, view.zero_rate.nats), hull]))
    for direction, name in (("x", "rate_nats"), ("y", "distortion_nats")):
        ends = table[name].to_numpy()[:, None] + np.outer(table[f"{name}_half_width"], (-1, 1))
        np.testing.assert_allclose(whiskers(axes, direction), ends)
    assert axes_of(shown["frontier"])[1].get_ylabel() == label("beta")


def test_the_area(shown: Mapping[str, Section]) -> None:
    row, axes = shown["frontier_area"].table.iloc[0], axes_of(shown["frontier_area"])[0]
    mean, width = row["mean_distortion_nats"], row["mean_distortion_nats_half_width"]
    low, high = row["rate_low_nats"], row["rate_high_nats"]
    assert words(axes) == (R, D)
    np.testing.assert_allclose(line(axes, "mean height"), [(low, mean), (high, mean)])
    np.testing.assert_allclose(band(axes, high, which=1), (mean - width, mean + width))
    frontier = line(axes, "frontier")
    assert (frontier[0, 0], frontier[-1, 0]) == pytest.approx((low, high))
    assert np.trapezoid(frontier[:, 1], frontier[:, 0]) == pytest.approx(row["area_nats2"])


def test_the_slopes(shown: Mapping[str, Section]) -> None:
    table, axes = shown["convergence"].table, axes_of(shown["convergence"])[0]
    drawn = table[(table["slope"] < 0) & (table["beta_low"] > 0)]
    assert words(axes) == (label("beta"), "−dD/dR (nats of D for a nat of R)")
    np.testing.assert_allclose(places(dots(axes)[0]), -drawn[["expected", "slope"]])
    np.testing.assert_allclose(whiskers(axes, "x"), drawn[["beta_low", "beta_high"]])
    equal = line(axes, "−dD/dR = beta")
    np.testing.assert_allclose(equal[:, 0], equal[:, 1])


@pytest.mark.parametrize("parameter", ["beta", "latent_dim", "hidden_dim"])
def test_effects(view: View, shown: Mapping[str, Section], parameter: str) -> None:
    section = shown[f"effect_{parameter}"]
    trials = view.board.sort_values("trial")
    for axes, quantity in zip(axes_of(section), quantities(view), strict=False):
        table = section.table[section.table["quantity"] == quantity]
        assert words(axes) == (label(parameter), label(quantity))
        np.testing.assert_allclose(lines(axes)[0], table[["value", "mean"]])
        np.testing.assert_allclose([band(axes, x) for x in table["value"]], table[["low", "high"]])
        np.testing.assert_allclose(places(dots(axes)[0]), trials[[parameter, quantity]])


def test_kl_of_dimensions(shown: Mapping[str, Section]) -> None:
    table, (axes, bar) = shown["kl"].table, axes_of(shown["kl"])
    cells = table.pivot_table(index=["beta", "trial"], columns="rank", values="kl_nats")
    np.testing.assert_allclose(picture(axes), cells)
    assert words(axes) == ("rank of the dimension (1 = largest KL)", label("beta"))
    assert bar.get_ylabel() == label("kl_nats")
    marks = [round(place) for place in axes.get_yticks()]
    assert [float(text) for text in ticks(axes.yaxis)] == cells.index.get_level_values("beta")[marks].tolist()
    assert list(axes.images[0].get_extent()) == [0.5, cells.shape[1] + 0.5, len(cells) - 0.5, -0.5]


def test_importances(shown: Mapping[str, Section]) -> None:
    table, axes = shown["importance"].table, axes_of(shown["importance"])[0]
    ends = whiskers(axes, "x")
    for index, share in enumerate(("total", "main")):
        np.testing.assert_allclose(widths(bars(axes, share)), table[share])
        own = ends[index * len(table) : (index + 1) * len(table)]
        np.testing.assert_allclose(own, table[[f"{share}_low", f"{share}_high"]])
    assert ticks(axes.yaxis) == [short_label(name) for name in table["parameter"]]
    assert words(axes) == ("share of the variance of elbo (from 0 to 1)", "parameter (name)")


def test_learning_curves(shown: Mapping[str, Section]) -> None:
    table, (left, right, rates, distortions) = shown["learning"].table, axes_of(shown["learning"])
    assert words(left) == words(right) == (label("epoch"), ELBO)
    for axes, column in ((left, "elbo_nats"), (rates, "rate_nats"), (distortions, "distortion_nats")):
        assert words(axes) == (label("epoch"), label(column))
        for standing in ("first", "median", "last"):
            own = table[(table["standing"] == standing) & (table["split"] == "validation")]
            np.testing.assert_allclose(line(axes, f"{standing} (trial {own['trial'].iloc[0]})"), own[["epoch", column]])
    for split in ("train", "validation"):
        own = table[(table["standing"] == "first") & (table["split"] == split)]
        np.testing.assert_allclose(line(right, split), own[["epoch", "elbo_nats"]])


def test_health_of_the_best(shown: Mapping[str, Section]) -> None:
    table, (left, right) = shown["health"].table, axes_of(shown["health"])
    names = ("mutual information", "total correlation", "dimension-wise KL")
    for term, name in zip(TERMS, names, strict=True):
        np.testing.assert_allclose(widths(bars(left, name)), table[term])
    np.testing.assert_allclose(line(left, "rate R")[:, 0], table["rate_nats"])
    np.testing.assert_allclose(line(left, "log N")[:, 0], table["log_images_nats"].iloc[0])
    assert ticks(left.yaxis) == [f"run {run}" for run in table["run"]]
    assert words(left)[0] == "nats per image"
    for row in table.to_dict(orient="records"):
        bounds = [(k, row[f"importance_weighted_elbo_{k}_nats"]) for k in (1, 10, 100)]
        np.testing.assert_allclose(line(right, f"run {row['run']}"), bounds)
    assert words(right)[0] == "importance samples K (count)"


def test_what_dimensions_are_used_for(shown: Mapping[str, Section]) -> None:
    table, axes = shown["health_dims"].table, axes_of(shown["health_dims"])[0]
    own = table[table["run"] == table["run"].iloc[0]].sort_values("kl_nats", ascending=False)
    np.testing.assert_allclose(heights(bars(axes, "KL to the prior")), own["kl_nats"])
    np.testing.assert_allclose(heights(bars(axes, "ELBO lost when permuted")), own["decoder_use_nats"])
    assert ticks(axes.xaxis) == own["dim"].astype(str).tolist()
    assert words(axes) == ("latent dimension (number)", "nats per image")


def test_collapse(shown: Mapping[str, Section]) -> None:
    table, axes = shown["collapse"].table, axes_of(shown["collapse"])[0]
    for standing, curve in table.groupby("standing"):
        title = f"{standing} (trial {curve['trial'].iloc[0]}, beta {curve['beta'].iloc[0]:.3g})"
        np.testing.assert_allclose(line(axes, title), curve[["epsilon_nats", "collapsed_share"]])
    assert words(axes) == ("epsilon: threshold of the KL (nats)", "collapsed dimensions (share)")


PICTURES = ("prior_samples", "traversals", "perturbations", "interpolations")


def drawn_as(axes: Axes, panel: Panel) -> None:
    drawn, (height, width) = picture(axes), panel.images.shape[2:4]
    np.testing.assert_allclose(drawn, mosaic(panel.images)[0])
    np.testing.assert_allclose(drawn[:height, :width], panel.images[0, 0])
    np.testing.assert_allclose(drawn[:height, -width:], panel.images[0, -1])
    np.testing.assert_allclose(drawn[-height:, :width], panel.images[-1, 0])
    assert (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()) == (panel.title, panel.across, panel.down)
    assert ticks(axes.yaxis) == list(panel.rows)
    assert ticks(axes.xaxis) == [name for name in panel.columns if name]


@pytest.fixture(scope="module")
def pictured(view: View) -> Shown:
    found = shown_runs(view)
    assert found is not None
    return found


def test_reconstructions(shown: Mapping[str, Section], pictured: Shown) -> None:
    section = shown["reconstructions"]
    panel, _ = pictures.reconstructions(pictured)
    drawn_as(axes_of(section)[0], panel)
    rows = [pictured.images, *(run.reconstruct(pictured.images) for run in pictured.runs.values())]
    np.testing.assert_array_equal(panel.images, rows)
    assert list(panel.rows) == ["test image", *section.table["role"].unique()]
    assert list(panel.columns) == section.table["image"].unique().astype(str).tolist()


@pytest.mark.parametrize("slug", PICTURES)
def test_other_pictures(shown: Mapping[str, Section], pictured: Shown, slug: str) -> None:
    section = shown[slug]
    draw = getattr(pictures, slug.removeprefix("prior_"))
    for axes, role in zip(axes_of(section), pictured.runs, strict=True):
        drawn_as(axes, draw(pictured, role)[0])


def test_pictures_name_what_their_tables_do(shown: Mapping[str, Section]) -> None:
    def of_first(slug: str) -> tuple[pd.DataFrame, Axes]:
        table = shown[slug].table
        return table[table["role"] == table["role"].iloc[0]], axes_of(shown[slug])[0]

    table, axes = of_first("traversals")
    dims = table.drop_duplicates("dim")
    assert ticks(axes.yaxis) == [f"{d}: {kl:.2f}" for d, kl in zip(dims["dim"], dims["kl_nats"], strict=True)]
    assert ticks(axes.xaxis) == [f"{level:.2f}" for level in table["quantile"].unique()]
    table, axes = of_first("perturbations")
    assert ticks(axes.yaxis) == [f"{radius:g}" for radius in table["radius"].unique()]
    table, axes = of_first("interpolations")
    ways = table.drop_duplicates(["first_image", "last_image", "path"])
    assert ticks(axes.yaxis) == [f"{w.path}\n{w.first_image} to {w.last_image}" for w in ways.itertuples()]
    assert ticks(axes.xaxis) == [f"{share:.2f}" for share in table["share"].unique()]
