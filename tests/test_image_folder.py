import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vae.data import DataConfig, describe, index, load_data, prepare
from vae.data.images import folder as image_folder
from vae.data.images.picture import read_picture
from vae.data.transforms import area_average, block_average
from vae.errors import DataError, VaekitError

Array = npt.NDArray[Any]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def colours(count: int = 12, height: int = 6, width: int = 6, seed: int = 0) -> Array:
    images = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    images[:, 0, 0] = 255
    return images


def save(folder: Path, images: Array, suffix: str = "png", start: int = 0, **options: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, start):
        Image.fromarray(image).save(folder / f"{number:03d}.{suffix}", **options)


def loaded(folder: Path, **config: Any) -> Any:
    return load_data(DataConfig(source=str(folder), **config))


def pixels(data: Any) -> Array:
    values: Array = data.pixels(np.arange(len(data.images))).reshape(-1, *data.sample_shape)
    return values


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "PNG"])
def test_lossless_files_are_read_to_the_bit(pictures: Path, suffix: str) -> None:
    save(pictures, colours(), suffix)
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images, colours())
    assert (data.name, data.images.dtype.name, data.scale, data.factors) == ("pictures", "uint8", 1 / 255, None)
    assert data.notes == ()


@pytest.mark.parametrize(("suffix", "options"), [("jpg", {"quality": 95}), ("webp", {"lossless": True}), ("gif", {})])
def test_other_files_are_read_as_pillow_reads_them(pictures: Path, suffix: str, options: dict[str, Any]) -> None:
    save(pictures, colours(), suffix, **options)
    expected = []
    for path in sorted(pictures.iterdir()):
        with Image.open(path) as image:
            expected.append(np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(loaded(pictures).images, expected)


def test_an_image_folder_is_what_the_same_array_is(pictures: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    save(pictures, images)
    np.savez(tmp_path / "same.npz", images=images)
    for size in (None, 4, 3):
        by_files = loaded(pictures, size=size)
        by_array = loaded(tmp_path / "same.npz", size=size)
        assert by_files.content_hash == by_array.content_hash, size
        assert by_array.notes[0].startswith("white is taken to be 255"), "a shared folder does not share its notes"
        assert not any("white" in note for note in by_files.notes)


def test_subfolders_are_labels_in_sorted_order(pictures: Path) -> None:
    images = colours(15)
    save(pictures / "dog", images[:5])
    save(pictures / "cat" / "young", images[5:9])
    save(pictures / "cat" / "old", images[9:12])
    save(pictures / "Cow", images[12:])
    data = loaded(pictures)
    assert data.factor_names == ("label",)
    assert data.factor_levels == {"label": ("Cow", "cat", "dog")}
    assert data.factors[:, 0].tolist() == [0] * 3 + [1] * 7 + [2] * 5
    np.testing.assert_array_equal(data.images, np.concatenate([images[12:], images[9:12], images[5:9], images[:5]]))
    assert describe(data)["levels"] == {"label": ["Cow", "cat", "dog"]}
    assert data.notes == ("the label is the subfolder, one of Cow, cat, dog",)


def test_one_subfolder_says_nothing_of_its_images(pictures: Path) -> None:
    save(pictures / "images", colours())
    assert loaded(pictures).factors is None


def test_other_names_of_labels_are_other_data(pictures: Path) -> None:
    save(pictures / "a", colours()[:6])
    save(pictures / "b", colours()[6:])
    first = loaded(pictures).content_hash
    (pictures / "b").rename(pictures / "c")
    assert loaded(pictures).content_hash != first


def test_train_and_test_are_splits_if_there_is_nothing_else(pictures: Path) -> None:
    images = colours(40)
    save(pictures / "test" / "a", images[:4])
    save(pictures / "test" / "b", images[4:10])
    save(pictures / "train" / "b", images[10:30])
    save(pictures / "train" / "c", images[30:])
    data = loaded(pictures)
    np.testing.assert_array_equal(data.test, np.arange(30, 40))
    np.testing.assert_array_equal(data.images, np.concatenate([images[10:], images[:10]]))
    assert data.factor_levels == {"label": ("a", "b", "c")}
    assert data.factors[:, 0].tolist() == [1] * 20 + [2] * 10 + [0] * 4 + [1] * 6
    assert data.notes[0] == "the subfolders train and test are its splits, of 30 and 10 images"
    save(pictures / "more", images[:2])
    assert loaded(pictures).factor_levels == {"label": ("more", "test", "train")}


def test_hidden_files_are_skipped_and_others_counted(pictures: Path) -> None:
    save(pictures, colours())
    (pictures / ".DS_Store").write_bytes(b"x")
    save(pictures / ".thumbnails", colours(1, 3, 3))
    (pictures / "._001.png").write_bytes(b"no image")
    (pictures / "notes.txt").write_text("x")
    (pictures / "table.csv").write_text("x")
    data = loaded(pictures)
    assert len(data.images) == 12
    assert data.notes == ("2 other files are left out: notes.txt, table.csv",)


def test_links_that_lead_back_end(pictures: Path) -> None:
    save(pictures / "a", colours())
    (pictures / "a" / "back").symlink_to(pictures)
    assert len(loaded(pictures).images) == 12


# Modes


@pytest.mark.parametrize(("suffix", "options"), [("png", {}), ("tif", {}), ("webp", {"lossless": True})])
def test_an_orientation_is_obeyed(pictures: Path, suffix: str, options: dict[str, Any]) -> None:
    image = colours(1, 6, 9)[0]
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    for number in range(10):
        Image.fromarray(image).save(pictures / f"{number}.{suffix}", exif=exif, **options)
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images[3], np.rot90(image, -1))
    assert data.notes == ("10 images are turned as their EXIF orientation says",)


@pytest.mark.parametrize("suffix", ["gif", "png", "tif"])
def test_the_first_of_several_frames_is_read(pictures: Path, suffix: str) -> None:
    first, *others = (Image.new("L", (4, 4), grey) for grey in (200, 100, 50))
    for number in range(10):
        first.save(pictures / f"{number}.{suffix}", save_all=True, append_images=others)
    data = loaded(pictures)
    assert data.sample_shape == (4, 4), "a palette of greys has no colours"
    assert (data.images == 200).all()
    assert data.notes == ("10 images of several frames show their first",)


def test_palettes_are_colours(pictures: Path) -> None:
    flags = np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8), 4, axis=0)
    for number in range(10):
        Image.fromarray(flags).convert("P", palette=Image.Palette.ADAPTIVE).save(pictures / f"{number}.png")
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images[0], flags)
    assert data.notes == ("10 images with a palette are read as colour",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(pictures: Path, mode: str) -> None:
    opaque = Image.fromarray(colours(1)[0]).convert(mode)
    clear = opaque.copy()
    clear.putalpha(0)
    for number in range(10):
        (clear if number == 7 else opaque).save(pictures / f"{number}.png")
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images[0], np.asarray(opaque.convert("RGB" if mode == "RGBA" else "L")))
    assert (data.images[7] == 255).all()
    assert data.notes == ("10 images with transparent parts are laid over white",)


