"""Where more seeds decide: which trials are worth them."""

from collections.abc import Sequence

import pandas as pd

from analysis.choice.contenders import contenders
from analysis.choice.noise import LARGEST


def worth_more_seeds(values: Sequence[tuple[int, int, float]], top: int, *, is_less_better: bool) -> list[int]:
    """Return the trials that may be the best, by number: the first `top`, and those that are not worse than the first.

    `values` are (trial, seed, value), one a run. What is worse is `contenders`' rule, by which a report recommends a
    trial. Of one seed nothing is known of the noise, so the first `top` are all.
    """
    frame = pd.DataFrame(values, columns=["trial", "seed", "value"])
    means = frame.groupby("trial")["value"].mean().sort_values(ascending=is_less_better, kind="stable")
    order = [int(trial) for trial in means.index]
    usable = frame[frame["value"].abs() < LARGEST]
    if order[0] not in set(usable["trial"]):
        return sorted(order[:top])
    rows, noise = contenders(usable, order[0], is_less_better=is_less_better)
    near = rows.loc[~rows["is_worse"], "trial"].tolist() if noise.degrees else []
    return sorted({*order[:top], *map(int, near)})
