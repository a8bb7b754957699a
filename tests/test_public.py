"""Public data sets in the files that their makers published: small ones of the same layout, written here."""

import gzip
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from tests import published
from tests.published import BATCH, CARS, HOUSES, PAIRS, WRITERS
from vae.data import SOURCES, Data, DataConfig, catalogue, factor_grid, fetch_data, hdf5, load_data
from vae.data.sets.arrays import _in_npz
from vae.data.sets.download import DOWNLOADS
from vae.data.sets.grids import KNOWN, n_combinations
from vae.data.sets.mat import read_mat
from vae.data.sets.pickles import PickleError, byte_array, read_pickle
from vae.errors import DataError

MAT_SHAPES = {"one": (1, 1), "three": (1, 3), "five": (5, 1), "image": (4, 3, 2), "many": (3, 4, 3, 2, 2)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that VAEKIT_DATA names."""
    monkeypatch.setenv("VAEKIT_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


def written(home: Path, name: str, **options: Any) -> Data:
    """Write the set's files and read it by name."""
    (home / name).mkdir(parents=True, exist_ok=True)
    if not any((home / name).iterdir()):
        WRITERS[name](home / name)
    return load_data(DataConfig(source=name, **options), home.parent / "cache")


@pytest.mark.parametrize(
    ("name", "weights", "limit"),
    [("shapes3d", None, None), ("shapes3d", None, 500), ("mpi3d-toy", None, 1_000), ("dsprites", "bits", 1_000)],
)
def test_images_of_a_grid_have_the_factors_of_their_place(
    home: Path, name: str, weights: str | None, limit: int | None
) -> None:
    """An image spells its number in the file, and its factors in row-major order give the same number."""
    data = written(home, name, limit=limit)
    source = SOURCES[name]
    assert data.factors is not None
    assert factor_grid(data) == tuple(source.factors.values())
    assert data.factor_names == tuple(source.factors)
    place = np.ravel_multi_index(tuple(data.factors.T), tuple(source.factors.values()))
    flat = np.asarray(data.images).reshape(len(data.images), -1).astype(np.int64)
    spelled = flat @ (1 << np.arange(20)) if weights else flat @ (1 << np.array([16, 8, 0]))
    np.testing.assert_array_equal(spelled, place)
    assert len(data.images) == (limit or source.samples) == len(np.unique(place))
    assert data.scale == (1.0 if weights else 1 / 255)


@pytest.mark.parametrize("packed", [True, False])
def test_smallnorb_is_the_left_camera_and_its_own_test_split(home: Path, packed: bool) -> None:
    (home / "smallnorb").mkdir(parents=True)
    published.write_smallnorb(home / "smallnorb", packed)
    data = written(home, "smallnorb")
    numbers = np.arange(2 * PAIRS)
    np.testing.assert_array_equal(data.images, np.broadcast_to(40 + numbers[:, None, None], (2 * PAIRS, 3, 4)))
    np.testing.assert_array_equal(data.test, np.arange(PAIRS, 2 * PAIRS))
    assert data.factors is not None
    assert data.factors.tolist() == [[k % 5, k % 10, k % 9, k % 18, k % 6] for k in numbers]
    assert data.factor_names == ("category", "instance", "elevation", "azimuth", "lighting")
    assert data.factor_levels["category"][4] == "car"


@pytest.mark.parametrize("limit", [None, 40])
@pytest.mark.parametrize("packed", [True, False])
def test_cars_have_the_factors_of_their_views(home: Path, limit: int | None, packed: bool) -> None:
    if not packed:
        (home / "cars3d" / "data" / "cars").mkdir(parents=True)
        for k in range(CARS):
            (home / "cars3d" / "data" / "cars" / f"car_{k + 1:03}_mesh.mat").write_bytes(published.car(k))
    data = written(home, "cars3d", limit=limit)
    assert data.images.shape == (limit or CARS * 96, 2, 2, 3)
    np.testing.assert_array_equal(data.images[:, 1, 0], data.factors)
    assert data.factor_names == ("elevation", "azimuth", "car")
    assert data.factors is not None
    assert len(np.unique(data.factors, axis=0)) == len(data.images)


def test_cifar10_is_in_the_order_of_its_batches(home: Path) -> None:
    data = written(home, "cifar10")
    assert data.images.shape == (6 * BATCH, 32, 32, 3)
    np.testing.assert_array_equal(data.images[:, 5, 9], [[k, 5, 9] for k in range(6 * BATCH)])
    assert data.factors is not None
    assert data.factors[:, 0].tolist() == [(k // BATCH + k % BATCH) % 10 for k in range(6 * BATCH)]
    assert (data.test.min(), len(data.test)) == (5 * BATCH, BATCH)
    assert data.factor_levels["label"][3] == "cat"


def test_house_numbers_are_turned_and_a_ten_is_a_zero(home: Path) -> None:
    data = written(home, "svhn")
    train, test = HOUSES
    assert data.images.shape == (train + test, 3, 4, 3)
    expected = [[k, 2, 1] for count in HOUSES for k in range(count)]
    np.testing.assert_array_equal(data.images[:, 2, 1], expected)
    assert data.factors is not None
    assert data.factors[:, 0].tolist() == [(k + 1) % 10 for count in HOUSES for k in range(count)]
    np.testing.assert_array_equal(data.test, np.arange(train, train + test))


# MATLAB's files


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i4", "f4", "f8", "i8"])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_mat_file_is_read_as_scipy_reads_it(tmp_path: Path, kind: str, is_packed: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = {f"{name}{kind}": rng.integers(0, 100, shape).astype(kind) for name, shape in MAT_SHAPES.items()}
    savemat(
        tmp_path / "x.mat", arrays | {"text": "a text", "cell": np.array([1, "b"], object)}, do_compression=is_packed
    )
    got = read_mat((tmp_path / "x.mat").read_bytes(), 10**6)
    assert got.keys() >= arrays.keys()
    for name, expected in loadmat(tmp_path / "x.mat", variable_names=list(arrays)).items():
        if name in arrays:
            np.testing.assert_array_equal(got[name], expected)
    if is_packed:
        with pytest.raises(ValueError, match="grows beyond"):
            read_mat((tmp_path / "x.mat").read_bytes(), 50)


# Pickles


@pytest.mark.parametrize("protocol", range(5))
def test_a_pickle_is_read_as_python_reads_it(protocol: int) -> None:
    content = published.batch(3, protocol)
    got, expected = read_pickle(content), pickle.loads(content)
    np.testing.assert_array_equal(byte_array(got.pop("data")), expected.pop("data"))
    assert got == expected
    odd = {"a": [1, 2.5, None, True, (), (1,), (1, 2, 3, 4), 2**80, -1], "b": {"c": b"\xff", 3: []}}
    if protocol > 2:  # before, bytes are a text and its encoding
        assert read_pickle(pickle.dumps(odd, protocol)) == odd


def test_a_pickle_of_python_2_is_read(home: Path) -> None:
    got = read_pickle(published.batch_of_python_2())
    assert (byte_array(got["data"]).shape, got["labels"]) == ((10, 3072), [1] * 10)


class Trap:
    def __reduce__(self) -> Any:
        return (sys.stdout.write, ("sprung",))


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_in_a_pickle_runs(home: Path, capsys: pytest.CaptureFixture[str], protocol: int) -> None:
    trap = b"cbuiltins\nprint\n(S'sprung'\ntR."
    files = {name: published.batch(0) for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4")}
    files |= {"data_batch_5": trap, "test_batch": pickle.dumps({"data": print, "labels": [1]}, protocol)}
    (home / "cifar10").mkdir(parents=True)
    published.pack_tar(home / "cifar10" / "cifar-10-python.tar.gz", files)
    with pytest.raises(DataError, match=r"data_batch_5 in .* is no batch of CIFAR-10"):
        written(home, "cifar10")
    with pytest.raises(PickleError, match="no array of bytes"):
        byte_array(read_pickle(files["test_batch"])["data"])
    assert capsys.readouterr().out == ""


# One line each


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_folder_without_the_files_says_which(home: Path, name: str) -> None:
    (home / name).mkdir(parents=True)
    with pytest.raises(DataError, match=next(iter(DOWNLOADS[name].checksums))[:12]) as caught:
        load_data(name, home.parent / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"dsprites"}))
def test_a_truncated_file_is_one_line_and_nothing_is_cached(home: Path, name: str) -> None:
    (home / name).mkdir(parents=True)
    path = WRITERS[name](home / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(DataError) as caught:
        load_data(name, home.parent / "cache")
    assert "\n" not in str(caught.value)
    cache = home.parent / "cache"
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_file_that_is_not_a_whole_grid_is_refused(home: Path) -> None:
    (home / "mpi3d-toy").mkdir(parents=True)
    np.savez(home / "mpi3d-toy" / "mpi3d_toy.npz", images=published.numbered(460_800))
    with pytest.raises(DataError, match="all 6 x 6 x 2 x 3 x 3 x 40 x 40 images of its grid, got 460,800"):
        load_data("mpi3d-toy", home.parent / "cache")


def test_a_value_that_changed_in_an_npz_is_found_at_its_end(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=published.numbered(6_000))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[content.index(bytes([0, 23, 110, 0, 23, 111])) + 2] ^= 1  # image 5998, of the last block
    (tmp_path / "x.npz").write_bytes(content)
    images = _in_npz(tmp_path / "x.npz", "images")
    with pytest.raises(DataError, match="Bad CRC-32"):
        np.asarray(images[:3])


def test_pairs_of_smallnorb_beyond_their_header_are_refused(home: Path) -> None:
    (home / "smallnorb").mkdir(parents=True)
    path = published.write_smallnorb(home / "smallnorb")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"\0"))
    with pytest.raises(DataError, match="must hold 12 pairs of images by its header, found more"):
        load_data("smallnorb", home.parent / "cache")


def test_hdf5_without_its_extra_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "shapes3d").mkdir(parents=True)
    (home / "shapes3d" / "3dshapes.h5").write_bytes(b"\x89HDF\r\n")
    monkeypatch.setattr(hdf5, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"needs h5py, which is not installed: pip install 'vaekit\[hdf5\]'"):
        load_data("shapes3d", home.parent / "cache")


