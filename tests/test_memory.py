"""Arrays in memory as data: what becomes of them, that equal ones are one, and that a sweep goes on with them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import vaekit
from sweeps.spec.make import make_spec
from vae.data import Data, load_data
from vae.data.memory import with_files
from vae.errors import DataError, ResultsError

SAMPLES = 40
SMALL: dict[str, Any] = {
    "latent_dim": 2, "beta": 1, "hidden_dim": 8, "epochs": 1, "seeds": 1, "trials": 1, "jobs": 1, "scores": "none",
}  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def images() -> np.ndarray:
    return np.random.default_rng(0).random((SAMPLES, 4, 4)).astype(np.float32)


def loaded(**options: Any) -> Data:
    return load_data(make_spec(with_files(options)).data_config)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy, lambda array: torch.from_numpy(array).requires_grad_()])
def test_arrays_and_tensors_are_read_as_a_file_of_them(kind: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=images(), labels=np.arange(SAMPLES) % 3)
    data = loaded(data=kind(images()), factors=np.arange(SAMPLES) % 3, name="mine")
    assert data.name == "mine"
    assert data.content_hash == load_data(str(tmp_path / "x.npz")).content_hash


def test_equal_arrays_share_a_file_and_others_do_not(cache: Path) -> None:
    first = with_files({"data": images(), "name": "mine"})["data"]
    stamp = first.stat().st_mtime_ns
    assert with_files({"data": images().copy(), "name": "mine"})["data"] == first
    assert first.stat().st_mtime_ns == stamp
    assert with_files({"data": images() + 1, "name": "mine"})["data"] != first
    assert with_files({"data": images(), "factors": np.arange(SAMPLES), "name": "mine"})["data"] != first
    assert list(cache.rglob("writing-*")) == []


FACTORS: dict[str, Any] = {
    "kind": ["a", "b"] * (SAMPLES // 2),
    "size": np.arange(SAMPLES) / 7,
    "count": np.arange(SAMPLES) % 5,
}


@pytest.mark.parametrize("factors", [FACTORS, pd.DataFrame(FACTORS)])
def test_factors_of_several_kinds_have_names_and_keep_their_bits(factors: Any) -> None:
    data = loaded(data=images(), factors=factors)
    assert data.name == "array"
    assert data.factor_names == ("kind", "size", "count")
    assert data.factor_levels == {"kind": ("a", "b")}
    assert data.factors is not None
    columns = [np.arange(SAMPLES) % 2, FACTORS["size"], FACTORS["count"]]
    np.testing.assert_array_equal(data.factors, np.column_stack(columns))


def test_a_data_frame_is_a_table_whose_factors_are_columns_or_join_it() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).random((SAMPLES, 3)), columns=list("xyz")).assign(**FACTORS)
    named = loaded(data=frame, factors=["kind", "size"])
    assert named.feature_names == ("x", "y", "z", "count")
    assert named.factor_names == ("kind", "size")
    assert loaded(data=frame, factors="kind,size").content_hash == named.content_hash
    joined = loaded(data=frame[["x", "y"]], factors=FACTORS)
    assert joined.factor_names == ("kind", "size", "count")
    assert joined.factors is not None
    np.testing.assert_array_equal(joined.factors[:, 1], FACTORS["size"])


def test_columns_of_an_array_can_be_its_factors() -> None:
    table = np.random.default_rng(0).random((SAMPLES, 4))
    data = loaded(data=table, factors="feature_2")
    assert data.feature_names == ("feature_0", "feature_1", "feature_3")


@pytest.mark.parametrize(
    ("data", "factors", "message"),
    [
        (3, None, "data must be a name, a path, an array of numbers or a data frame, got 3"),
        (np.arange(5), None, "got an array of shape (5,) of int64"),
        (np.full((50, 2), "a"), None, "got an array of shape (50, 2) of <U1"),
        (images().astype(object), None, "got an array of shape (40, 4, 4) of object"),
        (torch.zeros(40, 4, dtype=torch.bfloat16), None, "got an array of shape (40, 4): "),
        (images(), np.arange(3), "a value for each of 40 samples, got an array of shape (3,) of 'label'"),
        (
            images(),
            np.zeros((40, 2, 2)),
            "factors must have shape (sample,) or (sample, factor), got an array of shape",
        ),
        (images(), {"a": images()}, "got an array of shape (40, 4, 4) of 'a'"),
        (pd.DataFrame({"a": [1, "b"] * 20}), None, "got a frame: "),
    ],
)
def test_an_array_never_lands_in_an_error(data: Any, factors: Any, message: str) -> None:
    with pytest.raises(DataError) as raised:
        with_files({"data": data, "factors": factors})
    assert message in str(raised.value)
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


def test_a_sweep_of_an_array_goes_on_with_the_same_array_and_with_no_other(tmp_path: Path) -> None:
    options = SMALL | {"latent_dim": (2, 3), "data": images(), "factors": FACTORS, "name": "mine", "out": tmp_path}
    first = vaekit.sweep(**options)
    assert first.name == "mine"
    assert first.factor_names == ("kind", "size", "count")
    longer = vaekit.sweep(**options | {"trials": 2})
    assert len(longer.trials) == 2
    np.testing.assert_array_equal(longer.images("test"), images()[longer._data.test])
    with pytest.raises(ResultsError, match="mine' holds another sweep: data_hash"):
        vaekit.sweep(**options | {"data": images() / 2})


def test_a_comparison_of_a_table_in_memory(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(50.0, 9.0, (SAMPLES, 5))
    options = {name: value for name, value in SMALL.items() if name != "trials"}
    sweep = vaekit.compare(data=table, name="rows", out=str(tmp_path), **options)
    assert sorted(sweep.runs["model"]) == ["ae", "vae"]
    assert sweep.is_table
    assert sweep.spec["likelihood"] == "gaussian"
    np.testing.assert_allclose(sweep.given(sweep.images("test")), table[sweep._data.test], rtol=1e-6)
