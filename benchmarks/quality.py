"""Whether two sides of a benchmark reached the same: without it a ratio of seconds says nothing."""

from typing import Any

import numpy as np


def equality(ours: np.ndarray, theirs: np.ndarray, *, paired: bool) -> dict[str, Any]:
    """Compare validation ELBOs (run,): equal within two standard errors of the mean difference and 0.5 %."""
    difference = float(ours.mean() - theirs.mean())
    if paired:
        error = float((ours - theirs).std(ddof=1) / np.sqrt(len(ours)))
    else:
        error = float(np.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs)))
    is_equal = abs(difference) <= 2 * error and abs(difference) <= 0.005 * abs(theirs.mean())
    return {
        "elbo_nats": float(ours.mean()),
        "difference_nats": difference,
        "standard_error_nats": error,
        "quality": "equal" if is_equal else "NOT equal",
    }
