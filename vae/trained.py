"""What a finished run measured: what workers send back, so that whoever takes it need not import torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scored:
    """What a run is scored on: codes, factors, and the rows of them that a score may see."""

    means: npt.NDArray[np.float32]
    """Posterior means (row, latent)."""
    samples: npt.NDArray[np.float32]
    """One posterior sample of each (row, latent)."""
    factors: npt.NDArray[Any]
    """(row, factor), int64, or float64 where a factor is continuous."""
    pooled: npt.NDArray[np.int64]
    """Rows of all splits that may be seen: for scores that fit nothing."""
    train: npt.NDArray[np.int64]
    """Rows to fit on."""
    held_out: npt.NDArray[np.int64]
    """Rows to read a fit on."""
    seed: int = 0
    """The run's, for what a score draws."""


Score = Callable[[str, Scored], dict[str, float]]
"""Scores a run: (`validation` or `test`, the split of the rows that are held out) to columns and values."""


@dataclass(frozen=True)
class TrainedRun:
    """What a finished run measured. Columns as in `vae.columns`."""

    history: dict[str, Array]
    """HISTORY, each (epoch,)."""
    totals: dict[str, float]
    """TOTALS; NaN for a run that failed."""
    dims: dict[str, Array]
    """DIMS, each (latent,); empty for a run that failed."""
    weights: dict[str, npt.NDArray[np.float32]]
    """State of the plain module, at the run's own shape."""
    scores: dict[str, float]
    """Columns of its scores; empty for a run that failed or was not scored."""
    seconds: float
    """The run's share of its stack's training time."""
    state: bytes = b""
    """What training goes on from, where it stopped before the run's end; opaque to all but `vae.training`."""
    steps: int = 0
    """Minibatches of the epoch under way, where it stopped inside one."""
    has_ended: bool = False
    """Whether a run that has a state trains no further, and only waits for its stack to be measured."""
    error: str = ""
    """Why the run failed; empty for one that did not."""
