"""What a report says of its trials: the leaderboard, and how far the study came."""

from collections.abc import Sequence

import pandas as pd

from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import counted, listed
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.states import failures, states
from vae.columns import AT_SELECTION, BETA_NORMALISED, Objective

SHOWN = 20
"""Rows of the failures that stand on the page; their CSV file holds all."""
REFINED = " The value at selection is over the seeds that every trial has; n is how many a trial has by now."
COLUMNS = (
    "Values are means over seeds, with 95 % intervals where there are several. A dimension is active if its posterior "
    "means vary by more than 0.01; carrying units are the fewest dimensions that hold 95 % of the rate, each at least "
    "0.1 nats. Normalised beta is beta x latent dimensions / features: an equal beta is another one at another size."
)
MEASURED = ("elbo_nats", "rate_nats", "distortion_nats", "active_units", "carrying_units")
"""Columns of the leaderboard on the page, after those of the objectives; its table has all."""


def leaderboard_sections(view: View) -> list[Section]:
    """List the best trials."""
    board, title, objectives = view.board, "Leaderboard", view.sweep.objectives
    if board.empty:
        return [left_out(title, "leaderboard")]
    measured = dict.fromkeys([*(objective.column for objective in objectives), *MEASURED, *view.sweep.scores])
    selected = [AT_SELECTION] if AT_SELECTION in board else []
    shown = [
        "trial",
        *view.parameters,
        *(name for name in (BETA_NORMALISED,) if board[name].notna().any()),
        *selected,
        *(["n"] if selected else []),
        *(c for m in measured for c in (m, m + SUFFIX)),
        "seconds",
    ]
    sentence, reading = _ordered(objectives), COLUMNS + (REFINED if selected else "")
    return [
        Section(title=title, slug="leaderboard", sentence=sentence, reading=reading, table=board, preview=board[shown])
    ]


def state_sections(view: View) -> list[Section]:
    """Count the trials in each state, and list the failed ones with their reasons."""
    counts, failed = states(view.sweep.trials), failures(view.sweep.trials)
    sentence = "A trial is complete when all its seeds have finished; it fails when one of them does."
    parts = [Section(title="Trials by state", slug="states", sentence=sentence, table=counts, preview=counts)]
    if not failed.empty:
        sentence, preview = _failed(failed), failed.head(SHOWN)
        parts += [Section(title="Failures", slug="failures", sentence=sentence, table=failed, preview=preview)]
    return parts


def _ordered(objectives: Sequence[Objective]) -> str:
    words = listed([f"{o.name} ({o.direction}d)" for o in objectives])
    how = f"Ordered by {words}" if len(objectives) == 1 else f"Trials that no other dominates in {words} come first"
    return f"All complete trials. {how} on the validation split; all else is on the test split, in nats per image."


def _failed(failed: pd.DataFrame) -> str:
    part = f" The first {SHOWN} are listed." if len(failed) > SHOWN else ""
    return f"{counted(len(failed), 'trial')} failed and {'is' if len(failed) == 1 else 'are'} in no figure.{part}"