def test_grey_among_colour_becomes_colour(pictures: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (3, 6, 6), dtype=np.uint8)
    save(pictures, colours())
    save(pictures, grey, start=12)
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images[12:], np.stack([grey] * 3, axis=-1))
    assert data.notes == ("3 grey images among 15 are read as colour, as the others are",)


def test_images_of_one_bit_are_binary(pictures: Path) -> None:
    bits = np.random.default_rng(0).random((12, 5, 5)) > 0.5
    save(pictures, bits)
    data = loaded(pictures)
    np.testing.assert_array_equal(data.images, bits)
    assert (data.scale, data.is_binary) == (1.0, True)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_keep_their_depth(pictures: Path, suffix: str) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (12, 5, 5), dtype=np.uint16)
    save(pictures, deep, suffix)
    data = loaded(pictures)
    np.testing.assert_array_equal(pixels(data), deep.astype(np.float32) / np.float32(65535))
    assert data.notes == ("12 images of 16 bits keep their depth",)


def test_eight_bits_beside_sixteen(pictures: Path) -> None:
    deep = np.full((11, 4, 4), 65535, dtype=np.uint16)
    save(pictures, deep)
    save(pictures, np.full((1, 4, 4), 51, dtype=np.uint8), start=11)
    np.testing.assert_allclose(pixels(loaded(pictures))[11], 51 / 255, rtol=1e-6)


