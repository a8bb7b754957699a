"""Work that is shared out to processes where that pays."""

import os
from collections.abc import Callable, Sequence

WORTH_SECONDS = 10.0
"""Work below this is done where it is asked for: to start a process and import what draws takes two to four seconds."""


def share_out(works: Sequence[Callable[[], object]], seconds: float) -> None:
    """Do all works, which one process would take about `seconds` for; their order is free."""
    cores = os.cpu_count() or 1
    if seconds < WORTH_SECONDS or cores == 1:
        for work in works:
            work()
        return
    from joblib import Parallel, delayed

    Parallel(n_jobs=min(cores, len(works)))(delayed(work)() for work in works)
