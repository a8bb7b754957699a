import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from analysis.presentation.glimpse import blocks, head, picture, plain, write_picture
from vae.data import Data, DataConfig, describe, load_data
from vae.errors import ConfigError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAEKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def flags(tmp_path: Path) -> Data:
    """Images whose upper half is red and whose lower half is blue, and of which each is a little brighter."""
    images = np.zeros((40, 4, 6, 3), np.uint8)
    images[:, :2, :, 0], images[:, 2:, :, 2] = 255, 255
    images[..., 1] = np.arange(40)[:, None, None]
    np.savez(tmp_path / "flags.npz", images=images)
    return load_data(str(tmp_path / "flags.npz"))


@pytest.fixture
def table(tmp_path: Path) -> Data:
    frame = pd.DataFrame({f"x{k}": np.arange(20.0) * (k + 1) for k in range(10)} | {"kind": ["b", "a"] * 10})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return load_data(DataConfig(source=str(tmp_path / "t.csv"), factors=("kind",)))


def test_a_picture_shows_images_from_all_over_the_data(flags: Data, tmp_path: Path) -> None:
    write_picture(flags, tmp_path / "some.png")
    with Image.open(tmp_path / "some.png") as image:
        levels = np.asarray(image)
    assert levels.shape == (4 * 5 - 1, 8 * 7 - 1, 3)
    assert levels[0, 0].tolist() == [255, 0, 0]
    assert levels[-1, -1].tolist() == [0, 39, 255]
    assert levels[4, 0].tolist() == [255, 255, 255], "between images it is white"


def test_a_terminal_shows_two_pixels_a_character(flags: Data) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=40)
    console.print(blocks(flags, console.width))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert [line.count("▀") for line in printed.splitlines() if line] == [5 * 7 - 1] * 2
    assert "38;2;255;0;0;48;2;255;0;0" in printed.splitlines()[0], "both pixels of the first line are red"
    assert "38;2;0;0;255;48;2;0;0;255" in printed.splitlines()[1]


def test_values_beyond_0_to_1_are_shown_between_their_extremes(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(40, 3, 3)).astype(np.float32)
    np.savez(tmp_path / "x.npz", images=images)
    shown = picture(load_data(str(tmp_path / "x.npz")), 1, 1)
    np.testing.assert_allclose(shown, (images[0] - images.min()) / np.ptp(images), rtol=1e-5)


def test_a_tables_head_has_the_values_that_were_given(table: Data) -> None:
    rows = head(table)
    assert [row["kind"] for row in rows] == ["b", "a", "b", "a", "b"]
    assert list(rows[0]) == ["kind", *(f"x{k}" for k in range(8))]
    np.testing.assert_allclose([row["x7"] for row in rows], np.arange(5.0) * 8, atol=1e-4)


def test_a_table_has_no_picture(table: Data, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="picture is for images, got the table 't'"):
        write_picture(table, tmp_path / "x.png")


def test_info_in_words(flags: Data, table: Data) -> None:
    said = plain(describe(flags))
    assert (said["shape"], said["axes"], said["factors"]) == ("4 x 6 x 3", "height x width x channel", "none known")
    assert said["note 1"].startswith("white is taken to be 255")
    said = plain(describe(table))
    assert (said["samples"], said["axes"], said["factors"], said["kind"]) == (20, "feature", "kind (2 values)", "a, b")
