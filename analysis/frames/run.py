"""One trained run, to look into: images in, arrays out, nothing drawn."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analysis.arrays import Float32, Float64, Int64
from analysis.frames.latent_paths import PATHS, sphere
from analysis.frames.traversal import SPAN, STEPS, Traversal, check_dims, in_two_dimensions
from vae.config import at_least, one_of
from vae.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import torch

    from analysis.frames.source import Source

BATCH = 4096
"""Images or codes in one pass of the network: a large data set never stands in memory as hidden activations."""
AGGREGATE, AGGREGATE_IMAGES = 10_000, 2_000
"""Samples that stand for the aggregate posterior, and the most test images they come from."""


class Run:
    """A run of a sweep: its network, posterior and decoder, as functions over arrays.

    Images are (image, height, width[, channel]) as in `Sweep.images`, codes (sample, latent), both float32. Of a table
    they are (sample, feature), as they were scaled for training: `Sweep.given` undoes that.
    """

    def __init__(self, sweep: Source, number: int) -> None:
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

    def encode(self, images: Float32) -> tuple[Float32, Float32]:
        """Return means and log-variances of q(z|x), each (image, latent); the log-variance of an AE is -inf.

        Raises ConfigError for images of another shape than the sweep's.
        """
        import torch

        self._check(images)
        module: Any = self.model
        with torch.inference_mode():
            parts = [module.encode(torch.from_numpy(x)) for x in _batches(images.reshape(len(images), -1))]
        means, log_variances = (np.concatenate([part[k].numpy() for part in parts]) for k in (0, 1))
        return means, np.full_like(means, -np.inf) if self.is_ae else log_variances

    def posterior_samples(self, images: Float32, seed: int = 0) -> Float32:
        """Return one sample of q(z|x) an image, (image, latent); the code itself for an AE."""
        means, log_variances = self.encode(images)
        noise = np.random.default_rng(seed).standard_normal(means.shape, dtype=np.float32)
        return np.asarray(means + np.exp(0.5 * log_variances) * noise, dtype=np.float32)

    def decode(self, codes: Float32) -> Float32:
        """Return E[x|z] of each code, as images."""
        import torch

        from vae.losses import LIKELIHOOD

        module: Any = self.model
        mean = LIKELIHOOD[module.likelihood].mean
        with torch.inference_mode():
            parts = [mean(module.decode(torch.from_numpy(z))).numpy() for z in _batches(codes)]
        return np.concatenate(parts).reshape(-1, *self.sweep.image_shape)

    def distortion_nats(self, images: Float32) -> Float64:
        """Return -log p(x|z) at each image's posterior mean, (image,): what its reconstruction costs."""
        import torch

        from vae.losses import distortion

        module: Any = self.model
        sigma = getattr(module, "log_sigma", 0.0)
        pairs = zip(_batches(images.reshape(len(images), -1)), _batches(self.encode(images)[0]), strict=True)
        with torch.inference_mode():
            outputs = ((torch.from_numpy(x), module.decode(torch.from_numpy(z))) for x, z in pairs)
            parts = [distortion(x, output, module.likelihood, sigma).double().numpy() for x, output in outputs]
        return np.concatenate(parts)

    def sample(self, n: int, seed: int = 0) -> Float32:
        """Return E[x|z] of n draws from the prior N(0, I), as images.

        An AE has no prior: of its codes N(0, I) knows nothing, and what is decoded shows that. ConfigError for n < 1.
        """
        at_least(1, n=int(n))
        module: Any = self.model
        noise = np.random.default_rng(seed).standard_normal((n, module.latent_dim), dtype=np.float32)
        return self.decode(noise)

    def reconstruct(self, images: Float32) -> Float32:
        """Return E[x|z] at each image's posterior mean, as images."""
        return self.decode(self.encode(images)[0])

    def traverse(
        self, image: Float32, dims: Sequence[int] | None = None, span: float = SPAN, steps: int = STEPS
    ) -> Traversal:
        """Decode an image's posterior mean with one dimension at a time moved through the aggregate posterior.

        The values of a dimension are its quantiles at `steps` levels, evenly spaced over the central `span` of its
        mass: samples of q(z|x) over the test images. Without `dims`, all, sorted by KL on the test split (an AE's: by
        the variance of its codes), largest first. Raises ConfigError for a dimension that is not there, span outside
        (0, 1) or steps < 2.
        """
        at_least(2, steps=int(steps))
        if not 0 < span < 1:
            raise ConfigError(f"span must be between 0 and 1, got {span}")
        code = self._code(image)
        chosen = self.ranked_dims if dims is None else check_dims(dims, len(code))
        quantiles = np.linspace(0.5 - span / 2, 0.5 + span / 2, steps)
        places = np.asarray(np.quantile(self._aggregate[:, chosen], quantiles, axis=0).T, dtype=np.float32)
        codes = np.tile(code, (*places.shape, 1))
        codes[np.arange(len(chosen))[:, None], np.arange(steps), chosen[:, None]] = places
        images = self.decode(codes.reshape(-1, len(code))).reshape(*places.shape, *self.sweep.image_shape)
        return Traversal(images, chosen, places, quantiles, self._dims["kl_nats"].to_numpy()[chosen])

    def perturb(self, image: Float32, radius: float, n: int = 8, seed: int = 0) -> Float32:
        """Return E[x|z] of n codes at `radius` (the prior's standard deviations) from an image's posterior mean.

        Directions are uniform, and for a seed the same at every radius. Raises ConfigError for a negative radius or
        n < 1.
        """
        at_least(1, n=int(n))
        at_least(0, radius=float(radius))
        return self.decode(sphere(self._code(image), radius, n, seed))

    def interpolate(self, a: Float32, b: Float32, steps: int = 9, path: str = "linear") -> Float32:
        """Return E[x|z] of `steps` codes from the posterior mean of one image to another's, both ends included.

        `linear` is a straight line; `spherical` turns the direction and changes the length evenly, so that it does not
        cut through the middle, where a prior of many dimensions has no mass. Raises ConfigError for another path or
        steps < 2.
        """
        one_of(tuple(PATHS), path=path)
        at_least(2, steps=int(steps))
        return self.decode(PATHS[path](self._code(a), self._code(b), steps))

    def embed(self) -> pd.DataFrame:
        """Return one row a test image: its code in two dimensions, `first` and `second`, then its factors by name.

        The posterior means themselves where there are two latent dimensions, their two principal components where
        there are more, and 0 for `second` where there is one.
        """
        import pandas as pd

        plane = in_two_dimensions(self.encode(self.sweep.images("test"))[0])
        known = self.sweep.factors("test")
        columns = {} if known is None else dict(zip(self.sweep.factor_names, known.T, strict=True))
        return pd.DataFrame({"first": plane[:, 0], "second": plane[:, 1]} | columns)

    @property
    def ranked_dims(self) -> Int64:
        """All latent dimensions by falling KL on the test split (an AE's: by variance of its codes), (dim,)."""
        return np.asarray(np.argsort(-self._dims["mean_variance" if self.is_ae else "kl_nats"], kind="stable"))

    @property
    def _dims(self) -> pd.DataFrame:
        return self.sweep.dims[self.sweep.dims["run"] == self.number]

    @cached_property
    def _aggregate(self) -> Float32:
        """Samples of the aggregate posterior of the test split, (sample, latent)."""
        means, log_variances = self.encode(self.sweep.images("test", self.sweep.thinned("test", AGGREGATE_IMAGES)))
        shape = (-(-AGGREGATE // len(means)), *means.shape)
        noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        samples = means + np.exp(0.5 * log_variances) * noise
        return np.asarray(samples.reshape(-1, means.shape[1]), dtype=np.float32)

    def _code(self, image: Float32) -> Float32:
        """The posterior mean of one image, (latent,)."""
        code: Float32 = self.encode(np.asarray(image)[None])[0][0]
        return code

    def _check(self, images: Float32) -> None:
        shape = self.sweep.image_shape
        if images.shape[1:] != shape:
            one = "a sample" if self.sweep.is_table else "an image"
            raise ConfigError(f"{one} of this sweep must have shape {shape}, got {images.shape[1:]}")


def _batches(rows: npt.NDArray[Any]) -> Iterator[Float32]:
    for start in range(0, max(len(rows), 1), BATCH):
        yield np.ascontiguousarray(rows[start : start + BATCH], dtype=np.float32)
