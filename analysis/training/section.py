"""What a report says of training."""

import pandas as pd

from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.statistics.intervals import SUFFIX
from analysis.training import figures
from analysis.training.curves import learning_curves


def training_sections(view: View) -> list[Section]:
    """Show whether training was long enough and where it overfits."""
    curves, title = learning_curves(view.board, view.runs, view.sweep.history), "Learning curves"
    if curves.empty:
        return [left_out(title, "learning")]
    figure = figures.learning(curves)
    sentence = "ELBO, rate and distortion by epoch, of the first, the median and the last trial of the leaderboard."
    return [
        Section(title=title, slug="learning", sentence=sentence, reading=_reading(curves), figure=figure, table=curves)
    ]


def _reading(curves: pd.DataFrame) -> str:
    band = " Bands are 95 % intervals over seeds." if curves["elbo_nats" + SUFFIX].notna().any() else ""
    return (
        "A curve that still climbs at the right asks for more epochs; a gap that widens between train and "
        f"validation is overfitting.{band} The first tenth of the epochs may lie outside the frame."
    )
