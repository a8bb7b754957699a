import io
import json
import os
import shutil
import struct
import subprocess
import sys
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae.data import DataConfig, check_likelihood, index, is_whole, load_data, open_data, prepare
from vae.data.transforms import block_average, draw_splits
from vae.errors import ConfigError, DataError

Arrays = dict[str, npt.NDArray[Any]]
FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


def grey(n_images: int = 40, side: int = 4) -> npt.NDArray[np.uint8]:
    images = np.random.default_rng(n_images).integers(0, 256, (n_images, side, side), dtype=np.uint8)
    images[0, 0, :2] = 0, 255
    return images


def write_npz(folder: Path, name: str = "x.npz", /, **arrays: npt.NDArray[Any]) -> str:
    np.savez(folder / name, **arrays)  # type: ignore[arg-type]
    return str(folder / name)


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    path.write_bytes(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


# Sources


def test_digits() -> None:
    data = load_data("digits")
    assert (data.name, data.images.shape, data.images.dtype.name, data.scale) == (
        "digits",
        (1797, 8, 8),
        "uint8",
        1 / 16,
    )
    assert (data.sample_shape, data.n_pixels, data.low, data.high) == ((8, 8), 64, 0.0, 1.0)
    assert data.factor_names == ("label",)
    assert data.factors is not None
    assert data.factors.shape == (1797, 1)
    assert set(data.factors[:, 0]) == set(range(10))
    assert [len(data.train), len(data.validation), len(data.test)] == [1437, 180, 180]


@pytest.mark.parametrize(
    ("images", "stored", "scale", "high"),
    [
        (grey(), "uint8", 1 / 255, 1.0),
        (grey().astype(np.int64), "uint8", 1 / 255, 1.0),
        (grey() // 255, "uint8", 1.0, 1.0),
        (grey() > 127, "uint8", 1.0, 1.0),
        (grey().astype(np.uint16) * 257, "float32", 1.0, 1.0),
        (grey() / 51, "float32", 1.0, 5.0),
        (np.stack([grey()] * 3, axis=-1), "uint8", 1 / 255, 1.0),
        (np.asfortranarray(grey()), "uint8", 1 / 255, 1.0),
    ],
)
def test_npz_images_of_any_type(
    tmp_path: Path, images: npt.NDArray[Any], stored: str, scale: float, high: float
) -> None:
    data = load_data(write_npz(tmp_path, images=images))
    assert (data.name, data.images.dtype.name, data.scale, data.low, data.high) == (
        "x",
        stored,
        scale,
        0.0,
        high,
    )
    assert (data.factors, data.factor_names, data.sample_shape) == (None, (), images.shape[1:])
    everything = np.arange(len(images))
    expected = images.reshape(len(images), -1) / (float(images.max()) / high)
    np.testing.assert_allclose(data.pixels(everything), expected, rtol=1e-6)
    assert data.pixels(everything).dtype == np.float32
    assert data.pixels(everything).max() == high


def test_pixels_follow_the_order_of_the_indices(tmp_path: Path) -> None:
    images = grey() // 255
    images[:, 0, 0] = np.arange(40) % 2
    data = load_data(write_npz(tmp_path, images=images))
    np.testing.assert_array_equal(data.pixels(np.array([3, 2, 3]))[:, 0], [1, 0, 1])


def test_npz_labels_and_factors(tmp_path: Path) -> None:
    labels = np.arange(40) % 3
    factors = np.stack([labels, np.arange(40)], axis=1)
    by_label = load_data(write_npz(tmp_path, "a.npz", images=grey(), labels=labels.astype(np.float64)))
    by_factor = load_data(write_npz(tmp_path, "b.npz", images=grey(), factors=factors.astype(np.uint8)))
    assert by_label.factors is not None
    assert by_factor.factors is not None
    assert (by_label.factor_names, by_factor.factor_names) == (("label",), ("factor_0", "factor_1"))
    assert by_label.factors.dtype == by_factor.factors.dtype == np.int64
    np.testing.assert_array_equal(by_label.factors[:, 0], labels)
    np.testing.assert_array_equal(by_factor.factors, factors)


def test_dsprites_own_file_loses_its_constant_colour(tmp_path: Path) -> None:
    latents = np.random.default_rng(0).integers(0, 3, (40, 6))
    latents[:, 0] = 0
    metadata = np.array({"title": "pickled, and never read"}, dtype=object)
    path = write_npz(tmp_path, imgs=grey() // 255, latents_classes=latents, metadata=metadata)
    data = load_data(path)
    assert data.factor_names == ("shape", "scale", "orientation", "x", "y")
    assert data.factors is not None
    np.testing.assert_array_equal(data.factors, latents[:, 1:])
    assert data.scale == 1.0


def test_idx_folder_keeps_t10k_as_test(tmp_path: Path) -> None:
    folder = tmp_path / "clothes"
    folder.mkdir()
    write_idx(folder / "train-images-idx3-ubyte", grey(60))
    write_idx(folder / "t10k-images-idx3-ubyte", grey(20))
    data = load_data(str(folder))
    np.testing.assert_array_equal(data.test, np.arange(60, 80))
    assert [len(data.train), len(data.validation)] == [54, 6]
    np.testing.assert_array_equal(data.images[60:], grey(20))
    assert data.name == "clothes"


def test_idx_folder_with_limit_keeps_the_proportions(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", grey(60))
    write_idx(tmp_path / "t10k-images-idx3-ubyte", grey(20))
    data = load_data(DataConfig(source=str(tmp_path), limit=40))
    assert [len(data.train), len(data.validation), len(data.test)] == [27, 3, 10]
    t10k = {image.tobytes() for image in grey(20)}
    assert [image.tobytes() in t10k for image in data.images] == [False] * 30 + [True] * 10


# Splits


@given(st.integers(10, 3000), st.none() | st.floats(0.3, 0.9))
def test_splits_are_disjoint_sorted_and_cover(n_images: int, share: float | None) -> None:
    first_test = None if share is None else round(n_images * share)
    splits = draw_splits(n_images, first_test, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(np.concatenate(splits)), np.arange(n_images))
    assert all(len(split) and (np.diff(split) > 0).all() and split.dtype == np.int64 for split in splits)
    if first_test is not None:
        np.testing.assert_array_equal(splits[2], np.arange(first_test, n_images))


def test_ten_images_give_every_split_one(tmp_path: Path) -> None:
    data = load_data(write_npz(tmp_path, images=grey(10)))
    assert [len(data.split(name)) for name in ("train", "validation", "test")] == [8, 1, 1]


def test_a_train_file_too_small_for_two_splits_is_an_error(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", grey(1))
    write_idx(tmp_path / "t10k-images-idx3-ubyte", grey(20))
    with pytest.raises(DataError, match="must each get a sample, got 0, 1 and 20 of 21"):
        load_data(str(tmp_path))


def test_split_by_name() -> None:
    data = load_data("digits")
    assert data.split("validation") is data.validation
    with pytest.raises(ConfigError, match="split must be one of train, validation, test, got 'low'"):
        data.split("low")


# Limit, size, binarize


def test_limit_keeps_images_with_their_factors(tmp_path: Path) -> None:
    images = np.zeros((100, 2, 2), dtype=np.uint8)
    images[:, 0, 0] = np.arange(100)
    images[:, 1, 1] = 255
    config = DataConfig(source=write_npz(tmp_path, images=images, labels=np.arange(100)), limit=50)
    data = load_data(config)
    assert data.factors is not None
    assert len(data.images) == len(np.unique(data.factors)) == 50
    np.testing.assert_array_equal(data.images[:, 0, 0], data.factors[:, 0])
    assert 20 < np.sum(data.factors < 50) < 30  # uniform, not the first


def test_size_averages_over_blocks(tmp_path: Path) -> None:
    image = np.array([[0, 4, 8, 8], [4, 8, 8, 8], [255, 255, 0, 0], [255, 255, 0, 255]], dtype=np.uint8)
    config = DataConfig(source=write_npz(tmp_path, images=np.stack([image] * 10)), size=2)
    data = load_data(config)
    expected = np.array([4, 8, 255, 63.75]) / 255
    assert (data.images.shape, data.images.dtype.name, data.scale) == ((10, 2, 2), "float32", 1.0)
    np.testing.assert_allclose(data.pixels(np.arange(10)), [expected] * 10, rtol=1e-6)
    assert data.high == 1.0


def test_size_keeps_channels_apart_and_allows_oblong_images() -> None:
    images = np.arange(2 * 2 * 4 * 3, dtype=np.float32).reshape(2, 2, 4, 3)
    averaged = block_average(images, 1.0, 1)
    assert averaged.shape == (2, 1, 1, 3)
    np.testing.assert_allclose(averaged[:, 0, 0], images.mean(axis=(1, 2)))


def test_binarize_threshold() -> None:
    plain, binary = load_data("digits"), load_data(DataConfig(binarize="threshold"))
    np.testing.assert_array_equal(binary.images, plain.images > 8)
    assert (binary.images.dtype.name, binary.scale, binary.resample) == ("uint8", 1.0, False)
    np.testing.assert_array_equal(binary.train, plain.train)


@pytest.mark.parametrize("size", [None, 4])
def test_binarize_sample_draws_held_out_images_only(size: int | None) -> None:
    plain = load_data(DataConfig(size=size))
    binary = load_data(DataConfig(size=size, binarize="sample"))
    assert binary.resample
    np.testing.assert_array_equal(binary.pixels(binary.train), plain.pixels(plain.train))
    held_out = np.concatenate([binary.validation, binary.test])
    drawn, grey_values = binary.pixels(held_out), plain.pixels(held_out)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_array_equal(drawn[grey_values == 0], 0)
    np.testing.assert_array_equal(drawn[grey_values == 1], 1)
    standard_error = np.sqrt((grey_values * (1 - grey_values)).sum())
    assert abs((drawn - grey_values).sum()) < 4 * standard_error


def test_binarize_sample_of_8_bit_images_stays_in_range(tmp_path: Path) -> None:
    data = load_data(DataConfig(source=write_npz(tmp_path, images=grey()), binarize="sample"))
    assert data.images.dtype == np.uint8
    assert set(np.unique(data.pixels(data.test))) == {0.0, 1.0}


# Hash and cache


def test_the_same_data_has_the_same_hash_under_any_name(tmp_path: Path) -> None:
    a, b = (load_data(write_npz(tmp_path, name, images=grey())) for name in ("a.npz", "b.npz"))
    assert a.content_hash == b.content_hash
    assert (a.name, b.name) == ("a", "b")


@pytest.mark.parametrize("config", [DataConfig(), DataConfig(limit=100, size=4, binarize="sample")])
def test_the_hash_does_not_depend_on_the_process(tmp_path: Path, config: DataConfig) -> None:
    code = f"from vae.data import *; print(prepare({config!r}).name)"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == prepare(config, tmp_path / "another").name


def test_the_hash_changes_with_whatever_changes_results(tmp_path: Path) -> None:
    images, labels = grey(), np.arange(40) % 3
    other_image, other_label = images.copy(), labels.copy()
    other_image[7, 1, 1] ^= 1
    other_label[7] += 1
    config = DataConfig(source=write_npz(tmp_path, "a.npz", images=images, labels=labels))
    variants = [
        config,
        replace(config, source=write_npz(tmp_path, "b.npz", images=other_image, labels=labels)),
        replace(config, source=write_npz(tmp_path, "c.npz", images=images, labels=other_label)),
        replace(config, source=write_npz(tmp_path, "d.npz", images=images)),
        replace(config, source=write_npz(tmp_path, "e.npz", images=images, factors=labels[:, None])),
        replace(config, source=write_npz(tmp_path, "f.npz", images=images[::-1], labels=labels[::-1])),
        replace(config, limit=39),
        replace(config, size=2),
        replace(config, binarize="threshold"),
        replace(config, binarize="sample"),
    ]
    assert len({prepare(variant).name for variant in variants}) == len(variants)


def test_a_second_call_reuses_the_folder(cache: Path) -> None:
    folder = prepare(DataConfig())
    written = (folder / "images.npy").stat().st_mtime_ns
    assert prepare(DataConfig()) == folder == cache / folder.name
    assert (folder / "images.npy").stat().st_mtime_ns == written
    assert {path.name for path in cache.iterdir()} == {open_data(folder).content_hash, "index"}


def test_a_folder_prepared_by_an_older_version_opens(tmp_path: Path) -> None:
    folder = prepare(DataConfig(), tmp_path)
    record = json.loads((folder / "data.json").read_text())
    since = {"factor_levels", "feature_names", "offset", "unit", "notes"}
    (folder / "data.json").write_text(json.dumps({name: x for name, x in record.items() if name not in since}))
    assert is_whole(folder)
    assert open_data(folder).factor_levels == {}


def test_the_default_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAEKIT_CACHE")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    assert prepare(DataConfig()).parent == tmp_path / "vaekit" / "data"


def test_racing_twins_share_one_folder(cache: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(prepare, [DataConfig(limit=100)] * 16))
    assert set(cache.iterdir()) == folders | {cache / "index"}
    assert len(folders) == 1


def settle(*paths: Path) -> None:
    """Let the files look as if they had been written some time ago."""
    for path in paths:
        os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was written long ago, for the index."""
    monkeypatch.setattr(index, "SETTLED_SECONDS", 0.0)
    path = Path(write_npz(tmp_path, images=grey()))
    settle(path)
    return path


def no_reading(*_: object) -> None:
    raise AssertionError("read again")


@pytest.mark.parametrize(
    "config",
    [
        DataConfig(),
        DataConfig(source="shapes"),
        DataConfig(source="sprites", limit=50, size=16, binarize="sample"),
        DataConfig(source="npz"),
    ],
)
def test_the_same_again_reads_nothing(config: DataConfig, npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(config, source=str(npz)) if config.source == "npz" else config
    folder = prepare(config)
    with monkeypatch.context() as patch:
        patch.setattr(import_module("vae.data.prepare"), "read_source", no_reading)  # vae.data.prepare is the function
        assert prepare(config) == folder
        for other in (replace(config, limit=40), replace(config, size=2), replace(config, binarize="threshold")):
            with pytest.raises(AssertionError, match="read again"):
                prepare(other)


def test_a_changed_file_is_read_again(npz: Path) -> None:
    before = prepare(DataConfig(source=str(npz)))
    write_npz(npz.parent, images=grey()[::-1])  # of the same size
    settle(npz)  # and with the same time of modification
    after = prepare(DataConfig(source=str(npz)))
    assert after != before
    np.testing.assert_array_equal(open_data(after).images, grey()[::-1])
    write_npz(npz.parent, images=grey(60))
    assert len(load_data(str(npz)).images) == 60


def test_a_changed_folder_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SETTLED_SECONDS", 0.0)
    folder = tmp_path / "idx"
    folder.mkdir()
    write_idx(folder / "train-images-idx3-ubyte", grey(60))
    assert len(load_data(str(folder)).images) == 60
    write_idx(folder / "t10k-images-idx3-ubyte", grey(20))
    assert len(load_data(str(folder)).images) == 80
    (folder / "train-images-idx3-ubyte").unlink()
    with pytest.raises(DataError, match="training images"):
        load_data(str(folder))


def test_a_file_written_a_moment_ago_is_not_trusted(tmp_path: Path, cache: Path) -> None:
    prepare(DataConfig(source=write_npz(tmp_path, images=grey())))
    assert not (cache / "index").exists()


def test_an_empty_folder_named_like_a_source_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SETTLED_SECONDS", 0.0)
    prepare(DataConfig(source="shapes"))
    (tmp_path / "shapes").mkdir()
    with pytest.raises(DataError, match="a folder must hold images"):
        prepare(DataConfig(source=str(tmp_path / "shapes")))


@pytest.mark.parametrize("damage", ["data.json", "images.npy", "test.npy", "factors.npy"])
@pytest.mark.parametrize("kept", [None, 10])
def test_a_damaged_folder_is_prepared_again(cache: Path, damage: str, kept: int | None) -> None:
    folder = prepare(DataConfig(source="shapes"))
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / damage).unlink()
    if kept is not None:
        (folder / damage).write_bytes(whole[damage][:kept])
    assert prepare(DataConfig(source="shapes")) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert {path.name for path in cache.iterdir()} == {folder.name, "index"}


def test_a_folder_that_is_gone_is_prepared_again(cache: Path) -> None:
    folder = prepare(DataConfig())
    shutil.rmtree(folder)
    assert prepare(DataConfig()) == folder
    assert folder.is_dir()


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "{}", '{"content_hash": "gone"}', '{"content_hash": null}'])
def test_a_damaged_entry_counts_as_none(cache: Path, content: str) -> None:
    folder = prepare(DataConfig())
    (entry,) = (cache / "index").iterdir()
    whole = entry.read_text()
    entry.write_text(content)
    assert prepare(DataConfig()) == folder
    assert entry.read_text() == whole


def test_a_full_disk_leaves_nothing_half_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DataError, match=r"No space left on device.*VAEKIT_CACHE"):
        prepare(DataConfig())
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write the data cache"):
        prepare(DataConfig(), tmp_path / "file" / "data")


def test_images_are_mapped_and_torch_takes_them_without_a_copy_or_warning() -> None:
    folder = prepare(DataConfig())
    data = open_data(folder)
    assert isinstance(data.images, np.memmap)
    torch.from_numpy(data.images)[0] = 16
    assert data.images[0].min() == 16
    assert open_data(folder).images[0].min() == 0  # copy on write: the file stays as it was


@pytest.mark.parametrize("damage", ["data.json", "images.npy", "test.npy", "factors.npy"])
def test_a_damaged_folder_is_an_error(damage: str) -> None:
    folder = prepare(DataConfig())
    content = (folder / damage).read_bytes()
    (folder / damage).write_bytes(content[:-20])
    with pytest.raises(DataError, match="the prepared data in .* are damaged"):
        open_data(folder)
    (folder / damage).unlink()
    with pytest.raises(DataError, match="the prepared data in .* are damaged"):
        open_data(folder)


# Errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 3}, "limit must be at least 10, got 3$"),
        ({"limit": 10.5}, "limit must be a whole number, got 10.5$"),
        ({"limit": True}, "limit must be a whole number, got True$"),
        ({"size": 0}, "size must be at least 1, got 0$"),
        ({"size": "big"}, "size must be a whole number, got 'big'$"),
        ({"binarize": "x"}, "binarize must be one of none, threshold, sample, got 'x'$"),
        ({"source": ""}, "data must be a name, a folder or a file, got ''$"),
    ],
)
def test_a_bad_option_is_a_config_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        DataConfig(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 1798}, "limit must be at most the number of samples, 1797, got 1798"),
        ({"size": 16}, "size must be at most the sides of the images, 8 x 8, got 16"),
        ({"size": 5000}, "size must be at most 4096, got 5000"),
    ],
)
def test_an_option_that_the_data_cannot_follow_is_a_config_error(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_data(DataConfig(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnits", r"data must be a name \(digits, .*\), a folder of IDX files, .*, got 'mnits'"),
        ("digit", "got 'digit'; did you mean 'digits'\\?$"),
        ("nowhere/x.npz", "no folder or file at 'nowhere/x.npz'"),
        (__file__, "data must be a name .* a folder of IDX files, .*, got '.*test_data.py'"),
        ("x" * 300, "cannot read data .*: File name too long"),
        ("~nobody-of-that-name/x", "with a home that exists"),
        (str(Path(__file__).parent), r"a folder must hold images \(.*\) or IDX files"),
    ],
)
def test_data_that_cannot_be_found(source: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_data(source)


ragged = np.empty(10, dtype=object)
ragged[:] = [np.zeros((side, side)) for side in range(10)]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": np.arange(40)}, r"must hold 'images', .* got 'labels' \(40\)"),
        ({}, "must hold 'images', .* got nothing"),
        ({"images": ragged}, "'images' must be one array of numbers, got Python objects"),
        ({"images": grey().reshape(40, 16)[:, 0]}, r"must have shape .*\(image, height, width\) .* got \(40,\)"),
        ({"images": np.array(3)}, r"must have shape .* got \(\)"),
        ({"images": grey()[:, :0]}, r"must have shape .* got \(40, 0, 4\)"),
        ({"images": grey()[:0]}, "at least 10 images, got 0"),
        ({"images": grey(9)}, "at least 10 images, got 9"),
        ({"images": np.where(grey() > 250, np.nan, 0.0)}, "pixels must be finite, got nan"),
        ({"images": np.where(grey() > 250, -np.inf, 0.0)}, "pixels must be finite, got -inf"),
        ({"images": grey() * 1e300}, "pixels must be finite, got inf"),
        ({"images": grey().astype(np.int16) - 1}, "integer images must not be negative, got -1 to 254"),
        (
            {"images": grey() * np.int64(1000)},
            "white must be declared: the brightest pixel in .* is 255000, and none is guessed above 65535",
        ),
        ({"images": grey().astype(complex)}, "integers, booleans or floats, got complex128"),
        ({"images": grey().astype(str)}, "integers, booleans or floats, got <U3"),
        ({"images": grey(), "labels": np.arange(39)}, "every image must have a label, got 39 for 40"),
        ({"images": grey(), "labels": np.full(40, np.nan)}, "label must be finite, got nan in row 0"),
        ({"images": grey(), "labels": np.full(40, 1e300)}, r"label must lie within .*, got 0.0 to 1e\+300"),
        ({"images": grey(), "labels": np.full(40, 1j)}, "label must be numbers or text, got complex128"),
        (
            {"images": grey(), "labels": np.ones((40, 2), int)},
            r"labels must have shape \(image,\), got \(40, 2\)",
        ),
        (
            {"images": grey(), "factors": np.arange(40)},
            r"factors must have shape \(image, factor\), got \(40,\)",
        ),
        ({"images": grey(), "labels": np.full(40, None)}, "'labels' must be one array of numbers"),
    ],
)
def test_npz_says_what_is_wrong_and_where(tmp_path: Path, arrays: Arrays, message: str) -> None:
    path = write_npz(tmp_path, **arrays)
    with pytest.raises(DataError, match=message) as caught:
        load_data(path)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def npy(array: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(grey())[:-1], "'images' must hold 768 bytes by its header, found 767"),
        (npy(grey()) + b"!", "'images' must hold 768 bytes by its header, found 769"),
        (npy(grey()).replace(b"(40, 4, 4), }", b"(40,4,99999)}"), "by its header, found 768"),
        (npy(grey()).replace(b"(40, 4, 4)", b"(40, 4, 4("), "begin with an .npy header, got a damaged one"),
        (npy(grey()).replace(b"'shape'", b"'shapf'"), "begin with an .npy header, got a damaged one"),
        (b"\x93NUMPY\x03" + npy(grey())[7:], r"got .npy version \(3, 0\)"),
        (b"cPickle", "begin with an .npy header, got a damaged one"),
        (b"", "begin with an .npy header, got a damaged one"),
    ],
)
def test_npz_with_a_damaged_array(tmp_path: Path, member: bytes, message: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", member)
    with pytest.raises(DataError, match=message):
        load_data(str(tmp_path / "x.npz"))


@pytest.mark.parametrize("kept", [0, 1, 10, 300, 700, -1])
def test_npz_cut_short(tmp_path: Path, kept: int) -> None:
    path = Path(write_npz(tmp_path, images=grey()))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"is no readable \.npz file") as caught:
        load_data(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("low", "is_binary"), [(0, True), (0.5, False)])
def test_binary_pixels_are_told_from_grey_ones(tmp_path: Path, low: float, is_binary: bool) -> None:
    images = np.ones((20, 4, 4), np.float32)
    images[::2] = low
    assert load_data(write_npz(tmp_path, images=images)).is_binary is is_binary
    assert not load_data("digits").is_binary
    assert load_data(DataConfig(source="digits", binarize="threshold")).is_binary


def test_binarize_needs_grey_values(tmp_path: Path) -> None:
    source = write_npz(tmp_path, images=grey() / 100 - 0.5)
    for binarize in ("threshold", "sample"):
        with pytest.raises(DataError, match=r"binarize needs pixels in \[0, 1\], got -0.5 to 2.05"):
            load_data(DataConfig(source=source, binarize=binarize))


def test_check_likelihood(tmp_path: Path) -> None:
    wide = load_data(write_npz(tmp_path, images=grey() / 100 - 0.5))
    check_likelihood(wide, "gaussian")
    for likelihood in ("bernoulli", "continuous_bernoulli"):
        check_likelihood(load_data("digits"), likelihood)
        with pytest.raises(
            DataError, match=rf"^{likelihood} needs pixels in \[0, 1\], got -0.5 to 2.05 in 'x'; .* gaussian$"
        ):
            check_likelihood(wide, likelihood)


# Real files


@pytest.mark.machine
def test_fashion_mnist_as_debian_ships_it() -> None:
    data = load_data(str(FASHION_MNIST))
    assert (data.name, data.images.shape, data.images.dtype.name) == (
        "fashion-mnist",
        (70000, 28, 28),
        "uint8",
    )
    assert [len(data.train), len(data.validation), len(data.test)] == [54000, 6000, 10000]
    assert data.test[0] == 60000
    assert data.factors is not None
    np.testing.assert_array_equal(np.bincount(data.factors[data.test, 0]), [1000] * 10)
    np.testing.assert_array_equal(data.factors[:5, 0], [9, 0, 0, 3, 0])
    # The mean that every tutorial normalises by.
    assert data.images[:60000].mean() / 255 == pytest.approx(0.2860, abs=1e-4)


@pytest.mark.parametrize(("scale", "shift", "far"), [(1.0, 0.0, False), (1.0, 290.0, True), (1e-4, 0.0, True)])
def test_values_far_from_unit_scale_are_warned_of_before_training(
    tmp_path: Path, scale: float, shift: float, far: bool
) -> None:
    images = shift + scale * np.random.default_rng(0).standard_normal((40, 4, 4))
    np.savez(tmp_path / "far.npz", images=images)
    data = load_data(DataConfig(source=str(tmp_path / "far.npz")), cache=tmp_path / "cache")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_likelihood(data, "gaussian")
    assert len(caught) == far
    if far:
        assert "scale them to about [0, 1]" in str(caught[0].message)
