"""One trained run, to look into: images in, arrays out, nothing drawn."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import torch

    from analysis.frames import Sweep

Floats = npt.NDArray[np.float32]
BATCH = 4096
"""Images or codes in one pass of the network: a large data set never stands in memory as hidden activations."""


class Run:
    """A run of a sweep: its network, posterior and decoder, as functions over arrays.

    Images are (image, height, width[, channel]) as in `Sweep.images`, codes (sample, latent), both float32.
    """

    def __init__(self, sweep: Sweep, number: int) -> None:
        self.sweep = sweep
        self.number = number

    def __repr__(self) -> str:
        return f"Run({self.number} of {str(self.sweep.path)!r})"

    @cached_property
    def model(self) -> torch.nn.Module:
        """The trained plain module, in eval mode; ResultsError where there is no such run or no weights."""
        return self.sweep.model(self.number)

    @cached_property
    def row(self) -> pd.Series:
        """The run's row of the runs frame."""
        runs = self.sweep.runs
        return runs.loc[runs["run"] == self.number].iloc[0]

    @property
    def is_ae(self) -> bool:
        """Whether it is an autoencoder: its posterior is a point."""
        return bool(self.row["model"] == "ae")

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        """Return means and log-variances of q(z|x), each (image, latent); the log-variance of an AE is -inf."""
        import torch

        module: Any = self.model
        with torch.inference_mode():
            parts = [module.encode(torch.from_numpy(x)) for x in _batches(images.reshape(len(images), -1))]
        means, log_variances = (np.concatenate([part[k].numpy() for part in parts]) for k in (0, 1))
        return means, np.full_like(means, -np.inf) if self.is_ae else log_variances

    def posterior_samples(self, images: Floats, seed: int = 0) -> Floats:
        """Return one sample of q(z|x) an image, (image, latent); the code itself for an AE."""
        means, log_variances = self.encode(images)
        noise = np.random.default_rng(seed).standard_normal(means.shape, dtype=np.float32)
        return np.asarray(means + np.exp(0.5 * log_variances) * noise, dtype=np.float32)

    def decode(self, codes: Floats) -> Floats:
        """Return E[x|z] of each code, as images."""
        import torch

        from vae.losses import LIKELIHOOD

        module: Any = self.model
        mean = LIKELIHOOD[module.likelihood].mean
        with torch.inference_mode():
            parts = [mean(module.decode(torch.from_numpy(z))).numpy() for z in _batches(codes)]
        return np.concatenate(parts).reshape(-1, *self.sweep.image_shape)


def _batches(rows: npt.NDArray[Any]) -> Iterator[Floats]:
    for start in range(0, max(len(rows), 1), BATCH):
        yield np.ascontiguousarray(rows[start : start + BATCH], dtype=np.float32)
