"""The function that a sweep is handed to score its runs; light to import, as workers do."""

import warnings
from collections.abc import Sequence

from vae.trained import Scored


def score_run(names: Sequence[str], objectives: Sequence[str], split: str, scored: Scored) -> dict[str, float]:
    """Score one run with a split held out: NAME to value with test, validation_NAME to value for the objectives."""
    from analysis.metrics import ScoreWarning
    from analysis.scores.of_codes import score_codes

    wanted, prefix = (names, "") if split == "test" else (objectives, "validation_")
    with warnings.catch_warnings():
        # A sweep meets hundreds of collapsed codes; their documented values and the floors tell of them.
        warnings.simplefilter("ignore", ScoreWarning)
        return {prefix + name: float(score) for name, score in score_codes(wanted, scored).items()}
