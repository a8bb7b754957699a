"""The scores of a run's codes, each on the rows it may see: the one way, in a sweep and after it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.metrics import Score, score_all
from analysis.metrics.scoring import find_metric
from vae.columns import SAMPLED
from vae.trained import Scored


def score_codes(names: Sequence[str], scored: Scored, **settings: Any) -> dict[str, Score]:
    """Return scores by name, of the posterior means or, with `_sample`, of the posterior samples.

    A score that fits a predictor is fitted on the train rows and read on those held out; any other sees all pooled
    rows. `settings` are those of `score_all`.
    """
    scores: dict[str, Score] = {}
    for codes, suffix in ((scored.means, ""), (scored.samples, SAMPLED)):
        chosen = [name.removesuffix(SAMPLED) for name in names if name.endswith(SAMPLED) == bool(suffix)]
        for fits in (False, True):
            some = [name for name in chosen if find_metric(name).fits == fits]
            if some:
                rows = (scored.train, scored.held_out) if fits else (scored.pooled,)
                parts = [part for at in rows for part in (codes[at].astype(np.float64), scored.factors[at])]
                found = score_all(some, *parts, seed=scored.seed, **settings)
                scores |= {name + suffix: found[name] for name in some}
    return {name: scores[name] for name in names}
