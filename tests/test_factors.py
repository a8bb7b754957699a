"""Factors that are text or continuous: how they become numbers and classes, and what scores make of them."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.metrics import METRICS, ScoreWarning, score, score_all
from analysis.metrics.inputs import make_sample
from analysis.scores.after_sweep import score_file
from tests import naive_metrics
from tests.metric_problems import Arrays
from vae.errors import DataError
from vae.factors import BINS, classes, is_continuous, join_factors, read_factor

FITTED = ("sap", "dci_disentanglement", "explicitness", "infom")
CLASSED = ("mig", "mig_sup", "dcimig", "modularity", *FITTED)


def test_text_becomes_the_place_among_the_sorted_values_and_keeps_its_names() -> None:
    column = read_factor("animal", np.array(["cat", "ant", "cat", "bee"]))
    assert column.values.tolist() == [2, 0, 2, 1]
    assert column.levels == ("ant", "bee", "cat")


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ([3.0, -1.0, 2.0], [3, -1, 2]),
        ([True, False], [1, 0]),
        (["10", "9", "-1"], [10, 9, -1]),
        ([b"2", b"1"], [2, 1]),
    ],
)
def test_whole_numbers_stay_what_they_are_however_written(given: list[object], values: list[int]) -> None:
    column = read_factor("a", np.array(given))
    assert column.values.dtype == np.int64
    assert column.values.tolist() == values
    assert column.levels == ()


def test_what_lies_between_whole_numbers_is_continuous_and_stays() -> None:
    for column in (np.array([0.5, 2.0, 1e300]), np.array(["0.5", "2", "1e300"])):
        read = read_factor("a", column)
        assert read.values.tolist() == [0.5, 2.0, 1e300]
        assert is_continuous(read.values)
    joined = join_factors([read_factor("a", np.array([1, 2])), read_factor("b", np.array([0.5, 1.5]))])
    assert [is_continuous(column) for column in joined.T] == [False, True]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([1.0, np.nan]), "a must be finite, got nan in row 1: drop the row"),
        (np.array([np.inf, 0.0]), "a must be finite, got inf in row 0"),
        (np.array(["x", ""]), "a must have a value in every row, got none in row 1"),
        (np.array(["x", None], object), "a must have a value in every row, got none in row 1"),
        (np.array(["x", np.nan], object), "a must have a value in every row, got none in row 1"),
        (np.array([1j]), "a must be numbers or text, got complex128"),
        (np.array([2**60]), "a must lie within -2^53 and 2^53"),
    ],
)
def test_errors_name_the_factor_and_the_row(given: NDArray[np.generic], message: str) -> None:
    with pytest.raises(DataError) as raised:
        read_factor("a", given)
    assert message in str(raised.value)


def naive_class(value: float, like: list[float], bins: int) -> int:
    return sum(bool(value >= np.quantile(like, place / bins)) for place in range(1, bins))


@given(st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=60, unique=True), st.integers(2, 11))
def test_bins_hold_equally_many_rows(values: list[float], bins: int) -> None:
    found = classes(np.array(values), np.array(values), bins)
    assert found.tolist() == [naive_class(value, values, bins) for value in values]
    counts = np.bincount(found)
    assert counts.max() - counts.min() <= 1


def test_a_value_that_most_rows_share_is_a_class_of_its_own() -> None:
    skewed = np.array([0.0] * 95 + [0.5, 1.0, 1.5, 2.0, 2.5])
    assert classes(skewed, skewed, 2).tolist() == [0] * 95 + [1] * 5
    few = np.array([0.5, 1.5, 0.5, 2.5])
    assert classes(few, few, 10).tolist() == [0, 1, 0, 2]


def continuous(rows: int = 400) -> Arrays:
    """Two uniform factors and an integer one, each with a code that knows it."""
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.random((rows, 2)), rng.integers(0, 4, rows)])
    codes = 8 * factors + 0.4 * rng.standard_normal(factors.shape)
    half = rows // 2
    return Arrays(codes[:half], factors[:half], codes[half:], factors[half:])


def classed(data: Arrays) -> Arrays:
    """Continuous factors as the classes that a score sees, by the naive rule."""
    like = data.factors[:, :2].T.tolist()

    def of(rows: NDArray[np.float64]) -> NDArray[np.int64]:
        binned = [[naive_class(v, like[k], BINS) for v in rows[:, k]] for k in range(2)]
        return np.column_stack([*binned, rows[:, 2].astype(int)])

    return data._replace(factors=of(data.factors), factors_test=of(data.factors_test))


@pytest.mark.parametrize("name", CLASSED)
def test_scores_that_need_classes_are_those_of_the_bins(name: str) -> None:
    data = continuous()
    found = METRICS[name](*data)
    assert float(found) == float(METRICS[name](*classed(data)))
    assert found.details["binned_factors"] == [0, 1]
    assert found.details["factor_bins"] == BINS
    json.dumps(found.details)


def test_mig_of_bins_knows_a_naive_twin() -> None:
    data = continuous()
    assert float(METRICS["mig"](*data)) == pytest.approx(naive_metrics.mig(classed(data)), abs=1e-9)


def test_sap_r2_and_irs_read_the_values_themselves() -> None:
    data = continuous()
    squared = np.corrcoef(np.hstack([data.codes, data.factors]).T)[:3, 3:] ** 2
    ordered = np.sort(squared, axis=0)
    found = METRICS["sap_r2"](*data)
    assert float(found) == pytest.approx(float((ordered[-1] - ordered[-2]).mean()))
    assert float(METRICS["sap_r2"](*classed(data))) != pytest.approx(float(found), abs=1e-4)
    assert "factor_bins" not in found.details
    assert "factor_bins" not in METRICS["irs"](*data).details


def test_the_number_of_bins_can_be_set() -> None:
    data = continuous()
    assert float(score("mig", *data, factor_bins=3, floor=False)) != float(score("mig", *data, floor=False))
    assert make_sample(*data, factor_bins=3).sizes == [3, 3, 4]
    assert score_all(["mig"], *data, factor_bins=3)["mig"].details["factor_bins"] == 3


def test_floors_and_intervals_of_continuous_factors() -> None:
    found = score("mig", *continuous(), bootstrap=20)
    assert found.floor is not None
    assert found.interval is not None
    assert found.floor < 0.1 < found.interval[0] < found.value < found.interval[1]


def test_texts_score_as_the_places_of_their_values() -> None:
    data = classed(continuous())
    names = np.array([f"level {value:02d}" for value in range(20)])
    told = data._replace(factors=names[data.factors], factors_test=names[data.factors_test])
    for name in ("mig", "sap_r2", "explicitness"):
        assert float(METRICS[name](*told)) == float(METRICS[name](*data))


def test_a_file_of_texts_and_continuous_factors_can_be_scored(tmp_path: Path) -> None:
    data = continuous(200)
    path = tmp_path / "codes.npz"
    mixed = np.column_stack([data.factors[:, 0].astype(str), np.where(data.factors[:, 2] > 1, "high", "low")])
    np.savez(path, codes=data.codes, factors=mixed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        found = score_file(path, factor_bins=4)
    assert found["details"]["mig"]["binned_factors"] == [0]
    assert found["details"]["mig"]["factor_bins"] == 4
    assert found["metrics"]["sap_r2"] == pytest.approx(
        float(METRICS["sap_r2"](data.codes, np.column_stack([data.factors[:, 0], data.factors[:, 2] <= 1])))
    )
