"""Tables as data: what is read, what is refused, how values are scaled and given back."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from sweeps.spec.make import make_spec
from vae.data import Data, DataConfig, check_likelihood, factor_grid, load_data, open_data, prepare
from vae.data.store import content_hash
from vae.errors import ConfigError, DataError

ROWS = 60


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    values = rng.normal([1.7e9, 0.0, -3e-5], [20.0, 1.0, 1e-6], (ROWS, 3))
    columns: dict[str, Any] = dict(zip(("time", "height", "current"), values.T, strict=True))
    columns |= {"city": ["Oslo" if row % 3 else "Bern" for row in range(ROWS)], "age": np.arange(ROWS) + 0.5}
    return pd.DataFrame(columns | {"id": np.arange(ROWS), "level": np.arange(ROWS) % 4})


def written(folder: Path, table: pd.DataFrame, kind: str = "csv") -> str:
    path = folder / f"mine.{kind}"
    separators = {"csv": ",", "tsv": "\t"}
    if kind in separators:
        table.to_csv(path, sep=separators[kind], index=False)
    else:
        table.to_parquet(path, index=False)
    return str(path)


def loaded(source: str, **options: Any) -> Data:
    return load_data(DataConfig(source=source, **options))


OPTIONS: dict[str, Any] = {"factors": ("city", "level"), "drop": ("id", "age")}


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_a_table_is_features_and_the_factors_that_are_named(tmp_path: Path, kind: str) -> None:
    data = loaded(written(tmp_path, frame(), kind), **OPTIONS)
    assert data.name == "mine"
    assert data.is_table
    assert data.sample_shape == (3,)
    assert data.feature_names == ("time", "height", "current")
    assert data.factor_names == ("city", "level")
    assert data.factor_levels == {"city": ("Bern", "Oslo")}
    assert data.factors is not None
    assert data.factors.tolist() == [[int(row % 3 > 0), row % 4] for row in range(ROWS)]
    assert [len(data.split(name)) for name in ("train", "validation", "test")] == [48, 6, 6]


def test_all_kinds_of_file_give_the_same_bits(tmp_path: Path) -> None:
    assert len({loaded(written(tmp_path, frame(), k), **OPTIONS).content_hash for k in ("csv", "tsv", "parquet")}) == 1


def test_values_are_standardised_by_train_and_given_back(tmp_path: Path) -> None:
    table = frame()[["time", "height", "current"]].to_numpy()
    data = loaded(written(tmp_path, frame(), "parquet"), **OPTIONS)
    scaler = StandardScaler().fit(table[data.train])
    everything = np.arange(ROWS)
    np.testing.assert_allclose(data.pixels(everything), scaler.transform(table), rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(data.pixels(data.train).mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(data.pixels(data.train).std(axis=0), 1.0, rtol=1e-6)
    given = data.given(data.pixels(everything))
    assert np.abs((given - table) / scaler.scale_).max() < 1e-6  # of a deviation, where time alone has 31 bits


@pytest.mark.parametrize(
    ("scale", "offset", "unit"),
    [
        ("unit", lambda train: train.min(axis=0), lambda train: np.ptp(train, axis=0)),
        ("standard", lambda train: train.mean(axis=0), lambda train: train.std(axis=0)),
        (4.0, lambda train: np.zeros(1), lambda train: np.full(1, 4.0)),
    ],
)
def test_scales_of_tables(tmp_path: Path, scale: Any, offset: Any, unit: Any) -> None:
    table = frame()[["height", "current"]]
    data = loaded(written(tmp_path, table), scale=scale)
    train = table.to_numpy()[data.train]
    assert data.offset is not None
    assert data.unit is not None
    np.testing.assert_allclose(data.offset, offset(train), rtol=1e-9)
    np.testing.assert_allclose(data.unit, unit(train), rtol=1e-9)
    np.testing.assert_allclose(data.pixels(data.train), (train - offset(train)) / unit(train), rtol=1e-5, atol=1e-6)


def scientific(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).normal(7.0, 3.0, shape) * np.linspace(1.0, 9.0, shape[-1])


@pytest.mark.parametrize("shape", [(30, 4, 4), (30, 4, 4, 3)])
def test_images_are_standardised_as_a_whole_and_colours_by_channel(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = scientific(shape).astype(np.float32)
    np.savez(tmp_path / "x.npz", images=images)
    data = loaded(str(tmp_path / "x.npz"), scale="standard")
    axes = (0, 1, 2)
    train = images[data.train].astype(np.float64)
    assert data.offset is not None
    np.testing.assert_allclose(data.offset, np.atleast_1d(train.mean(axis=axes)), rtol=1e-6)
    given = data.given(data.pixels(np.arange(30)).reshape(shape))
    np.testing.assert_allclose(given, images, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int64, np.uint8])
def test_scaled_integers_are_numbers_and_have_no_white(tmp_path: Path, dtype: Any) -> None:
    counts = np.random.default_rng(0).integers(0, 100, (20, 4, 4)).astype(dtype)
    np.savez(tmp_path / "x.npz", images=counts)
    data = loaded(str(tmp_path / "x.npz"), scale=100)
    np.testing.assert_allclose(data.pixels(np.arange(20)).reshape(counts.shape), counts / 100, rtol=1e-6)
    assert data.notes == ()


def test_a_two_dimensional_array_is_a_table(tmp_path: Path) -> None:
    table = scientific((ROWS, 4))
    np.savez(tmp_path / "x.npz", images=np.column_stack([table, np.arange(ROWS) % 3]), labels=np.arange(ROWS) % 2)
    data = loaded(str(tmp_path / "x.npz"), factors=("feature_4",), drop=("feature_0",))
    assert data.feature_names == ("feature_1", "feature_2", "feature_3")
    assert data.factor_names == ("label", "feature_4")
    np.testing.assert_allclose(data.given(data.pixels(np.arange(ROWS))), table[:, 1:], rtol=1e-5)


def test_labels_beside_factors_are_kept_and_may_have_names_and_texts(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((20, 3, 3)).astype(np.float32)
    names = np.array(["hue", "size"])
    factors = np.random.default_rng(0).random((20, 2))
    labels = np.array(["cat", "dog"] * 10)
    np.savez(tmp_path / "x.npz", images=images, factors=factors, factor_names=names, labels=labels)
    data = loaded(str(tmp_path / "x.npz"))
    assert data.factor_names == ("hue", "size", "label")
    assert data.factor_levels == {"label": ("cat", "dog")}
    assert data.factors is not None
    np.testing.assert_array_equal(data.factors, np.column_stack([factors, [0, 1] * 10]))


def test_constant_columns_are_left_out_and_said(tmp_path: Path) -> None:
    table = frame()[["height", "current"]].assign(always=0.1 + 0.2, rounding=[0.3, 0.1 + 0.2] * (ROWS // 2))
    data = loaded(written(tmp_path, table))
    assert data.feature_names == ("height", "current")
    assert data.notes == ("columns that are constant in training are left out: always, rounding",)
    again = loaded(written(tmp_path, table))
    assert (again.notes, again.content_hash) == (data.notes, data.content_hash)


def test_row_numbers_that_pandas_saved_are_left_out_and_said(tmp_path: Path) -> None:
    frame()[["height", "current"]].to_csv(tmp_path / "x.csv")
    data = loaded(str(tmp_path / "x.csv"))
    assert data.feature_names == ("height", "current")
    assert data.notes == ("a column without a name, row numbers, is left out",)


def test_a_first_line_of_numbers_is_a_row(tmp_path: Path) -> None:
    table = scientific((ROWS, 3))
    np.savetxt(tmp_path / "x.csv", table, delimiter=",")
    data = loaded(str(tmp_path / "x.csv"))
    assert len(data.images) == ROWS
    assert data.notes == ("the first line holds numbers, so the columns have no names",)
    pd.DataFrame(table).to_csv(tmp_path / "y.csv", index=False)  # its header is 0,1,2
    numbered = loaded(str(tmp_path / "y.csv"))
    assert (len(numbered.images), numbered.feature_names, numbered.notes) == (ROWS, ("0", "1", "2"), ())


def test_semicolons_are_seen_and_said(tmp_path: Path) -> None:
    frame()[["height", "current"]].to_csv(tmp_path / "x.csv", sep=";", index=False)
    data = loaded(str(tmp_path / "x.csv"))
    assert data.feature_names == ("height", "current")
    assert data.notes == ("columns are separated by semicolons",)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {}, "columns must be numbers without gaps, got other values in city in '.*': name known factors with "
         "--factors city, leave columns out with --drop city$"),
        ({"height": [None] + [1.5] * (ROWS - 1)}, {"drop": ("city",)}, "got missing values in height .* fill the gaps"),
        ({"height": [np.nan] + [1.5] * (ROWS - 1)}, {}, "other values in city and missing values in height"),
        ({"height": [np.inf] + [1.5] * (ROWS - 1)}, {"drop": ("city",)}, "finite, got inf in row 0 of column 'height'"),
        ({"city": [None] + ["a"] * (ROWS - 1)}, {"factors": ("city",)}, "factor city must have a value in every row"),
        ({"age": [np.nan] + [1.5] * (ROWS - 1)}, {"factors": ("age",), "drop": ("city",)}, "factor age must"),
        ({}, {"factors": ("citty",)}, r"factors must be columns of .* \(time, .*got 'citty'; did you mean 'city'\?"),
        ({}, {"drop": ("nothing",)}, "drop must be columns of"),
        ({}, {"factors": ("city", "time"), "drop": ("current", "age", "id", "level")}, "at least 2 .* 1 .height."),
        ({}, {"factors": ("city",), "drop": ("time", "height", "current", "age", "id", "level")}, "features, got none"),
        ({"height": [1.0] * ROWS}, {"factors": ("city",), "drop": ("time", "age", "id", "level")},
         "got 1 .current.: constant in training are height"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_one_line(
    tmp_path: Path, kind: str, change: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    source = written(tmp_path, frame().assign(**change), kind)
    with pytest.raises(DataError, match=message) as raised:
        loaded(source, **options)
    assert "\n" not in str(raised.value)
    assert "image" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,a\n" + "1,2,3\n" * 20, "different names, got a twice"),
        ("a,b\n" + "1,2\n" * 9, "at least 10 rows, got 9"),
        ("a,b\n1,2\n1\n" + "1,2\n" * 20, "cannot read the table .* Expected 2 columns, got 1"),
        ("", "cannot read the table"),
        ("a\n" + "1\n2\n" * 20, "at least 2 columns of features, got 1 .a."),
    ],
)
def test_a_csv_that_is_none_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        loaded(str(tmp_path / "x.csv"))
    assert "\n" not in str(raised.value)


def test_a_parquet_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(DataError, match="cannot read the table"):
        loaded(str(tmp_path / "x.parquet"))


@pytest.mark.parametrize("options", [{"size": 2}, {"binarize": "threshold"}])
def test_options_of_images_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="size and binarize are for images, got a table"):
        loaded(written(tmp_path, frame()), **OPTIONS, **options)


def test_prepared_tables_hash_to_their_folder_and_open_anywhere(tmp_path: Path, cache: Path) -> None:
    folder = prepare(DataConfig(source=written(tmp_path, frame()), **OPTIONS))
    assert folder.parent == cache
    assert content_hash(open_data(folder)) == folder.name
    (folder / "unit.npy").write_bytes((folder / "unit.npy").read_bytes()[:-8] + bytes(8))
    with pytest.raises(DataError, match="scaling that prepare never writes"):
        open_data(folder)


def test_gaussian_is_the_likelihood_of_tables_unless_one_is_named(tmp_path: Path) -> None:
    table, images = loaded(written(tmp_path, frame()), **OPTIONS), load_data("digits")
    assert make_spec({}).on(table).likelihood == "gaussian"
    assert make_spec({}).on(images).likelihood == "bernoulli"
    assert make_spec({"likelihood": "continuous_bernoulli"}).on(table).likelihood == "continuous_bernoulli"
    with pytest.raises(DataError, match=r"bernoulli needs values in \[0, 1\]"):
        check_likelihood(table, "bernoulli")


def test_continuous_factors_are_no_grid(tmp_path: Path) -> None:
    data = loaded(written(tmp_path, frame()), factors=("age", "level"), drop=("city", "id"))
    assert data.factors is not None
    assert data.factors.dtype == np.float64
    assert factor_grid(data) is None
