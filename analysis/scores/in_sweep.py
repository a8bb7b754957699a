"""The function that a sweep is handed to score its runs; light to import, as workers do."""

import warnings
from collections.abc import Sequence

from vae.columns import FLOOR
from vae.trained import Scored


def score_run(names: Sequence[str], objectives: Sequence[str], split: str, scored: Scored) -> dict[str, float]:
    """Score one run with a split held out: NAME to value with test, validation_NAME to value for the objectives.

    Beside each of these stands floor_validation_NAME, of the run's own codes in one random order: over the runs of a
    study, these tell what is noise.
    """
    from analysis.metrics import ScoreWarning
    from analysis.scores.of_codes import score_codes

    with warnings.catch_warnings():
        # A sweep meets hundreds of collapsed codes; their documented values and the floors tell of them.
        warnings.simplefilter("ignore", ScoreWarning)
        if split == "test":
            return {name: float(score) for name, score in score_codes(names, scored).items()}
        found = score_codes(objectives, scored, permutations=1)
    values = {f"validation_{name}": float(score) for name, score in found.items()}
    return values | {f"{FLOOR}validation_{name}": float(score.floor or 0.0) for name, score in found.items()}
