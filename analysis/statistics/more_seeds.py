"""Where more seeds decide: which trials are worth them."""

from collections.abc import Sequence

import pandas as pd

from analysis.statistics.lead import lead


def worth_more_seeds(values: Sequence[tuple[int, int, float]], top: int, *, is_less_better: bool) -> list[int]:
    """Return the trials that may be the best, by number: the first `top`, and those that the first does not lead.

    `values` are (trial, seed, value), one a run. What leads is `lead`'s rule, the one by which a report calls a trial
    the best. Of one seed nothing is known of the noise, so the first `top` are all.
    """
    frame = pd.DataFrame(values, columns=["trial", "seed", "value"])
    means = frame.groupby("trial")["value"].mean().sort_values(ascending=is_less_better, kind="stable")
    order = [int(trial) for trial in means.index]
    rows = lead(frame, order[0], is_less_better=is_less_better) if len(order) > 1 else pd.DataFrame()
    near = [] if rows.empty else rows.loc[rows["lead_half_width"].notna() & ~rows["is_told"], "trial"].tolist()
    return sorted({*order[:top], *map(int, near)})
