"""What a report says of a table: R2 of features, what moves along dimensions, and no word of images."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import r2_score

import vaekit
from analysis.choice.section import paragraphs as chosen
from analysis.features.figures import MOST_FEATURES, most_moved, written
from analysis.features.numbers import movement, reconstruction
from analysis.features.section import feature_sections
from analysis.presentation.nouns import in_words, of_tables
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.report.contents import sections
from analysis.report.terminal import print_summary
from analysis.report.write import write_report
from analysis.scores.section import score_sections
from analysis.summary.section import paragraphs
from analysis.summary.summary import summary
from tests.drawing import draw_only

SAMPLES, FEATURES = 200, 6
FORBIDDEN = re.compile(r"(?<![A-Za-z])(images?|pixels?)(?![A-Za-z])", re.IGNORECASE)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[vaekit.Sweep]:
    """Two variables, each seen in features of its own units, and one feature of noise."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    one, two, noise = rng.standard_normal((3, SAMPLES))
    columns = {"mass": 1000 + 50 * one, "length": -3 * one, "heat": 1e-3 * two, "image size": 7 * two}
    frame = pd.DataFrame(columns | {"cost ($)": noise, "-heat": -2 * two, "kind": np.where(one > 0, "big", "small")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAEKIT_CACHE", str(folder / "cache"))
        yield vaekit.compare(
            data=frame, factors=["kind"], name="rows", out=str(folder), latent_dim=2, hidden_dim=16, beta=0.3,
            epochs=60, batch_size=16, learning_rate=0.01, seeds=1, jobs=1,
        )  # fmt: skip


def test_r2_is_scikit_learns_on_values_as_they_were_given(sweep: vaekit.Sweep) -> None:
    run, samples = sweep.run(0), sweep.images("test")
    table: Any = reconstruction(run, samples, "first").set_index("feature")
    given, decoded = sweep.given(samples), sweep.given(run.reconstruct(samples))
    expected = r2_score(given, decoded, multioutput="raw_values")
    np.testing.assert_allclose(table.loc[list(sweep.feature_names), "r2"], expected, rtol=1e-9)
    errors = np.sqrt(np.square(given - decoded).mean(axis=0))
    np.testing.assert_allclose(table.loc[list(sweep.feature_names), "root_mean_square"], errors)
    np.testing.assert_allclose(table.loc["mass", "mean"], 1000, atol=40)
    assert table.loc["mass", "r2"] > 0.8
    assert table.loc["cost ($)", "r2"] < 0.5


def test_r2_of_a_feature_that_does_not_vary_is_unknown(sweep: vaekit.Sweep) -> None:
    table = reconstruction(sweep.run(0), sweep.images("test")[:1], "first")
    assert table["r2"].isna().all()


def test_a_dimension_moves_the_features_that_it_is_seen_in_and_their_signs(sweep: vaekit.Sweep) -> None:
    table: Any = movement(sweep.run(0), sweep.images("test"), "first", 8)
    assert sorted(set(table["dim"])) == [0, 1]
    by_dim: Any = table.pivot_table(index="dim", columns="feature", values="change_in_deviations", sort=False)
    # features of one variable move together, with their signs
    np.testing.assert_allclose(by_dim["mass"], -by_dim["length"], atol=0.5)
    np.testing.assert_allclose(by_dim["heat"], -by_dim["-heat"], atol=0.5)
    assert by_dim["mass"].abs().max() > 1.0
    assert by_dim["heat"].abs().max() > 1.0
    assert by_dim["cost ($)"].abs().max() < 1.0
    row = table.iloc[0]
    assert row["change"] == pytest.approx(row["high"] - row["low"])
    deviations = sweep.given(sweep.images("test")).std(axis=0)
    place = sweep.feature_names.index(str(row["feature"]))
    assert row["change_in_deviations"] == pytest.approx(row["change"] / deviations[place])


def test_sections_are_those_of_a_table(sweep: vaekit.Sweep) -> None:
    slugs = [section.slug for section in feature_sections(View(sweep))]
    assert slugs == ["feature_reconstruction", "feature_movement"]


def test_many_features_are_cut_to_those_that_move(sweep: vaekit.Sweep) -> None:
    rng = np.random.default_rng(0)
    rows: Any = [(dim, f"f{k}", float(rng.normal())) for dim in range(2) for k in range(200)]
    table: Any = pd.DataFrame(rows, columns=["dim", "feature", "change_in_deviations"])
    table = table.sort_values(["dim", "change_in_deviations"], key=lambda c: c if c.name == "dim" else -c.abs())
    names = most_moved(table)
    assert len(names) == MOST_FEATURES
    assert set(table.groupby("dim").head(3)["feature"]) <= set(names)
    assert written("a$b" + "x" * 40) == r"a\$b" + "x" * 20 + "…"


def words_of(page: str) -> str:
    """A page's text, without what only a machine reads."""
    page = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", page)


def test_no_word_of_images_where_samples_are_rows(
    sweep: vaekit.Sweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    draw_only(monkeypatch, "svg")
    page = write_report(sweep, tmp_path / "report")
    texts = {path.name: words_of(path.read_text()) for path in tmp_path.rglob("*.html")}
    texts |= {path.name: path.read_text().partition("\n")[0] for path in tmp_path.rglob("*.csv")}
    view = View(sweep)
    print_summary(summary(view), chosen(view), list(paragraphs(view)), view.words)
    texts["show"] = capsys.readouterr().out
    for name, text in texts.items():
        own = text.replace("image size", "")  # a feature keeps its name
        assert FORBIDDEN.findall(own) == [], (name, FORBIDDEN.search(own))
    assert "nats per sample" in texts["show"]
    assert "image size" in texts["index.html"]
    assert "explorer" in page.read_text()
    explored = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)
    assert explored is not None
    assert "per image" not in explored[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nats per image, of Images", "nats per sample, of Samples"),
        ("independent pixels", "independent features"),
        ("imagery, pixelated", "imagery, pixelated"),
        ("first_image", "first_sample"),
        ("of /data/image.csv and an image", "of /data/image.csv and a sample"),
    ],
)
def test_words_of_tables(text: str, expected: str) -> None:
    assert of_tables(["/data/image.csv"])(text) == expected


def test_a_run_says_sample_in_its_errors(sweep: vaekit.Sweep) -> None:
    wrong: Any = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"a sample of this sweep must have shape \(6,\), got \(3,\)"):
        sweep.run(0).encode(wrong)


