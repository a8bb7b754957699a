"""Data sets of one large array of 8-bit images in a grid's order: dSprites, MPI3D (.npz) and Shapes3D (HDF5).

Read block by block, so that memory holds neither the file nor all images.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vae.data.hdf5 import lazy_images, open_hdf5
from vae.data.lazy import BLOCK, Images, Indices, LazyImages
from vae.data.npz import open_npz
from vae.data.raw import RawData
from vae.data.sets.grids import MPI3D, MPI3D_LEVELS, SHAPES3D, SOLID_NAMES, SPRITES, Grid, levels_at, n_combinations
from vae.data.sets.members import file_in
from vae.errors import DataError
from vae.files.limits import FREE_IMAGES, check_growth

DSPRITES_FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
SHAPES3D_FILE = "3dshapes.h5"


def read_dsprites(folder: Path) -> RawData:
    """Read DeepMind's own file (Matthey et al. 2017), and none of its pickles; raises DataError."""
    path = file_in(folder, DSPRITES_FILE)
    return _of_grid(path, _in_npz(path, "imgs"), SPRITES, 1.0, {"shape": ("square", "ellipse", "heart")})


def read_mpi3d(folder: Path, file: str) -> RawData:
    """Read one of the files of MPI3D (Gondal et al. 2019); raises DataError."""
    path = file_in(folder, file)
    return _of_grid(path, _in_npz(path, "images"), MPI3D, 1 / 255, MPI3D_LEVELS)


def read_shapes3d(folder: Path) -> RawData:
    """Read DeepMind's own file (Burgess and Kim 2018), with h5py; raises DataError."""
    path = file_in(folder, SHAPES3D_FILE)
    return _of_grid(path, _in_hdf5(path, "images"), SHAPES3D, 1 / 255, {"shape": SOLID_NAMES})


def _of_grid(path: Path, images: LazyImages, grid: Grid, scale: float, levels: dict[str, tuple[str, ...]]) -> RawData:
    """All combinations, the last factor varies fastest: the order says the factors."""
    if len(images) != n_combinations(grid):
        sizes = " x ".join(map(str, grid.values()))
        raise DataError(f"the file must hold all {sizes} images of its grid, got {len(images):,} in '{path}'")
    return RawData(
        images=images,
        scale=scale,
        factors=levels_at(np.arange(len(images)), grid),
        factor_names=tuple(grid),
        factor_levels=levels,
    )


def _in_npz(path: Path, name: str) -> LazyImages:
    with open_npz(path) as archive:
        if name not in archive.names:
            raise DataError(f"the file must hold '{name}', got {archive.listed} in '{path}'")
        header = archive.header(name)
        _check_images(path, header.shape, header.dtype)
        if header.fortran_order:
            raise DataError(f"'{name}' must lie in C order, got Fortran's in '{path}'")
        check_growth(header.value_bytes, path, FREE_IMAGES, DataError)
    count, *sample = header.shape

    def make(rows: Indices) -> Iterator[Images]:
        with open_npz(path) as archive, archive.values(name) as stream:
            for start in range(0, count, BLOCK):
                n_images = min(BLOCK, count - start)
                content = stream.read(n_images * math.prod(sample))
                images = np.frombuffer(content, np.uint8).reshape(n_images, *sample)
                yield from _chosen(images, rows, start)

    return LazyImages(np.arange(count), tuple(sample), make)


def _in_hdf5(path: Path, name: str) -> LazyImages:
    with open_hdf5(path) as file:
        images = file.get(name)
        if not hasattr(images, "chunks"):
            raise DataError(f"the file must hold an array '{name}', got {', '.join(file)[:200]} in '{path}'")
        _check_images(path, images.shape, images.dtype)
        return lazy_images(path, images)


def _check_images(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
    if len(shape) not in (3, 4) or dtype != np.uint8 or 0 in shape:
        rule = "images must be 8-bit and have shape (image, height, width) or (image, height, width, channel)"
        raise DataError(f"{rule}, got {shape} of {dtype} in '{path}'")


def _chosen(images: Images, rows: Indices, start: int) -> Iterator[Images]:
    """Yield those of `images`, which begin with row `start`, that are among the rows."""
    here = rows[(rows >= start) & (rows < start + len(images))] - start
    if len(here):
        yield images[here]
