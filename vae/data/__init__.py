"""Images by name or path: read, checked, split, prepared once a machine and memory-mapped."""

from vae.data.dataset import SPLITS, Data, check_likelihood, default_likelihood, describe, open_data
from vae.data.formats import FORMAT_NAMES
from vae.data.grid import factor_grid
from vae.data.paths import default_cache
from vae.data.prepare import DATA_SEED, fetch_data, load_data, load_prepared, prepare
from vae.data.sets.catalogue import SOURCES, catalogue
from vae.data.sources import source_name
from vae.data.store import is_whole
from vae.data.transfer import complete, pieces, receive
from vae.data_config import BINARIZATIONS, DataConfig

__all__ = [
    "BINARIZATIONS",
    "DATA_SEED",
    "FORMAT_NAMES",
    "SOURCES",
    "SPLITS",
    "Data",
    "DataConfig",
    "catalogue",
    "check_likelihood",
    "complete",
    "default_cache",
    "default_likelihood",
    "describe",
    "factor_grid",
    "fetch_data",
    "is_whole",
    "load_data",
    "load_prepared",
    "open_data",
    "pieces",
    "prepare",
    "receive",
    "source_name",
]