def test_twelve_bits_in_sixteen_are_refused_until_white_is_declared(pictures: Path, cache: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (12, 5, 5), dtype=np.uint16)
    deep[:, 0, 0] = 4095
    save(pictures, deep)
    with pytest.raises(DataError, match=r"white must be declared: the brightest pixel .* 4095.*--white N .*4095"):
        loaded(pictures)
    assert not list(cache.glob("[0-9a-f]*"))
    np.testing.assert_array_equal(pixels(loaded(pictures, white=4095)), deep.astype(np.float32) / np.float32(4095))
    with pytest.raises(DataError, match="white must be at least the brightest pixel, 4095, got 1000"):
        loaded(pictures, white=1000)


def test_floats_have_no_white(pictures: Path) -> None:
    save(pictures, np.zeros((12, 4, 4), np.float32), "tif")
    with pytest.raises(DataError, match=r"000.tif' \(pixels of mode F have no white; save them as an .npy array\)"):
        loaded(pictures)


# Sizes


def test_sizes_may_differ_where_a_size_is_given(pictures: Path) -> None:
    tall, wide = colours(6, 12, 8), colours(6, 9, 15, seed=1)
    save(pictures, tall)
    save(pictures, wide, start=6)
    with pytest.raises(DataError, match=r"one size, or be given one by --size, got 12 x 8 in '000.png' and 9 x 15 in"):
        loaded(pictures)
    data = loaded(pictures, size=4)
    expected = [block_average(tall[:, 2:10], 1 / 255, 4), area_average(wide[:, :, 3:12], 1 / 255, 4)]
    np.testing.assert_array_equal(pixels(data), np.concatenate(expected))
    assert data.notes == ("images are cropped to their central square and averaged to 4 x 4",)


def naive_average(image: Array, size: int) -> Array:
    """Every pixel of a square cut into size x size pieces, which are then averaged in blocks."""
    side = len(image)
    pieces = image.astype(np.float64).repeat(size, 0).repeat(size, 1)
    averaged: Array = pieces.reshape(size, side, size, side, *image.shape[2:]).mean(axis=(1, 3))
    return averaged


@pytest.mark.parametrize(("side", "size"), [(7, 3), (10, 4), (5, 5), (9, 1), (4, 6)])
def test_areas_are_averaged(side: int, size: int) -> None:
    images = colours(3, side, side)
    got = area_average(images, 1.0, size)
    assert (got.shape, got.dtype.name) == ((3, size, size, 3), "float32")
    np.testing.assert_allclose(got, [naive_average(image, size) for image in images], rtol=1e-6)


def test_areas_are_blocks_where_size_divides_to_the_bit() -> None:
    images = colours(200, 12, 12)
    for size in (1, 2, 3, 4, 6, 12):
        np.testing.assert_array_equal(area_average(images, 1 / 255, size), block_average(images, 1 / 255, size))


def test_stripes_leave_no_aliases() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (1, 100, 50))
    assert np.ptp(area_average(stripes, 1 / 255, 30)) < 0.35, "one pixel in three or four would give 0 or 1"


def test_arrays_are_cropped_where_size_does_not_divide(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 9, 7), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    data = loaded(tmp_path / "a.npz", size=3)
    np.testing.assert_array_equal(pixels(data), area_average(images[:, 1:8], 1 / 255, 3))
    assert data.notes[-1] == "images of 9 x 7 are cropped to their central square and averaged over areas to 3 x 3"


def test_photographs_need_a_size(pictures: Path) -> None:
    for number in range(10):
        Image.new("RGB", (1500, 1000), (number, 100, 200)).save(pictures / f"{number}.jpg")
    with pytest.raises(DataError, match="at most 4,194,304 values, .* --size, got 1000 x 1500 x 3 in '0.jpg'"):
        loaded(pictures)
    assert loaded(pictures, size=8).sample_shape == (8, 8, 3)


# Limits and the cache


def test_a_limit_decodes_no_others(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(pictures, colours(40))
    full = loaded(pictures)
    seen = []

    def counted(path: Path, kind: Any) -> Array:
        seen.append(path)
        return read_picture(path, kind)

    monkeypatch.setattr(image_folder, "read_picture", counted)
    data = loaded(pictures, limit=12)
    assert len(seen) == 13, "the first, for the shape of all"
    assert {image.tobytes() for image in data.images} <= {image.tobytes() for image in full.images}


@pytest.mark.parametrize("binarize", ["threshold", "sample"])
def test_binary_folders_are_binary_arrays(pictures: Path, tmp_path: Path, binarize: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 5, 5), dtype=np.uint8)
    save(pictures, images)
    np.savez(tmp_path / "same.npz", images=images)
    data, same = (loaded(path, binarize=binarize) for path in (pictures, tmp_path / "same.npz"))
    np.testing.assert_array_equal(data.images, same.images)
    assert set(np.unique(data.pixels(data.test))) == {0, 1}


