"""What the figures of scores, coverage and several sweeps drew, against the frames that they were handed."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison.figures import frontiers
from analysis.coverage.differences import coverage_curves
from analysis.coverage.figures import by_parameter, decoded, latent_maps
from analysis.coverage.registry import METRICS, SERIES, spoken
from analysis.presentation.words import label
from analysis.scores import figures
from tests.drawn import band, dots, line, lines, picture, places, ticks, whiskers, with_whiskers, words

RNG = np.random.default_rng(0)


def test_scores_against_a_parameter() -> None:
    points = pd.DataFrame({"beta": [0.5, 1.0, 4.0], "mig": [0.1, 0.3, 0.2], "sap": [0.2, 0.1, 0.4]})
    means = points.melt("beta", var_name="quantity", value_name="mean").rename(columns={"beta": "value"})
    means = means.assign(low=means["mean"] - 0.05, high=means["mean"] + 0.1)
    drawn = figures.effects(means, points, "beta", ["mig", "sap"]).axes
    assert [axes.get_title(loc="left") for axes in drawn] == ["mig", "sap"]
    for axes, score in zip(drawn, ("mig", "sap"), strict=True):
        own = means[means["quantity"] == score]
        np.testing.assert_allclose(places(dots(axes)[0]), points[["beta", score]])
        np.testing.assert_allclose(lines(axes)[0], own[["value", "mean"]])
        np.testing.assert_allclose([band(axes, x) for x in own["value"]], own[["low", "high"]])
        assert words(axes) == (label("beta"), "score (no unit)")


def test_agreement_of_scores() -> None:
    table = pd.DataFrame({"score": ["mig", "sap", "irs"], "mig": [1, 0.5, -0.2], "sap": [0.5, 1, 0.1]})
    table["irs"] = [-0.2, 0.1, 1]
    axes, bar = figures.correlations(table).axes
    np.testing.assert_allclose(picture(axes), table[["mig", "sap", "irs"]])
    assert ticks(axes.xaxis) == ticks(axes.yaxis) == ["mig", "sap", "irs"]
    assert [text.get_text() for text in axes.texts] == [f"{v:.2f}" for v in table.drop(columns="score").to_numpy().flat]
    assert bar.get_ylabel() == "Spearman's rank correlation (no unit)"


def test_information_of_codes() -> None:
    table = pd.DataFrame({"dim": [0, 1], "shape": [0.7, 0.0], "scale": [0.1, 0.4], "x": [0.0, 0.2]})
    axes, bar = figures.information(table).axes
    np.testing.assert_allclose(picture(axes), table[["shape", "scale", "x"]])
    assert (ticks(axes.xaxis), ticks(axes.yaxis)) == (["shape", "scale", "x"], ["0", "1"])
    assert words(axes) == ("factor", "latent dimension")
    assert bar.get_ylabel() == "information above the floor (nats)"
    assert [(text.get_position(), text.get_text()) for text in axes.texts[:3]] == [
        ((0, 0), "0.70"),
        ((1, 0), "0.10"),
        ((2, 0), "0.00"),
    ]


def coverage() -> pd.DataFrame:
    """Two sizes, two seeds; every number differs from every other."""
    rows = [
        {"latent_dim": size, "hidden_dim": 64, "seed": seed, "model": model, "prior": prior, "metric": metric}
        for size in (2, 4)
        for seed in (0, 1)
        for model, prior in SERIES
        for metric in ("prior_coverage", "sliced_wasserstein")
    ]
    return pd.DataFrame(rows).assign(value=RNG.random(len(rows)), floor=RNG.random(len(rows)))


def test_coverage_curves() -> None:
    metrics = ["prior_coverage", "sliced_wasserstein"]
    curves = coverage_curves(coverage())
    for axes, metric in zip(by_parameter(curves, "latent_dim", metrics).axes, metrics, strict=True):
        own = curves[curves["metric"] == metric]
        assert axes.get_title(loc="left") == spoken(metric)
        assert words(axes) == (label("latent_dim"), METRICS[metric].unit)
        ends = whiskers(axes, "y")
        titles = axes.get_legend_handles_labels()[1]
        for index, ((model, prior), title) in enumerate(SERIES.items()):
            curve = own[(own["model"] == model) & (own["prior"] == prior)]
            np.testing.assert_allclose(with_whiskers(axes)[index], curve[["latent_dim", "value"]])
            width = np.outer(curve["value_half_width"], (-1, 1))
            np.testing.assert_allclose(ends[2 * index : 2 * index + 2], curve["value"].to_numpy()[:, None] + width)
            assert titles[index] == title
        for index, model in enumerate(("vae", "ae")):
            floor = own[own["model"] == model].groupby("latent_dim")["floor"].first()
            np.testing.assert_allclose(lines(axes, "--")[index][:, 1], floor)


def test_latent_maps() -> None:
    keys = [(model, prior, kind) for model, prior in SERIES for kind in ("draw", "code") for _ in range(3)]
    points = pd.DataFrame(keys, columns=["model", "prior", "kind"])
    points[["x", "y"]] = RNG.random((len(points), 2))
    drawn = latent_maps(points).axes
    for axes, ((model, prior), title) in zip(drawn, SERIES.items(), strict=True):
        own = points[(points["model"] == model) & (points["prior"] == prior)]
        draws, codes = dots(axes)
        np.testing.assert_allclose(places(draws), own.loc[own["kind"] == "draw", ["x", "y"]])
        np.testing.assert_allclose(places(codes), own.loc[own["kind"] == "code", ["x", "y"]])
        assert (axes.get_title(loc="left"), draws.get_label(), codes.get_label()) == (title, "prior draws", "codes")
    assert words(drawn[0]) == ("first axis (latent units)", "second axis (latent units)")


def test_decoded_draws() -> None:
    images = [RNG.random((5, 3, 4)).astype(np.float32) for _ in SERIES]
    drawn = decoded(list(images)).axes
    for axes, own, title in zip(drawn, images, SERIES.values(), strict=True):
        np.testing.assert_allclose(picture(axes), np.concatenate(list(own), axis=1))
        assert axes.get_ylabel() == title


@pytest.mark.parametrize("names", [("a", "b"), ("_hidden", "cost $5")])
def test_frontiers_of_several_sweeps(names: tuple[str, str]) -> None:
    points = pd.DataFrame({"sweep": np.repeat(names, 4), "rate_nats": RNG.random(8), "on_frontier": 4 * [True, False]})
    points["distortion_nats"] = 10 - points["rate_nats"]
    (axes,) = frontiers(points).axes
    assert words(axes) == (label("rate_nats"), label("distortion_nats"))
    shown = axes.get_legend_handles_labels()[1]
    assert [text.strip().replace("\\", "") for text in shown] == list(names)
    for name, scatter, title in zip(names, dots(axes), shown, strict=True):
        own = points[points["sweep"] == name]
        np.testing.assert_allclose(places(scatter), own[["rate_nats", "distortion_nats"]])
        hull = own[own["on_frontier"]].sort_values("rate_nats")
        np.testing.assert_allclose(line(axes, title), hull[["rate_nats", "distortion_nats"]])
