"""Work that is shared out to processes where that pays."""

from collections.abc import Callable, Sequence

WORTH_SECONDS = 10.0
"""Work below this is done where it is asked for: to start a process and import what draws takes two to four seconds."""


def share_out(works: Sequence[Callable[[], object]], seconds: float) -> None:
    """Do all works, which one process would take about `seconds` for; their order is free."""
    if seconds >= WORTH_SECONDS:
        from joblib import Parallel, cpu_count, delayed

        Parallel(n_jobs=min(cpu_count(), len(works)))(delayed(work)() for work in works)
        return
    for work in works:
        work()