def test_a_change_anywhere_is_noticed(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SETTLED_SECONDS", 0.0)
    save(pictures / "a" / "b", colours()[:6])
    save(pictures / "c", colours()[6:])

    def settle() -> None:
        for path in (pictures, *pictures.rglob("*")):
            os.utime(path, ns=(10**18, 10**18))

    settle()
    config = DataConfig(source=str(pictures))
    first = prepare(config)
    with monkeypatch.context() as patch:
        patch.setattr(image_folder, "list_folder", None)
        assert prepare(config) == first, "nothing is read again"
    changed = pictures / "a" / "b" / "003.png"
    Image.fromarray(255 - colours()[3]).save(changed)  # in place: no folder's times change
    assert prepare(config) != first
    (pictures / "c" / "001.png").unlink()
    assert len(loaded(pictures).images) == 11


def test_images_are_decoded_a_block_at_a_time(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(pictures, colours(30))
    monkeypatch.setattr(image_folder, "BLOCK_BYTES", 7 * 6 * 6 * 3)
    raw = image_folder.read_image_folder(pictures, DataConfig())
    assert not isinstance(raw.images, np.ndarray)
    assert [len(block) for block in raw.images.blocks()] == [7, 7, 7, 7, 2]
    np.testing.assert_array_equal(loaded(pictures).images, colours(30))


def test_many_images_are_counted_aloud(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(pictures, colours())
    monkeypatch.setattr(image_folder, "SECONDS_BETWEEN_LINES", 0.0)
    loaded(pictures)
    said = capsys.readouterr().err
    assert "12 images looked at" in said
    assert "12 images read" in said


# Damage


def png(width: int, height: int, content: bytes) -> bytes:
    """A PNG of grey pixels whose head says what it likes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(content, 9)) + chunk(b"IEND", b"")


def damaged(folder: Path, content: bytes) -> VaekitError:
    save(folder, colours())
    (folder / "bad.png").write_bytes(content)
    with pytest.raises(DataError) as caught:
        loaded(folder)
    assert "bad.png" in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_named(pictures: Path, cache: Path, content: bytes) -> None:
    damaged(pictures, content)
    assert not list(cache.glob("*")), "nothing is cached"


def test_a_truncated_file_is_named_and_nothing_is_cached(pictures: Path, cache: Path) -> None:
    save(pictures, colours(1, 64, 64))
    whole = (pictures / "000.png").read_bytes()
    error = damaged(pictures, whole[: len(whole) // 2])
    assert "cannot read the image" in str(error)
    assert not list(cache.glob("*"))


def test_bombs_are_refused(pictures: Path, tmp_path: Path) -> None:
    assert "decompression bomb" in str(damaged(pictures, png(50_000, 50_000, bytes(1000))))
    assert "at most 134,217,728 pixels, got 13000 x 13000" in str(damaged(pictures, png(13_000, 13_000, bytes(1000))))
    bomb = png(11_000, 11_000, bytes(11_000 * 11_001))
    assert "must not grow to more than 500 times its size" in str(damaged(tmp_path / "other", bomb))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"a folder must hold images \(\.png .*\) or IDX files .*, got no file in"),
        ({"a.txt": b"", "b.csv": b""}, "got only a.txt, b.csv in"),
    ],
)
def test_a_folder_without_images(pictures: Path, files: dict[str, bytes], message: str) -> None:
    for name, content in files.items():
        (pictures / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        loaded(pictures)


def test_too_few_images_and_images_beside_labels(pictures: Path) -> None:
    save(pictures, colours(9))
    with pytest.raises(DataError, match="at least 10 images, got 9"):
        loaded(pictures)
    save(pictures / "cat", colours(3))
    with pytest.raises(DataError, match=r"images must lie in subfolders, .* got '000.png' beside the subfolder 'cat'"):
        loaded(pictures)
