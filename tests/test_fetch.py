"""Public data by name: found, fetched from a server on this machine, or one line that says what to do."""

import gc
import hashlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.test_cli import idx
from vae.data import SOURCES, DataConfig, fetch_data, load_data
from vae.data.sets.download import DOWNLOADS, Download, fetch
from vae.errors import ConfigError, DataError


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
    with pytest.raises(DataError, match=r"cannot fetch tiny from .*: get .* elsewhere, and put it into") as caught:
        Download("tiny", address, {file: "0" * 32}).folder(tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot fetch mnist .* a folder mnist in the folder that \$VAEKIT_DATA names"):
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
    with pytest.raises(ConfigError, match="data to fetch must be one of mnist, .*, got 'digits'"):
        fetch("digits", Path("nowhere"))


def test_a_damaged_file_is_fetched_again(server: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = server
    idx(folder / "train-images-idx3-ubyte.gz", 40, 4)
    content = (folder / "train-images-idx3-ubyte.gz").read_bytes()
    tiny = Download("tiny", address, {"train-images-idx3-ubyte.gz": hashlib.md5(content).hexdigest()})
    there = tiny.folder(tmp_path / "cache") / "train-images-idx3-ubyte.gz"
    there.write_bytes(content[:-9])
    tiny.folder(tmp_path / "cache")
    assert there.read_bytes() == content


def test_a_name_is_fetched_into_the_cache_and_read(
    server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    checksums = {}
    for name, images in (("train", 40), ("t10k", 20)):
        file = f"{name}-images-idx3-ubyte.gz"
        idx(folder / file, images, 4)
        checksums[file] = hashlib.md5((folder / file).read_bytes()).hexdigest()
    monkeypatch.delenv("VAEKIT_DATA", raising=False)
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(DOWNLOADS, "mnist", Download("mnist", address, checksums))
    data = load_data("mnist")
    assert (data.name, data.images.shape, len(data.test)) == ("mnist", (60, 4, 4), 20)
    for file in checksums:
        (folder / file).unlink()  # nothing is asked for twice
    assert fetch_data("mnist") == tmp_path / "cache" / "sources" / "mnist"
    assert load_data("mnist").content_hash == data.content_hash


def test_a_named_folder_without_the_data_set_is_passed_over(
    server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAEKIT_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cannot fetch tiny from"):
        Download("tiny", server[0], {"missing.gz": "0" * 32}).folder(tmp_path / "cache")
    monkeypatch.setenv("VAEKIT_DATA", "~nobody-of-that-name/x")
    with pytest.raises(DataError, match="with a home that exists"):
        fetch("mnist", tmp_path / "cache")


def test_the_published_checksums_are_whole() -> None:
    for download in DOWNLOADS.values():
        assert len(download.checksums) == len(set(download.checksums.values()))
        assert all(len(bytes.fromhex(checksum)) == 16 for checksum in download.checksums.values())
