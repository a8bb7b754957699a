"""What a run reads of its sweep: the lower half of `analysis.frames.sweep.Sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch


class Source(Protocol):
    """Frames, weights and images of a sweep."""

    path: Path

    @property
    def runs(self) -> pd.DataFrame:
        """The runs frame."""

    @property
    def dims(self) -> pd.DataFrame:
        """The dims frame."""

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width), (height, width, channel) or of a table (feature,)."""

    @property
    def is_table(self) -> bool:
        """Whether samples are rows of features, and no images."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One a feature of a table."""

    def given(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return values as the user gave them, before scaling."""

    def brightness(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return images as they are drawn, black 0 and white 1."""

    @property
    def factor_names(self) -> tuple[str, ...]:
        """One name a factor."""

    def model(self, run: int) -> torch.nn.Module:
        """Return the plain module of a run."""

    def images(self, split: str, at: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.float32]:
        """Return the images of a split, at some places in it."""

    def factors(self, split: str) -> npt.NDArray[np.int64] | None:
        """Return the factors of a split, (image, factor)."""

    def count(self, split: str) -> int:
        """Return how many images a split has."""

    def thinned(self, split: str, most: int) -> npt.NDArray[np.int64]:
        """Return places in a split, `most` evenly spaced ones where there are more."""
