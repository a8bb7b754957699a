"""Data sets in MATLAB's files: street view house numbers and cars."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vae.data.lazy import Images, Indices, LazyImages
from vae.data.raw import RawData
from vae.data.sets.grids import CARS3D
from vae.data.sets.mat import read_mat
from vae.data.sets.members import file_in, members
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, MOST_TIMES

SVHN_FILES = ("train_32x32.mat", "test_32x32.mat")
CARS_ARCHIVE = "nips2015-analogy-data.tar.gz"
_CAR = r"car_\d+_mesh\.mat"


def read_svhn(folder: Path) -> RawData:
    """Read the cropped digits of SVHN (Netzer et al. 2011), whose label 10 is a zero; raises DataError."""
    images, labels = [], []
    for name in SVHN_FILES:
        path = file_in(folder, name)
        variables = _load(path.read_bytes(), ("X", "y"), path)
        x, y = variables["X"], variables["y"].ravel()
        if (
            x.ndim != 4
            or x.dtype != np.uint8
            or y.shape != x.shape[3:]
            or not y.size
            or not np.isin(y, range(11)).all()
        ):
            got = f"{x.shape} of {x.dtype} and {y.shape} in '{path}'"
            raise DataError(
                f"svhn must hold X (height, width, channel, image) of bytes and a digit y for each, got {got}"
            )
        images.append(np.moveaxis(x, 3, 0))
        labels.append(y.astype(np.int64) % 10)
    if images[0].shape[1:] != images[1].shape[1:]:
        raise DataError(f"svhn's images must have one shape, got {' and '.join(str(x.shape[1:]) for x in images)}")
    return RawData(
        images=np.concatenate(images),
        scale=1 / 255,
        factors=np.concatenate(labels)[:, None],
        factor_names=("label",),
        first_test=len(images[0]),
    )


def read_cars3d(folder: Path) -> RawData:
    """Read the cars of Reed et al. 2015, one at a time: images lie car by car; raises DataError."""
    first = next(iter(members(folder, CARS_ARCHIVE, _CAR)), None)
    n_cars = sum(1 for _ in members(folder, CARS_ARCHIVE, _CAR))
    if first is None:
        raise DataError(f"cars3d must be {CARS_ARCHIVE} or its files, got no car_001_mesh.mat in '{folder}'")
    shape = _views(first[1], folder).shape
    elevations, azimuths = (CARS3D[name] for name in ("elevation", "azimuth"))
    car, azimuth, elevation = np.unravel_index(np.arange(n_cars * shape[0]), (n_cars, azimuths, elevations))

    def make(rows: Indices) -> Iterator[Images]:
        for number, (_, content) in enumerate(members(folder, CARS_ARCHIVE, _CAR)):
            wanted = rows[rows // shape[0] == number] % shape[0]
            if len(wanted):
                views = _views(content, folder)
                if views.shape != shape:
                    raise DataError(f"cars3d's images must have one shape, got {views.shape} and {shape} in '{folder}'")
                yield views[wanted]

    return RawData(
        images=LazyImages(np.arange(len(car)), shape[1:], make),
        scale=1 / 255,
        factors=np.stack([elevation, azimuth, car], axis=1).astype(np.int64),
        factor_names=tuple(CARS3D),
    )


def _views(content: bytes, folder: Path) -> Images:
    """One car from all sides: (azimuth and elevation, height, width, channel)."""
    im = _load(content, ("im",), folder)["im"]
    if im.ndim != 5 or im.dtype != np.uint8 or im.shape[2:] != (3, CARS3D["azimuth"], CARS3D["elevation"]):
        rule = "a car of cars3d must be bytes (height, width, 3, 24, 4)"
        raise DataError(f"{rule}, got {im.shape} of {im.dtype} in '{folder}'")
    return np.moveaxis(im, (3, 4), (0, 1)).reshape(-1, *im.shape[:3])


def _load(content: bytes, names: tuple[str, ...], path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return these variables of a file; raises DataError."""
    try:
        variables = read_mat(content, max(FREE_IMAGES, MOST_TIMES * len(content)))
        return {name: variables[name] for name in names}
    except (ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"'{path}' holds no readable MATLAB file with {', '.join(names)}: {reason}") from error
