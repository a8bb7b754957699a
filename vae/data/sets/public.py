"""Data sets that others published, by name: downloaded once or in a folder of the user's, in the files as they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

from vae.data.idx import read_idx_folder
from vae.data.raw import RawData
from vae.data.sets.arrays import read_dsprites, read_mpi3d, read_shapes3d
from vae.data.sets.cifar10 import read_cifar10
from vae.data.sets.download import DOWNLOADS, fetch
from vae.data.sets.grids import CARS3D, MPI3D, SHAPES3D, SMALLNORB, SPRITES, n_combinations
from vae.data.sets.matlab import read_cars3d, read_svhn
from vae.data.sets.norb import read_smallnorb
from vae.data.sets.source import LABEL, Source
from vae.data_config import DataConfig


def _public(
    name: str,
    description: str,
    samples: int,
    shape: tuple[int, ...],
    factors: Mapping[str, int],
    licence: str,
    citation: str,
    read: Callable[[Path], RawData],
) -> Source:
    return Source(
        name=name,
        description=description,
        samples=samples,
        shape=shape,
        factors=factors,
        origin="your folder" if DOWNLOADS[name].by_hand else "downloaded once",
        licence=licence,
        citation=citation,
        read=lambda request: read(fetch(name, request.cache)),
        files=lambda request: _with_content(fetch(name, request.cache)),
    )


def _with_content(folder: Path) -> list[Path]:
    return [folder, *sorted(folder.rglob("*"))]


def _read_idx(folder: Path) -> RawData:
    return read_idx_folder(folder, DataConfig(white=255))


def _mpi3d(kind: str, description: str) -> Source:
    def read(folder: Path) -> RawData:
        return read_mpi3d(folder, f"mpi3d_{kind}.npz")

    samples = n_combinations(MPI3D)
    return _public(f"mpi3d-{kind}", description, samples, (64, 64, 3), MPI3D, "CC BY 4.0", "Gondal et al. 2019", read)


PUBLIC = (
    _public(
        "mnist", "handwritten digits, grey", 70_000, (28, 28), LABEL, "CC BY-SA 3.0", "LeCun et al. 1998", _read_idx
    ),
    _public(
        "fashion-mnist", "articles of clothing, grey", 70_000, (28, 28), LABEL, "MIT", "Xiao et al. 2017", _read_idx
    ),
    _public(
        "dsprites",
        "DeepMind's own sprites, binary",
        737_280,
        (64, 64),
        SPRITES,
        "Apache-2.0",
        "Matthey et al. 2017",
        read_dsprites,
    ),
    _public(
        "shapes3d",
        "DeepMind's own rooms, in colour; needs vaekit[hdf5]",
        480_000,
        (64, 64, 3),
        SHAPES3D,
        "Apache-2.0",
        "Burgess & Kim 2018",
        read_shapes3d,
    ),
    _mpi3d("toy", "a robot's arm, simply rendered"),
    _mpi3d("realistic", "a robot's arm, realistically rendered"),
    _mpi3d("real", "a robot's arm, photographed"),
    _public(
        "smallnorb",
        "toys from all sides, grey; the left camera's images",
        48_600,
        (96, 96),
        SMALLNORB,
        "for research",
        "LeCun et al. 2004",
        read_smallnorb,
    ),
    _public(
        "cars3d",
        "cars from all sides, in colour",
        17_568,
        (128, 128, 3),
        CARS3D,
        "none stated",
        "Reed et al. 2015",
        read_cars3d,
    ),
    _public(
        "cifar10",
        "photographs of ten classes",
        60_000,
        (32, 32, 3),
        LABEL,
        "none stated",
        "Krizhevsky 2009",
        read_cifar10,
    ),
    _public(
        "svhn",
        "house numbers, cropped to a digit",
        99_289,
        (32, 32, 3),
        LABEL,
        "non-commercial",
        "Netzer et al. 2011",
        read_svhn,
    ),
)
