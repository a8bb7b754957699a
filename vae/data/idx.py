"""IDX files, the format of MNIST: http://yann.lecun.com/exdb/mnist/, plain or gzipped.

Two zero bytes, a byte for the type, one for the number of axes, a big-endian uint32 an axis, then the values.
"""

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vae.data.raw import RawData, check_raw_data
from vae.data_config import DataConfig
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAXIMUM_AXES = 4  # image, height, width, channel
_GZIP_MAGIC = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20

_Stream = IO[bytes] | gzip.GzipFile


class _Header(NamedTuple):
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def value_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def file_bytes(self) -> int:
        return 4 + 4 * len(self.shape) + self.value_bytes


def read_idx(path: Path) -> npt.NDArray[Any]:
    """Read an IDX file, gzipped or not, as an array of its own shape and type; raises DataError."""
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if gzipped:
                with gzip.GzipFile(fileobj=file) as stream:
                    return _read_array(stream, path, None)
            return _read_array(file, path, path.stat().st_size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"'{path}' is a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror or error}") from error


def _read_array(stream: _Stream, path: Path, file_bytes: int | None) -> npt.NDArray[Any]:
    """Read header and values; `file_bytes` is the size of the file, None if only reading can tell it."""
    header = _read_header(stream, path)
    rule = f"'{path}' must hold {header.file_bytes} bytes by its header"
    if file_bytes not in (None, header.file_bytes):
        raise DataError(f"{rule}, found {file_bytes}")
    check_growth(header.value_bytes, path, FREE_IMAGES, DataError)
    # One byte more than expected: it tells a file that is too long, and makes gzip check its sum.
    values = _read_at_most(stream, header.value_bytes + 1)
    if len(values) > header.value_bytes:
        raise DataError(f"{rule}, found more")
    if len(values) < header.value_bytes:
        raise DataError(f"{rule}, found {header.file_bytes - header.value_bytes + len(values)}")
    return np.frombuffer(values, dtype=header.dtype).reshape(header.shape)


def _read_header(stream: _Stream, path: Path) -> _Header:
    magic = _read_at_most(stream, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        rule = "an IDX file must begin with two zero bytes, a type and a number of axes"
        raise DataError(f"{rule}, got '{magic.hex(' ')}' in '{path}'")
    n_axes = magic[3]
    if not 1 <= n_axes <= _MAXIMUM_AXES:
        raise DataError(f"an IDX file must have 1 to {_MAXIMUM_AXES} axes, got {n_axes} in '{path}'")
    axes = _read_at_most(stream, 4 * n_axes)
    if len(axes) < 4 * n_axes:
        raise DataError(f"'{path}' must hold a header of {4 + 4 * n_axes} bytes, found {4 + len(axes)}")
    shape = struct.unpack(f">{n_axes}I", axes)
    if 0 in shape:
        raise DataError(f"an IDX file must hold at least one value, got shape {shape} in '{path}'")
    return _Header(np.dtype(_TYPES[magic[2]]), shape)


def _read_at_most(stream: _Stream, n_bytes: int) -> bytearray:
    """Read in blocks: read(n) would allocate whatever a damaged header claims."""
    content = bytearray()
    while block := stream.read(min(_BLOCK_BYTES, n_bytes - len(content))):
        content += block
    return content


def is_idx_folder(path: Path) -> bool:
    """Whether the path is a folder that holds a file with a name of IDX files, of images or of labels."""
    return path.is_dir() and any(re.search(r"[-.]idx[13]-ubyte(\.gz)?$", child.name) for child in path.iterdir())


def read_idx_folder(folder: Path, config: DataConfig | None = None) -> RawData:
    """Read a folder of IDX images and perhaps labels; t10k files are its test split; raises DataError."""
    # Sorted: a plain file comes before its gzipped twin, and is taken.
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            files.setdefault(path.name.removesuffix(".gz"), path)
    names = [name for name in files if re.search(r"[-.]idx3-ubyte$", name)]
    _check_labels_have_images(folder, files)
    t10k = [name for name in names if name.startswith("t10k")]
    train = _only_file(folder, "training images", [name for name in names if name not in t10k])
    parts = [train, _only_file(folder, "t10k images", t10k)] if t10k else [train]
    images = [read_idx(files[name]) for name in parts]
    _check_same_shape(folder, images)
    labels = _read_labels(files, parts, images)
    return check_raw_data(
        folder,
        images[0] if len(parts) == 1 else np.concatenate(images),
        factors=() if labels is None else list(labels.T),
        factor_names=() if labels is None else ("label",),
        first_test=None if len(parts) == 1 else len(images[0]),
        config=config,
    )


def _labels_name(images_name: str) -> str:
    return images_name.replace("images", "labels").replace("idx3", "idx1")


def _check_labels_have_images(folder: Path, files: dict[str, Path]) -> None:
    """Labels alone are a broken download: going on would quietly change the splits."""
    expected = {_labels_name(name) for name in files if name.endswith("idx3-ubyte")}
    for name, path in files.items():
        if name.endswith("idx1-ubyte") and name not in expected:
            raise DataError(f"labels must lie beside their images, got '{path.name}' alone in '{folder}'")


def _only_file(folder: Path, what: str, names: list[str]) -> str:
    if len(names) != 1:
        rule = f"a folder of IDX files must hold one file of {what} (such as train-images-idx3-ubyte.gz)"
        raise DataError(f"{rule}, got {', '.join(names) or 'none'} in '{folder}'")
    return names[0]


def _check_same_shape(folder: Path, images: list[npt.NDArray[Any]]) -> None:
    kinds = {(array.shape[1:], array.dtype.str) for array in images}
    if len(kinds) > 1:
        got = " and ".join(f"{array.shape[1:]} of {array.dtype.name}" for array in images)
        raise DataError(f"train and t10k images must have one shape and type, got {got} in '{folder}'")


def _read_labels(files: dict[str, Path], parts: list[str], images: list[npt.NDArray[Any]]) -> npt.NDArray[Any] | None:
    """Give the labels of all parts as one factor (image, 1), or None if no part has any."""
    names = [_labels_name(name) for name in parts]
    if not any(name in files for name in names):
        return None
    labels = []
    for name, beside, array in zip(names, parts, images, strict=True):
        if name not in files:
            raise DataError(f"train and t10k images must both have labels, '{name}' is not beside '{files[beside]}'")
        part = read_idx(files[name])
        if part.shape != array.shape[:1]:
            got = f"{part.shape} for {len(array)} images in '{files[name]}'"
            raise DataError(f"every image must have one label, got shape {got}")
        labels.append(part)
    return np.concatenate(labels)[:, None]
