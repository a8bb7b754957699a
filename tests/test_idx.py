import gzip
import struct
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vae.data.idx import read_idx, read_idx_folder
from vae.errors import DataError

TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: npt.NDArray[Any]) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, TYPES[array.dtype.str[1:]], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def grey(n_images: int, side: int = 4) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(n_images).integers(0, 256, (n_images, side, side), dtype=np.uint8)


def labels(n_images: int) -> npt.NDArray[np.uint8]:
    return (np.arange(n_images) % 10).astype(np.uint8)


def write_folder(folder: Path, **arrays: npt.NDArray[Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        axes = 1 if "labels" in name else 3
        (folder / f"{name.replace('_', '-')}-idx{axes}-ubyte").write_bytes(idx_bytes(array))
    return folder


arrays = st.sampled_from(list(TYPES)).flatmap(
    lambda code: hnp.arrays(
        np.dtype(code),
        hnp.array_shapes(max_dims=4, max_side=5),
        elements={"allow_nan": False} if code.startswith("f") else None,
    )
)


@given(arrays, st.booleans())
def test_idx_round_trip(array: npt.NDArray[Any], gzipped: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        path.write_bytes(gzip.compress(idx_bytes(array)) if gzipped else idx_bytes(array))
        np.testing.assert_array_equal(read_idx(path), array)


@given(arrays, st.booleans(), st.data())
def test_idx_cut_short_is_an_error(array: npt.NDArray[Any], gzipped: bool, data: st.DataObject) -> None:
    content = gzip.compress(idx_bytes(array)) if gzipped else idx_bytes(array)
    kept = data.draw(st.integers(0, len(content) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        path.write_bytes(content[:kept])
        with pytest.raises(DataError):
            read_idx(path)


@given(arrays, st.booleans(), st.binary(min_size=1, max_size=9))
def test_idx_too_long_is_an_error(array: npt.NDArray[Any], gzipped: bool, more: bytes) -> None:
    content = idx_bytes(array) + more
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        path.write_bytes(gzip.compress(content) if gzipped else content)
        with pytest.raises(DataError, match="bytes by its header, found"):
            read_idx(path)


IMAGES = idx_bytes(grey(10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must begin with two zero bytes, a type and a number of axes, got ''"),
        (b"\x89PNG", "must begin with two zero bytes, .* got '89 50 4e 47'"),
        (b"\0\0\x07\x03" + IMAGES[4:], "got '00 00 07 03'"),
        (b"\0\0\x08\x00", "must have 1 to 4 axes, got 0"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "must have 1 to 4 axes, got 255"),
        (IMAGES[:9], "must hold a header of 16 bytes, found 9"),
        (IMAGES[:-1], "must hold 176 bytes by its header, found 175$"),
        (IMAGES + b"!", "must hold 176 bytes by its header, found 177$"),
        (gzip.compress(IMAGES[:-1]), "must hold 176 bytes by its header, found 175$"),
        (gzip.compress(IMAGES + b"!"), "must hold 176 bytes by its header, found more$"),
        (gzip.compress(IMAGES)[:-9], "is a damaged gzip file"),
        (gzip.compress(IMAGES)[:-8] + bytes(8), "is a damaged gzip file: CRC check failed"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, 0, 28, 28), r"at least one value, got shape \(0, 28, 28\)"),
    ],
)
def test_idx_says_what_is_wrong_and_where(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("gzipped", [False, True])
def test_idx_header_of_absurd_size_takes_no_memory(tmp_path: Path, gzipped: bool) -> None:
    content = struct.pack(">BBBB3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100)
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(content) if gzipped else content)
    tracemalloc.start()
    try:
        claimed = f"must hold {(2**32 - 1) ** 3 + 16} bytes by its header, found 116"
        with pytest.raises(DataError, match="must not grow to more than 500 times" if gzipped else claimed):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_idx_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read .*: No such file"):
        read_idx(tmp_path / "images")


def test_t10k_follows_train_and_is_the_test_split(tmp_path: Path) -> None:
    train, t10k = grey(30), grey(12)
    folder = write_folder(
        tmp_path, train_images=train, train_labels=labels(30), t10k_images=t10k, t10k_labels=labels(12)
    )
    raw = read_idx_folder(folder)
    np.testing.assert_array_equal(raw.images, np.concatenate([train, t10k]))
    assert raw.factors is not None
    np.testing.assert_array_equal(raw.factors[:, 0], np.concatenate([labels(30), labels(12)]))
    assert (raw.first_test, raw.scale, raw.factor_names) == (30, 1 / 255, ("label",))


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "emoji-images-idx3-ubyte", "emoji.idx3-ubyte"])
def test_one_file_of_images_is_enough(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(grey(10))))
    (tmp_path / "README").write_text("not an IDX file")
    raw = read_idx_folder(tmp_path)
    np.testing.assert_array_equal(raw.images, grey(10))
    assert (raw.factors, raw.factor_names, raw.first_test) == (None, (), None)


def test_labels_of_a_single_file_are_found(tmp_path: Path) -> None:
    (tmp_path / "emoji.idx3-ubyte").write_bytes(idx_bytes(grey(10)))
    (tmp_path / "emoji.idx1-ubyte").write_bytes(idx_bytes(labels(10)))
    factors = read_idx_folder(tmp_path).factors
    assert factors is not None
    assert factors.shape == (10, 1)


def test_a_plain_file_is_taken_before_its_gzipped_twin(tmp_path: Path) -> None:
    write_folder(tmp_path, train_images=grey(10))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"damaged")
    assert len(read_idx_folder(tmp_path).images) == 10


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "must hold one file of training images .* got none"),
        ({"a_images": grey(10), "b_images": grey(10)}, "got a-images-idx3-ubyte, b-images-idx3-ubyte"),
        ({"t10k_images": grey(10)}, "must hold one file of training images .* got none"),
        (
            {"train_images": grey(10), "t10k_labels": labels(10)},
            "labels must lie beside their images, got 't10k-labels-idx1-ubyte' alone",
        ),
        (
            {"train_images": grey(10), "t10k_images": grey(10, side=3)},
            r"one shape and type, got \(4, 4\) of uint8 and \(3, 3\) of uint8",
        ),
        (
            {"train_images": grey(10), "t10k_images": grey(10), "train_labels": labels(10)},
            "must both have labels, 't10k-labels-idx1-ubyte' is not beside",
        ),
        ({"train_images": grey(10), "train_labels": labels(9)}, r"one label, got shape \(9,\) for 10 images"),
        ({"train_images": grey(9)}, "at least 10 images, got 9"),
        ({"train_images": labels(10)}, r"must have shape .*\(image, height, width\) .* got \(10,\)"),
        ({"train_images": grey(10).astype("i2") - 300}, "integer images must not be negative, got -"),
    ],
)
def test_a_folder_says_what_is_wrong(tmp_path: Path, arrays: dict[str, npt.NDArray[Any]], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_idx_folder(write_folder(tmp_path, **arrays))
    assert str(tmp_path) in str(caught.value)
