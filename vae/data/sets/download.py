"""Public data sets by name: found in a folder that the user names, or fetched once, with checksums.

Checksums are those that torchvision, disent and the sets' own pages publish.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vae.data.paths import user_path
from vae.errors import ConfigError, DataError

FOLDER_VARIABLE = "VAEKIT_DATA"


@dataclass(frozen=True)
class Download:
    """The files of a public data set, where they live, and their published MD5 sums."""

    name: str
    address: str
    """What the names of files follow; where their makers ask people to come themselves, the page to get them from."""
    checksums: Mapping[str, str]
    by_hand: bool = False

    def folder(self, cache: Path) -> Path:
        """Return the folder with the files: $VAEKIT_DATA/NAME if it is there, else the cache's, fetched if need be.

        Raises DataError where a file cannot be fetched or has another checksum.
        """
        named = os.environ.get(FOLDER_VARIABLE)
        if named and (user_path(named) / self.name).is_dir():
            return user_path(named) / self.name
        if self.by_hand:
            sums = ", ".join(f"{file} (MD5 {checksum})" for file, checksum in self.checksums.items())
            raise DataError(f"{self.name} is not fetched here: get {sums} from {self.address}, and {self._place}")
        for file, checksum in self.checksums.items():
            self._fetch(file, checksum, cache / self.name)
        return cache / self.name

    @property
    def _place(self) -> str:
        """What to do with files, for a message."""
        return f"put it into a folder {self.name} in the folder that ${FOLDER_VARIABLE} names"

    def _fetch(self, file: str, checksum: str, folder: Path) -> None:
        import pooch  # fetches into a temporary file, and moves it into place once its checksum is right

        pooch.get_logger().setLevel("WARNING")
        try:
            pooch.retrieve(self.address + file, known_hash=f"md5:{checksum}", fname=file, path=folder)
        except (OSError, ValueError) as error:  # no network, no such file; another checksum
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"cannot fetch {self.name} from {self.address} ({reason}): get {file} elsewhere, and {self._place}"
            ) from error


MNIST = Download(
    "mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)
FASHION_MNIST = Download(
    "fashion-mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
DSPRITES = Download(
    "dsprites",
    "https://github.com/google-deepmind/dsprites-dataset/raw/master/",
    {"dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz": "7da33b31b13a06f4b04a70402ce90c2e"},
)
SHAPES3D = Download(
    "shapes3d", "https://storage.googleapis.com/3d-shapes/", {"3dshapes.h5": "099a2078d58cec4daad0702c55d06868"}
)
MPI3D = tuple(
    Download(name, "the links in github.com/rr-learning/disentanglement_dataset", {file: checksum}, by_hand=True)
    for name, file, checksum in (
        ("mpi3d-toy", "mpi3d_toy.npz", "55889cb7c7dfc655d6e0277beee88868"),
        ("mpi3d-realistic", "mpi3d_realistic.npz", "59a6225b88b635365f70c91b3e52f70f"),
        ("mpi3d-real", "mpi3d_real.npz", "0f33f609918fb5c97996692f91129802"),
    )
)
SMALLNORB = Download(
    "smallnorb",
    "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
    {
        "smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat.gz": "66054832f9accfe74a0f4c36a75bc0a2",
        "smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat.gz": "23c8b86101fbf0904a000b43d3ed2fd9",
        "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat.gz": "51dee1210a742582ff607dfd94e332e3",
        "smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat.gz": "e4ad715691ed5a3a5f138751a4ceb071",
        "smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat.gz": "5aa791cd7e6016cf957ce9bdb93b8603",
        "smallnorb-5x01235x9x18x6x2x96x96-testing-info.mat.gz": "a9454f3864d7fd4bb3ea7fc3eb84924e",
    },
)
CARS3D = Download(
    "cars3d",
    "http://www.scottreed.info/files/",
    {"nips2015-analogy-data.tar.gz": "4e866a7919c1beedf53964e6f7a23686"},
)
CIFAR10 = Download(
    "cifar10",
    "https://www.cs.toronto.edu/~kriz/",
    {"cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"},
)
SVHN = Download(
    "svhn",
    "http://ufldl.stanford.edu/housenumbers/",
    {
        "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
    },
)
DOWNLOADS = {
    download.name: download
    for download in (MNIST, FASHION_MNIST, DSPRITES, SHAPES3D, *MPI3D, SMALLNORB, CARS3D, CIFAR10, SVHN)
}


def fetch(name: str, cache: Path) -> Path:
    """Find or fetch a public data set and return its folder; ConfigError for a name that is not fetched."""
    if name not in DOWNLOADS:
        raise ConfigError(f"data to fetch must be one of {', '.join(DOWNLOADS)}, got {name!r}")
    return DOWNLOADS[name].folder(cache)
