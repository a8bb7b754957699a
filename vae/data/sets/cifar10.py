"""CIFAR-10 (Krizhevsky 2009), its Python version: https://www.cs.toronto.edu/~kriz/cifar.html."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vae.data.raw import RawData
from vae.data.sets.members import members
from vae.data.sets.pickles import PickleError, byte_array, read_pickle
from vae.errors import DataError

ARCHIVE = "cifar-10-python.tar.gz"
TRAIN, TEST = tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32


def read_cifar10(folder: Path) -> RawData:
    """Read the archive, or its files unpacked; its own test images are the test split; raises DataError."""
    found = dict(members(folder, ARCHIVE, "data_batch_[1-5]|test_batch"))
    missing = [name for name in (*TRAIN, TEST) if name not in found]
    if missing:
        raise DataError(f"cifar10 must be {ARCHIVE} or its files, got no {', '.join(missing)} in '{folder}'")
    parts = [_batch(name, found.pop(name), folder) for name in (*TRAIN, TEST)]
    labels = np.concatenate([labels for _, labels in parts])
    return RawData(
        images=np.concatenate([images for images, _ in parts]),
        scale=1 / 255,
        factors=labels[:, None],
        factor_names=("label",),
        factor_levels={"label": CLASSES},
        first_test=len(labels) - len(parts[-1][1]),
    )


def _batch(name: str, content: bytes, folder: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (image, height, width, channel) and labels (image,); a row of the file is three planes."""
    try:
        batch = read_pickle(content)
        batch = {_text(key): value for key, value in batch.items()}
        images = byte_array(batch["data"]).reshape(-1, 3, SIDE, SIDE)
        labels = np.array(batch["labels"], dtype=np.int64)
        if labels.shape != images.shape[:1] or not labels.size or labels.min() < 0 or labels.max() >= len(CLASSES):
            raise PickleError(f"labels must be one of {len(CLASSES)} classes for each image")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{name} in '{folder}' is no batch of CIFAR-10: {reason}") from error
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels


def _text(key: object) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)
