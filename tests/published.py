"""Small files laid out like those of public data sets, whose pixels say which image they are."""

import gzip
import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.sets.cifar10 import TEST, TRAIN
from vae.data.sets.norb import PARTS

Images = npt.NDArray[np.uint8]

PAIRS, CARS, BATCH, HOUSES = 12, 3, 10, (14, 11)


def numbered(count: int) -> Images:
    """Images of one pixel with three channels that spell their number: (image, 1, 1, 3)."""
    rows = np.arange(count)
    return np.stack([rows >> 16, rows >> 8, rows], axis=1).astype(np.uint8)[:, None, None, :]


def write_dsprites(folder: Path) -> Path:
    """The whole grid, each image 4 x 5 bits of its number; `metadata` is pickled, as in DeepMind's file."""
    path = folder / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    bits = (np.arange(737_280)[:, None] >> np.arange(20) & 1).astype(np.uint8).reshape(-1, 4, 5)
    metadata = np.array({"title": "dSprites"}, dtype=object)
    np.savez_compressed(path, metadata=metadata, imgs=bits)
    return path


def write_mpi3d(folder: Path) -> Path:
    path = folder / "mpi3d_toy.npz"
    np.savez_compressed(path, images=numbered(1_036_800))
    return path


def write_shapes3d(folder: Path) -> Path:
    import h5py

    path = folder / "3dshapes.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=numbered(480_000), chunks=(5_000, 1, 1, 3), compression="gzip")
        file.create_dataset("labels", data=np.zeros((480_000, 6)), compression="gzip")
    return path


def matrix(values: npt.NDArray[Any]) -> bytes:
    """A file of small NORB."""
    kind = {1: 0x1E3D4C55, 4: 0x1E3D4C54}[values.dtype.itemsize]
    lengths = [*values.shape, 1, 1][: max(3, values.ndim)]
    return struct.pack(f"<Ii{len(lengths)}i", kind, values.ndim, *lengths) + values.tobytes()


def write_smallnorb(folder: Path, packed: bool = True) -> Path:
    """Left images of 40 and their number, right ones of 200; the testing images' numbers go on."""
    for part, name in enumerate(PARTS):
        numbers = np.arange(PAIRS) + part * PAIRS
        pairs = np.full((PAIRS, 2, 3, 4), 200, np.uint8)
        pairs[:, 0] = 40 + numbers[:, None, None]
        category = (numbers % 5).astype("<i4")
        info = np.stack([numbers % 10, numbers % 9, 2 * (numbers % 18), numbers % 6], axis=1).astype("<i4")
        for what, values in (("dat", pairs), ("cat", category), ("info", info)):
            content = matrix(values)
            path = folder / f"{name}-{what}.mat{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return folder / f"{PARTS[0]}-dat.mat{'.gz' if packed else ''}"


def pack_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def car(number: int) -> bytes:
    """A car whose pixels are (elevation, azimuth, number)."""
    from scipy.io import savemat

    im = np.empty((2, 2, 3, 24, 4), np.uint8)
    im[:, :, 0], im[:, :, 1], im[:, :, 2] = np.arange(4), np.arange(24)[:, None], number
    buffer = io.BytesIO()
    savemat(buffer, {"im": im, "mask": np.ones((2, 2, 24, 4), np.uint8)}, do_compression=True)  # type: ignore[arg-type]
    return buffer.getvalue()


def write_cars3d(folder: Path) -> Path:
    files = {f"data/cars/car_{k + 1:03}_mesh.mat": car(k) for k in range(CARS)}
    return pack_tar(folder / "nips2015-analogy-data.tar.gz", {"data/shapes48.mat": b"other", **files})


def batch(number: int, protocol: int = 2) -> bytes:
    """A pickled batch of CIFAR-10: red is the image's number, green its row, blue its column."""
    images = np.empty((BATCH, 3, 32, 32), np.uint8)
    images[:, 0] = np.arange(BATCH)[:, None, None] + BATCH * number
    images[:, 1], images[:, 2] = np.arange(32)[:, None], np.arange(32)
    labels = [(number + k) % 10 for k in range(BATCH)]
    names = [f"{k}.png" for k in range(BATCH)]
    content = {"batch_label": "one", "data": images.reshape(BATCH, -1), "labels": labels, "filenames": names}
    return pickle.dumps(content, protocol)


def batch_of_python_2() -> bytes:
    """As Python 2 pickled arrays, whose texts were bytes: ten black images of class 1."""
    data = bytes(10 * 3072)
    return (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05"
        b"U\x01bq\x06\x87q\x07Rq\x08(K\x01K\x0aM\x00\x0c\x86q\x09cnumpy\ndtype\nq\x0aU\x02u1q\x0bK\x00K\x01\x87q\x0c"
        b"Rq\x0d(K\x03U\x01|q\x0eNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0fb\x89T"
        + struct.pack("<I", len(data))
        + data
        + b"q\x10tq\x11bU\x06labelsq\x12]q\x13("
        + 10 * b"K\x01"
        + b"eu."
    )


def write_cifar10(folder: Path) -> Path:
    files = {f"cifar-10-batches-py/{name}": batch(k) for k, name in enumerate((*TRAIN, TEST))}
    meta = {"cifar-10-batches-py/batches.meta": b"\x80\x02}."}
    return pack_tar(folder / "cifar-10-python.tar.gz", {**meta, **dict(reversed(files.items()))})


def write_svhn(folder: Path) -> Path:
    """Red is the image's number, green its row, blue its column; a label 10 is the digit 0."""
    from scipy.io import savemat

    for name, count in zip(("train", "test"), HOUSES, strict=True):
        x = np.empty((3, 4, 3, count), np.uint8)
        x[:, :, 0], x[:, :, 1], x[:, :, 2] = np.arange(count), np.arange(3)[:, None, None], np.arange(4)[:, None]
        y = (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]
        savemat(folder / f"{name}_32x32.mat", {"X": x, "y": y}, do_compression=True)
    return folder / "train_32x32.mat"


WRITERS = {
    "dsprites": write_dsprites,
    "mpi3d-toy": write_mpi3d,
    "shapes3d": write_shapes3d,
    "smallnorb": write_smallnorb,
    "cars3d": write_cars3d,
    "cifar10": write_cifar10,
    "svhn": write_svhn,
}
