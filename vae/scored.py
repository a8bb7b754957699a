"""What a run is scored on: the codes of images that are the same for every run of the same data, and many.

Scores on a small test split are near noise. Those that fit no predictor hold for all images that may be looked at;
those that do are fitted on images of train and read on images held out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vae.data import Data
from vae.data.dataset import SPLITS
from vae.errors import DataError
from vae.evaluation import posterior
from vae.randomness import SCORED, shared_generator
from vae.stack.interface import AnyStack
from vae.trained import Scored

MOST, MOST_HELD_OUT = 10_000, 5_000
"""Images that scores are computed or fitted on, and that fits are read on (Locatello et al. 2019, arXiv 1811.12359)."""
SEEN = {"validation": ("train", "validation"), "test": SPLITS}
"""The splits that a score sees, by the one it holds out: what a study looks for never sees test."""
TO_LOOK_FOR, AT_THE_END = ("validation",), ("validation", "test")
"""The splits that scores hold out at a rung, and at a run's end."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Sorted indices of images."""

    pooled: Rows
    """Of all splits that may be seen: for scores that fit nothing."""
    train: Rows
    """To fit on."""
    held_out: Rows
    """Of one split, to read a fit on."""

    @property
    def everything(self) -> Rows:
        """The images that are to be encoded."""
        return np.unique(np.concatenate([self.pooled, self.train, self.held_out]))


def scored_rows(data: Data, held_out: str) -> ScoredRows:
    """Return the rows of scores that are held out on `validation` or `test`: all, or random ones of a fixed seed."""
    order = shared_generator(SCORED, 0).permutation(len(data.images))

    def first(splits: tuple[str, ...], most: int) -> Rows:
        is_there = np.zeros(len(order), dtype=bool)
        is_there[np.concatenate([data.split(split) for split in splits])] = True
        chosen: Rows = np.sort(order[is_there[order]][:most])
        return chosen

    return ScoredRows(first(SEEN[held_out], MOST), first(("train",), MOST), first((held_out,), MOST_HELD_OUT))


def scored_codes(stack: AnyStack, data: Data, splits: Sequence[str]) -> Iterator[dict[str, Scored]]:
    """Yield for each run what it is scored on, by the split that is held out; each image is encoded once.

    Nothing of a run whose codes are not finite. Raises DataError for data without factors.
    """
    if data.factors is None:
        raise DataError(f"scores need data with known factors; {data.name!r} has none")
    rows = {split: scored_rows(data, split) for split in splits}
    images = np.unique(np.concatenate([of.everything for of in rows.values()]))
    factors = data.factors[images]
    places = {
        split: {name: np.searchsorted(images, getattr(of, name)) for name in ("pooled", "train", "held_out")}
        for split, of in rows.items()
    }
    for config, (means, samples) in zip(stack.configs, posterior(stack, data, images, SCORED), strict=True):
        is_finite = bool(np.isfinite(means).all() and np.isfinite(samples).all())
        codes = {"means": means, "samples": samples, "factors": factors}
        yield {split: Scored(**codes, **places[split], seed=config.seed) for split in splits if is_finite}
