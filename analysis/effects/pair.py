"""What two hyperparameters reach together."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.surrogate.surrogate import Surrogate

STEPS = 15
"""Values of each at most."""


def best_of_pairs(objective: Surrogate, first: str, second: str, *, is_less_better: bool) -> pd.DataFrame:
    """Return the best predicted objective at each pair of values, with the others as in one of the trials.

    One row a pair: the two, best, and half the width of its 95 % interval.
    """
    axes = objective.cube.axes
    rows = list(itertools.product(*(_thinned(axes[name].grid()) for name in (first, second))))
    pairs = pd.DataFrame(rows, columns=[first, second])
    others = objective.others if len(axes) > 2 else objective.others.head(1)
    settings = others.drop(columns=[first, second]).merge(pairs, how="cross")
    predicted = objective.predict(settings).assign(pair=np.tile(np.arange(len(pairs)), len(others)))
    by_pair = predicted.groupby("pair")["mean"]
    best = predicted.loc[by_pair.idxmin() if is_less_better else by_pair.idxmax()].reset_index(drop=True)
    return pairs.assign(best=best["mean"], half_width=best["high"] - best["mean"])


def _thinned(values: Sequence[Any]) -> list[Any]:
    places = np.linspace(0, len(values) - 1, min(len(values), STEPS)).round().astype(int)
    return [values[place] for place in places]
