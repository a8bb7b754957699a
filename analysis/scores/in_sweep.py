"""The function that a sweep is handed to score its runs; light to import, as workers do."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vae.columns import SAMPLED


def score_run(
    names: Sequence[str],
    objectives: Sequence[str],
    split: str,
    means: npt.NDArray[np.float32],
    samples: npt.NDArray[np.float32],
    factors: npt.NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    """Score one run on one split: NAME to value on test, validation_NAME to value for the objectives on validation.

    Means and samples are (sample, latent), factors (sample, factor). Only images of that split are used; a score that
    needs a test split of its own parts them by the seed.
    """
    from analysis.metrics import ScoreWarning, score_all

    wanted = names if split == "test" else objectives
    prefix = "" if split == "test" else "validation_"
    values: dict[str, float] = {}
    for codes, suffix in ((means, ""), (samples, SAMPLED)):
        chosen = [name.removesuffix(SAMPLED) for name in wanted if name.endswith(SAMPLED) == bool(suffix)]
        if chosen:
            with warnings.catch_warnings():
                # A sweep meets hundreds of collapsed codes; their documented values and the floors tell of them.
                warnings.simplefilter("ignore", ScoreWarning)
                scores = score_all(chosen, codes.astype(np.float64), factors, seed=seed)
            values |= {prefix + name + suffix: float(scores[name]) for name in chosen}
    return values
