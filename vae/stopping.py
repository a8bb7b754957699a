"""When a study has stopped improving: the one rule by which `--stop-after` ends it and a report says so."""

from collections.abc import Iterable
from math import inf


def trials_since_best(values: Iterable[float], *, ascending: bool) -> int:
    """Return how many trials have come since the best value, of trials in their order; all where none has one.

    A trial without a value (NaN: it failed or was pruned) improves nothing, nor does one that equals the best.
    """
    sign = 1.0 if ascending else -1.0
    best, since = inf, 0
    for value in values:
        improves = sign * value < best
        best, since = (sign * value, 0) if improves else (best, since + 1)
    return since
