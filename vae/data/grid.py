"""Which grid of factors images come from, if they do."""

import numpy as np

from vae.data.dataset import Data
from vae.data.sets.grids import KNOWN


def factor_grid(data: Data) -> tuple[int, ...] | None:
    """Return how many values each factor has if the images are some or all of a product grid of factors, else None.

    A grid has two factors or more, none continuous, and no combination twice. The grids of named data are known;
    elsewhere the values that occur must be 0, 1, 2, ... without a gap.
    """
    factors = data.factors
    if factors is None or len(data.factor_names) < 2 or factors.dtype != np.int64:
        return None
    highest = factors.max(axis=0)
    for grid in KNOWN:
        if data.factor_names == tuple(grid) and (highest < list(grid.values())).all():
            sizes = tuple(grid.values())
            break
    else:
        sizes = tuple(len(np.unique(column)) for column in factors.T)
    if factors.min() < 0 or (highest >= sizes).any():
        return None
    cells = np.ravel_multi_index(tuple(factors.T), sizes)
    return sizes if len(np.unique(cells)) == len(cells) else None