def test_the_report_says_which_factors_have_bins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    factors = {"age": rng.random(60), "kind": ["a", "b", "c"] * 20}
    swept = vaekit.sweep(
        data=rng.random((60, 4)), factors=factors, name="aged", out=tmp_path, trials=1, seeds=1, epochs=1, jobs=1,
        latent_dim=2, hidden_dim=16, beta=1, report=False,
    )  # fmt: skip
    section = score_sections(View(swept))[0]
    assert "Continuous factors (age) have 10 classes" in section.sentence
    assert float(section.table.set_index("score").loc["mig", "ceiling"]) > 0.5  # type: ignore[arg-type]


def test_scaled_images_are_drawn_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    images = np.random.default_rng(0).normal(900.0, 40.0, (60, 4, 4, 3)) * np.array([1.0, 2.0, 3.0])
    swept = vaekit.sweep(
        data=images, scale="standard", likelihood="gaussian", name="counts", out=tmp_path, trials=1, seeds=1, epochs=1,
        jobs=1, latent_dim=2, hidden_dim=16, beta=1, report=False,
    )  # fmt: skip
    test = swept.images("test")
    given = swept.given(test)
    np.testing.assert_allclose(given.mean(axis=(0, 1, 2)), [900, 1800, 2700], rtol=0.03)
    drawn = swept.brightness(test)
    low, high = swept.given(swept.images("train")).min(), swept.given(swept.images("train")).max()
    np.testing.assert_allclose(drawn, (given - low) / (high - low), atol=1e-5)
    assert drawn[..., 2].mean() > drawn[..., 0].mean() + 0.5  # as the channels were, and not as they were scaled


def test_a_report_of_a_table_that_is_gone_says_so(
    sweep: vaekit.Sweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path))
    source = Path(sweep.spec["data"])
    away = source.rename(source.with_suffix(".away"))
    try:
        page = {section.slug: section.sentence for section in sections(View(vaekit.open(sweep.path)))}
    finally:
        away.rename(source)
    assert page["features"] == "Left out: the samples can no longer be read."
    assert not any(FORBIDDEN.search(sentence) for sentence in page.values())


def test_figures_and_columns_are_put_into_words_too() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set(xlabel="KL (nats per image)", title="pixels of mine.csv")
    axes.plot([0, 1], label="an image")
    axes.legend()
    table = pd.DataFrame({"first_image": [1], "sentence": ["an image"], "value": ["image"]})
    section = Section(title="Images", slug="x", sentence="of images", figure=figure, table=table)
    said = in_words(section, of_tables(["mine.csv"]))
    assert (axes.get_xlabel(), axes.get_title()) == ("KL (nats per sample)", "features of mine.csv")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a sample"]  # type: ignore[union-attr]
    assert (said.title, said.slug, said.sentence) == ("Samples", "x", "of samples")
    assert said.table.to_dict("list") == {"first_sample": [1], "sentence": ["a sample"], "value": ["image"]}
