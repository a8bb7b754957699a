"""The formats in which users have their data: one table of what each is called, how it is told and how it is read.

A new format is a reader and a line in FORMATS.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vae.data.hdf5 import read_hdf5
from vae.data.idx import is_idx_folder, read_idx_folder
from vae.data.images.listing import with_subfolders
from vae.data.npz import read_npy, read_npz
from vae.data.raw import RawData
from vae.data_config import DataConfig


@dataclass(frozen=True, kw_only=True)
class Format:
    """One kind of folder or file."""

    name: str
    """As it stands in a list of what data may be."""
    claims: Callable[[Path], bool]
    """Whether the folder or file is of this kind, by a look at names alone; raises OSError."""
    read: Callable[[Path, DataConfig], RawData]
    """Read all of it; raises DataError, ConfigError or OSError."""
    files: Callable[[Path], Iterable[Path]] = lambda path: [path]
    """The files and folders by whose sizes and times a change is told."""
    suffixes: tuple[str, ...] = ()
    """Of a file, in small letters."""


def content(folder: Path) -> list[Path]:
    """Return a folder and what lies in it, one level deep."""
    folder = folder.resolve()
    return [folder, *sorted(folder.iterdir())]


def by_suffix(name: str, read: Callable[[Path, DataConfig], RawData], *suffixes: str) -> Format:
    """Return the format of single files that are told by a suffix, in capitals or not."""

    def claims(path: Path) -> bool:
        return path.suffix.lower() in suffixes and path.is_file()

    return Format(name=name, claims=claims, read=read, suffixes=suffixes)


def _read_image_folder(path: Path, config: DataConfig) -> RawData:
    from vae.data.images.folder import read_image_folder  # Pillow takes a while to load

    return read_image_folder(path, config)


def _read_table(path: Path, config: DataConfig) -> RawData:
    from vae.data.table import read_table  # so does pyarrow

    return read_table(path, config)


FORMATS = (
    Format(
        name="a folder of IDX files",
        claims=is_idx_folder,
        read=read_idx_folder,
        files=content,
    ),
    Format(name="a folder of images", claims=Path.is_dir, read=_read_image_folder, files=with_subfolders),
    by_suffix("an .npz file", read_npz, ".npz"),
    by_suffix("an .npy file", read_npy, ".npy"),
    by_suffix("an HDF5 file", read_hdf5, ".h5", ".hdf5", ".hdf"),
    by_suffix("a .csv, .tsv or .parquet table", _read_table, ".csv", ".tsv", ".parquet"),
)
"""In the order in which they are asked whether they claim a path."""
FORMAT_NAMES = f"{', '.join(known.name for known in FORMATS[:-1])} or {FORMATS[-1].name}"
"""All of them, in one phrase."""


def format_of(path: Path) -> Format | None:
    """Return the format of a folder or file; None where there is none that is known, or nothing at all."""
    return next((known for known in FORMATS if known.claims(path)), None)
