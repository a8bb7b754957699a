"""Images that are drawn: the grid, and what stands where."""

import gc
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.test_cli import idx
from vae.data import SOURCES, DataConfig, load_data
from vae.data.download import DOWNLOADS, Download, fetch
from vae.data.sprites import LARGEST, MARGIN, SHAPES, SPRITES, Drawing
from vae.errors import ConfigError, DataError

GRID = Drawing(tuple(SPRITES.values()), 64)


def draw(*factors: int) -> np.ndarray:
    """The image of (shape, scale, orientation, x, y)."""
    index = np.ravel_multi_index(factors, GRID.sizes)
    image: np.ndarray = GRID[np.array([index])][0]
    return image


def test_the_grid_is_that_of_dsprites_in_its_order() -> None:
    assert GRID.shape == (737_280, 64, 64)
    indices = np.array([0, 1, 32, 32 * 32, 40 * 32 * 32, 737_279])
    expected = [[0] * 5, [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [2, 5, 39, 31, 31]]
    assert GRID.factors(indices).tolist() == expected


@pytest.mark.parametrize("scale", range(6))
def test_an_upright_square_has_its_area(scale: int) -> None:
    side = 2 * 0.7 * LARGEST * (0.5 + scale / 10) * 64
    assert int(draw(0, scale, 0, 16, 16).sum()) == pytest.approx(
        side**2, abs=1.4 * side
    )  # a third of a pixel all around


@pytest.mark.parametrize("shape", [0, 1])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (7, 20), (31, 31)])
def test_a_sprite_is_centred_on_its_place(shape: int, x: int, y: int) -> None:
    rows, columns = np.nonzero(draw(shape, 5, 7, x, y))
    wanted = [(MARGIN + (1 - 2 * MARGIN) * place / 31) * 64 for place in (y, x)]
    assert [rows.mean() + 0.5, columns.mean() + 0.5] == pytest.approx(wanted, abs=0.35)


def test_turning_repeats_with_the_symmetry_of_the_shape() -> None:
    square, ellipse, heart = ([draw(shape, 5, turn, 16, 16) for turn in (3, 13, 23)] for shape in range(3))
    assert (square[0] != square[1]).mean() < 0.01
    assert (ellipse[0] != ellipse[2]).mean() < 0.01
    assert (ellipse[0] != ellipse[1]).mean() > 0.01
    assert (heart[0] != heart[2]).mean() > 0.01


def test_no_sprite_touches_the_border() -> None:
    indices = np.random.default_rng(0).choice(len(GRID), 500, replace=False)
    images = GRID[indices]
    assert not images[:, [0, -1]].any()
    assert not images[:, :, [0, -1]].any()
    assert (images.sum(axis=(1, 2)) > 20).all()


def test_a_limit_draws_the_chosen_images_only_and_alike(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="sprites", limit=300), tmp_path)
    assert data.images.shape == (300, 64, 64)
    assert data.factor_names == ("shape", "scale", "orientation", "x", "y")
    assert data.factors is not None
    for image, factors in zip(data.images[:20], data.factors, strict=False):
        np.testing.assert_array_equal(image, draw(*factors))
    assert (data.scale, data.low, data.high) == (1.0, 0.0, 1.0)
    assert data.content_hash == load_data(DataConfig(source="sprites", limit=300), tmp_path / "again").content_hash


def test_a_size_draws_smaller_binary_images(tmp_path: Path) -> None:
    data = load_data(DataConfig(source="sprites", limit=50, size=32), tmp_path)
    assert data.images.shape == (50, 32, 32)
    assert set(np.unique(data.images)) == {0, 1}


def test_shapes_are_a_whole_small_grid(tmp_path: Path) -> None:
    data = load_data("shapes", tmp_path)
    assert data.images.shape == (np.prod(list(SHAPES.values())), 32, 32)
    assert data.factors is not None
    assert len(np.unique(data.factors, axis=0)) == len(data.images)
    assert len(np.unique(data.images.reshape(len(data.images), -1), axis=0)) == len(data.images)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server on loopback and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}/", folder
        httpd.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_files_are_fetched_once_with_their_checksums(server: tuple[str, Path], tmp_path: Path) -> None:
    import hashlib

    address, folder = server
    idx(folder / "train-images-idx3-ubyte.gz", 40, 4)
    checksum = hashlib.md5((folder / "train-images-idx3-ubyte.gz").read_bytes()).hexdigest()
    tiny = Download("tiny", address, {"train-images-idx3-ubyte.gz": checksum})
    there = tiny.folder(tmp_path / "cache")
    assert load_data(DataConfig(source=str(there)), tmp_path).images.shape == (40, 4, 4)
    (folder / "train-images-idx3-ubyte.gz").unlink()
    assert tiny.folder(tmp_path / "cache") == there


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte.gz", "missing.gz"])
def test_a_wrong_checksum_or_a_missing_file_is_one_line(server: tuple[str, Path], tmp_path: Path, file: str) -> None:
    address, folder = server
    idx(folder / "train-images-idx3-ubyte.gz", 40, 4)
    with pytest.raises(DataError, match="tiny must be fetched from .* or stand in a folder named by --data") as caught:
        Download("tiny", address, {file: "0" * 32}).folder(tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mnist must be fetched .* or as \$VAEKIT_DATA/mnist"):
        Download("mnist", "http://127.0.0.1:9/", {"a.gz": "0" * 32}).folder(tmp_path)
    gc.collect()  # the socket that requests leaves open is to warn here and not in another test


def test_a_folder_that_the_user_names_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist").mkdir()
    idx(tmp_path / "mnist" / "train-images-idx3-ubyte.gz", 30, 5)
    monkeypatch.setenv("VAEKIT_DATA", str(tmp_path))
    assert load_data("mnist", tmp_path / "cache").images.shape == (30, 5, 5)
    assert fetch("mnist", tmp_path / "cache") == tmp_path / "mnist"


def test_names() -> None:
    assert set(DOWNLOADS) <= set(SOURCES)
    with pytest.raises(ConfigError, match="data to fetch must be one of mnist, fashion-mnist, got 'digits'"):
        fetch("digits", Path("nowhere"))
