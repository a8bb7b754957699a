"""Public data sets by name: found in a folder that the user names, or fetched once, with checksums."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vae.data.paths import user_path
from vae.errors import ConfigError, DataError

FOLDER_VARIABLE = "VAEKIT_DATA"


@dataclass(frozen=True)
class Download:
    """The files of a public data set, where they live, and their MD5 sums as torchvision publishes them."""

    name: str
    address: str
    checksums: Mapping[str, str]

    def folder(self, cache: Path) -> Path:
        """Return the folder with the files: $VAEKIT_DATA/NAME if it is there, else the cache's, fetched if need be.

        Raises DataError where a file cannot be fetched or has another checksum.
        """
        named = os.environ.get(FOLDER_VARIABLE)
        if named and (user_path(named) / self.name).is_dir():
            return user_path(named) / self.name
        for file, checksum in self.checksums.items():
            self._fetch(file, checksum, cache / self.name)
        return cache / self.name

    def _fetch(self, file: str, checksum: str, folder: Path) -> None:
        import pooch  # fetches into a temporary file, and moves it into place once its checksum is right

        pooch.get_logger().setLevel("WARNING")
        try:
            pooch.retrieve(self.address + file, known_hash=f"md5:{checksum}", fname=file, path=folder)
        except (OSError, ValueError) as error:  # no network, no such file; another checksum
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"cannot fetch {self.name} from {self.address} ({reason}): put its files into a folder and name that "
                f"as the data, or as ${FOLDER_VARIABLE}/{self.name}"
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
DOWNLOADS = {download.name: download for download in (MNIST, FASHION_MNIST)}


def fetch(name: str, cache: Path) -> Path:
    """Find or fetch a public data set and return its folder; ConfigError for a name that is not fetched."""
    if name not in DOWNLOADS:
        raise ConfigError(f"data to fetch must be one of {', '.join(DOWNLOADS)}, got {name!r}")
    return DOWNLOADS[name].folder(cache)