def test_a_set_that_is_not_fetched_says_where_it_is_and_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAEKIT_DATA", raising=False)
    rule = r"get mpi3d_real.npz \(MD5 0f33f.*\) from .*disentanglement_dataset, and put it into a folder mpi3d-real in"
    with pytest.raises(DataError, match=rule):
        fetch_data("mpi3d-real")


# The catalogue


def test_the_catalogue_says_of_all_names_what_they_are() -> None:
    rows = {row["name"]: row for row in catalogue()}
    assert set(rows) == set(SOURCES)
    assert set(WRITERS) | {"rooms", "tiny-sprites", "colour-sprites", "mpi3d-real"} < set(rows)
    assert all(all(row.values()) for row in rows.values())
    for name, source in SOURCES.items():
        if source.factors in KNOWN and name != "colour-sprites" and name != "cars3d":
            assert source.samples == n_combinations(source.factors)
    assert rows["shapes3d"] == {
        "name": "shapes3d",
        "samples": 480_000,
        "shape": "64 x 64 x 3",
        "factors": {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15},
        "origin": "downloaded once",
        "licence": "Apache-2.0",
        "description": rows["shapes3d"]["description"],
    }


@pytest.mark.parametrize("name", ["digits", "shapes", "sprites", "tiny-sprites", "colour-sprites", "rooms"])
def test_the_catalogue_describes_what_is_drawn(name: str, tmp_path: Path) -> None:
    """As far as a few images tell: the shape without --size, and the factors."""
    source = SOURCES[name]
    data = load_data(DataConfig(source=name, limit=10), tmp_path)
    assert (data.sample_shape, data.factor_names) == (source.shape, tuple(source.factors))
