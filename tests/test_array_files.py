import itertools
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from vae.data import DataConfig, describe, load_data, prepare
from vae.data import hdf5 as hdf5_reader
from vae.data.hdf5 import read_hdf5
from vae.data.raw import check_raw_data
from vae.data.sets.grids import SHAPES3D
from vae.errors import ConfigError, DataError

Array = npt.NDArray[Any]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


def grey(count: int = 40, *shape: int) -> Array:
    images = np.random.default_rng(count).integers(0, 256, (count, *(shape or (6, 5))), dtype=np.uint8)
    images.reshape(count, -1)[:, 0] = 255
    return images


def npz(folder: Path, name: str = "x.npz", /, **arrays: Array) -> Path:
    np.savez(folder / name, **arrays)  # type: ignore[arg-type]
    return folder / name


def hdf5(folder: Path, name: str = "x.h5", /, **arrays: Any) -> Path:
    with h5py.File(folder / name, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return folder / name


def loaded(path: Path, **config: Any) -> Any:
    return load_data(DataConfig(source=str(path), **config))


# White


def test_digits_as_integers_are_the_embedded_digits_to_the_bit(tmp_path: Path) -> None:
    digits = load_digits()
    for kind in (np.uint8, np.int64):
        path = npz(tmp_path, images=digits.images.astype(kind), labels=digits.target)
        assert loaded(path, white=16).content_hash == prepare(DataConfig()).name
        with pytest.raises(DataError, match=r"brightest pixel in '.*x.npz' is 16, too dark for .* 255.*--white N.* 16"):
            loaded(path)


def test_twelve_bits_need_a_declared_white(tmp_path: Path) -> None:
    images = grey().astype(np.uint16) * 16
    path = npz(tmp_path, images=images)
    with pytest.raises(DataError, match=r"is 4080, too dark for a white of 65535; give --white N \(such as 4095"):
        loaded(path)
    data = loaded(path, white=4095)
    np.testing.assert_array_equal(data.images, images.astype(np.float32) / np.float32(4095))
    assert data.notes == ()


@pytest.mark.parametrize(
    ("images", "note"),
    [
        (grey(), "white is taken to be 255, as pixels reach 255; --white N declares another"),
        (grey() // 2 + 1, "white is taken to be 255, as pixels reach 128; --white N declares another"),
        (grey() // 255, "white is taken to be 1, as pixels reach 1; --white N declares another"),
        (
            grey() * np.int64(200),
            "white is taken to be 65535, as pixels reach 51000; --white N declares another",
        ),
    ],
)
def test_a_guess_is_said(tmp_path: Path, images: Array, note: str) -> None:
    data = loaded(npz(tmp_path, images=images))
    assert data.notes == (note,)
    assert describe(data)["notes"] == [note]


def test_a_white_below_the_brightest_pixel_and_of_floats(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="white must be at least the brightest pixel, 255, got 200"):
        loaded(npz(tmp_path, images=grey()), white=200)
    with pytest.raises(DataError, match="white is for integers, got 255 for float32 .*: give scale instead"):
        loaded(npz(tmp_path, images=grey().astype(np.float32)), white=255)
    with pytest.raises(ConfigError, match="white is for data in files, got 255 for 'digits'"):
        load_data(DataConfig(white=255))


def test_a_white_that_is_no_8_bit_integer_divides(tmp_path: Path) -> None:
    for white in (1000, 255.5):
        data = loaded(npz(tmp_path, images=grey()), white=white)
        np.testing.assert_array_equal(data.images, grey().astype(np.float32) / np.float32(white))


# Axes


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("write", [npz, hdf5])
def test_channels_first_are_channels_last_to_the_bit(tmp_path: Path, write: Any, channels: int) -> None:
    images = grey(40, 8, 6, channels)
    last = loaded(write(tmp_path, images=images))
    first = loaded(write(tmp_path, images=np.ascontiguousarray(np.moveaxis(images, -1, 1))))
    assert first.content_hash == last.content_hash
    assert first.sample_shape == (8, 6, channels)
    assert first.notes[0] == f"channels come first in the array of 40 x {channels} x 8 x 6, and are put last"
    assert not any("channels" in note for note in last.notes)


def test_small_images_with_channels_last_stay(tmp_path: Path) -> None:
    assert loaded(npz(tmp_path, images=grey(40, 3, 8, 3))).sample_shape == (3, 8, 3)


# Which array


@pytest.mark.parametrize("key", ["x", "X_train", "data", "arr_0", "images"])
@pytest.mark.parametrize("write", [npz, hdf5])
def test_one_array_of_images_is_taken_whatever_its_name(tmp_path: Path, write: Any, key: str) -> None:
    data = loaded(write(tmp_path, **{key: grey(), "labels": np.arange(40) % 3, "mean": np.zeros((6, 5))}))
    np.testing.assert_array_equal(data.images, grey())
    assert data.factor_names == ("label",)
    assert [note for note in data.notes if "taken for" in note] == (
        [] if key == "images" else [f"the array '{key}' is taken for images"]
    )


@pytest.mark.parametrize("write", [npz, hdf5])
def test_several_arrays_need_a_key(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, x_train=grey(), x_test=grey(12), labels=np.arange(40) % 3, y_test=np.arange(12))
    got = r"--key, got .*'x_train' \(40 x 6 x 5\).* in '.*x\.(npz|h5)'"
    with pytest.raises(DataError, match=rf"must hold one array of images, or be given its name by {got}"):
        loaded(path)
    np.testing.assert_array_equal(loaded(path, key="x_train").images, grey())
    test = loaded(path, key="x_test")
    assert (len(test.images), test.factors) == (12, None), "labels of others are not its own"
    assert "not read: 'y_test' (12)" in test.notes
    with pytest.raises(DataError, match=r"key must be an array in .*, got 'x_tran'; did you mean 'x_train'\?"):
        loaded(path, key="x_tran")


def test_labels_beside_factors_are_kept(tmp_path: Path) -> None:
    factors, labels = np.stack([np.arange(40) % 2, np.arange(40) % 5], axis=1), np.arange(40) % 3
    data = loaded(npz(tmp_path, images=grey(), factors=factors, labels=labels))
    assert data.factor_names == ("factor_0", "factor_1", "label")
    np.testing.assert_array_equal(data.factors, np.column_stack([factors, labels]))


def test_npz_in_capitals_and_npy(tmp_path: Path) -> None:
    npz(tmp_path, images=grey()).rename(tmp_path / "x.NPZ")
    np.save(tmp_path / "y.npy", grey())
    by_npz, by_npy = loaded(tmp_path / "x.NPZ"), loaded(tmp_path / "y.npy")
    assert (by_npz.name, by_npy.name) == ("x", "y")
    assert by_npz.content_hash == by_npy.content_hash
    with pytest.raises(DataError, match="key is for files of several arrays, got 'x' for '.*y.npy'"):
        loaded(tmp_path / "y.npy", key="x")


def test_npy_is_damaged(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", grey())
    whole = (tmp_path / "y.npy").read_bytes()
    for content in (b"", whole[:20], whole[:-7], whole + b"1"):
        (tmp_path / "y.npy").write_bytes(content)
        with pytest.raises(DataError, match="y"):
            loaded(tmp_path / "y.npy")


def test_pickled_arrays_beside_the_images_are_passed_by(tmp_path: Path) -> None:
    path = npz(tmp_path, x=grey(), metadata=np.array({"never": "read"}, dtype=object))
    assert len(loaded(path).images) == 40


# HDF5


def test_shapes3ds_own_layout_is_read_as_it_is(tmp_path: Path) -> None:
    grid = np.array(list(itertools.product((0.0, 0.1), (0.2, 0.9), (0.75, 0.82, 0.89), (0, 3))))
    labels = np.column_stack([grid[:, 0], grid[:, 1], np.full(24, 0.5), grid[:, 2], grid[:, 3], np.full(24, -30.0)])
    images = grey(24, 64, 64, 3)
    data = loaded(hdf5(tmp_path, "3dshapes.h5", images=images, labels=labels))
    assert (data.name, data.factor_names) == ("3dshapes", tuple(SHAPES3D))
    np.testing.assert_array_equal(data.images, images)
    np.testing.assert_array_equal(data.factors[0], [0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(data.factors[-1], [1, 1, 0, 2, 1, 0])


def test_8_bit_images_are_read_in_whole_chunks_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("group/x", data=grey(1000, 4, 4), chunks=(300, 4, 4), compression="gzip")
        file["link"] = h5py.SoftLink("/group/x")
    raw = read_hdf5(tmp_path / "x.h5", DataConfig())
    assert not isinstance(raw.images, np.ndarray)
    assert [len(block) for block in raw.images.blocks()] == [300, 300, 300, 100]
    chosen = raw.images[np.array([5, 299, 950])]
    np.testing.assert_array_equal(np.concatenate(list(chosen.blocks())), grey(1000, 4, 4)[[5, 299, 950]])
    assert raw.notes[0] == "the array 'group/x' is taken for images"


def test_hdf5_is_what_the_same_arrays_are_in_an_npz(tmp_path: Path) -> None:
    labels = np.arange(40) % 3
    for images in (grey(), grey().astype(np.uint16) * 257, grey() / 255, grey() > 100):
        for config in ({}, {"size": 2}, {"limit": 20}):
            by_npz = loaded(npz(tmp_path, images=images, labels=labels), **config)
            by_hdf5 = loaded(hdf5(tmp_path, images=images, labels=labels), **config)
            assert by_npz.content_hash == by_hdf5.content_hash, (images.dtype, config)
    digits = load_digits()
    path = hdf5(tmp_path, images=digits.images.astype(np.uint8), labels=digits.target)
    assert loaded(path, white=16).content_hash == prepare(DataConfig()).name
    with pytest.raises(DataError, match="is 16, too dark"):
        loaded(path)


def test_no_more_is_looked_at_than_tells_white() -> None:
    class Images:
        shape, dtype = (1000, 2, 2), np.dtype(np.uint8)

        def __len__(self) -> int:
            return 1000

        def __getitem__(self, indices: Any) -> Any:
            return self

        def blocks(self) -> Any:
            yield np.full((10, 2, 2), 100, np.uint8)
            yield np.full((10, 2, 2), 200, np.uint8)
            raise AssertionError

    raw = check_raw_data("x", Images(), config=DataConfig())
    assert (raw.scale, raw.notes[0][:27]) == (1 / 255, "white is taken to be 255, a")


def test_texts_are_labels(tmp_path: Path) -> None:
    path = hdf5(tmp_path, images=grey(), labels=["cat", "dog"] * 20)
    assert loaded(path).factor_levels == {"label": ("cat", "dog")}


def test_hdf5_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hdf5(tmp_path, images=grey())
    monkeypatch.setattr(hdf5_reader, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"x.h5' needs h5py, which is not installed: pip install 'vaekit\[hdf5\]'"):
        loaded(path)


def test_hdf5_that_is_none_or_leads_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="x.h5' is no readable HDF5 file"):
        loaded(tmp_path / "x.h5")
    (tmp_path / "secret").write_bytes(bytes(40 * 4 * 4))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", (40, 4, 4), np.uint8, external=[(str(tmp_path / "secret"), 0, 640)])
    with pytest.raises(DataError, match="an array must lie in its own file, got '/x', of other files"):
        loaded(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", (10**7, 64, 64), np.uint8, chunks=(1, 64, 64))
    with pytest.raises(DataError, match="must not grow to more than 500 times"):
        loaded(tmp_path / "x.h5")


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    for bad in (np.nan, np.inf):
        images = grey() / 255
        images[7, 1, 1] = bad
        for path in (npz(tmp_path, images=images), hdf5(tmp_path, images=images)):
            with pytest.raises(DataError, match=f"pixels must be finite, got {bad}"):
                loaded(path)
    with pytest.raises(DataError, match="at least 10 images, got 9"):
        loaded(hdf5(tmp_path, images=grey(9)))
