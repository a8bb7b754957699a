"""What a report says of a table's features: how well they are reconstructed, and what moves along each dimension."""

import pandas as pd

from analysis.features import figures
from analysis.features.numbers import ENDS, MOVED, movement, reconstruction
from analysis.frames.traversal import MOST_DIMS
from analysis.pictures.selection import Shown, shown_runs
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import number
from vae.errors import DataError, ResultsError

PREVIEWED = 12
"""Rows on the page."""
OF_EACH = 3
"""Features that the page names for a dimension."""


def feature_sections(view: View) -> list[Section]:
    """Show the features of a table; nothing where samples are images."""
    if not view.sweep.is_table:
        return []
    try:
        shown = shown_runs(view)
    except ResultsError:
        return [_left_out("no weights of the first trial were kept")]
    except DataError:
        return [_left_out("the samples can no longer be read")]
    if shown is None:
        return [_left_out("no trial is complete")]
    return [_reconstruction_section(shown), _movement_section(shown)]


def _left_out(why: str) -> Section:
    return left_out("Features of single runs", "features", why)


def _reconstruction_section(shown: Shown) -> Section:
    tables = [reconstruction(run, shown.test, role) for role, run in shown.runs.items()]
    table = pd.concat(tables, ignore_index=True)
    median = number(float(tables[0]["r2"].median()), 2)
    sentence = (
        f"R2 of each feature on {len(shown.test):,} test samples, by {shown.who}: 1 is exact, 0 is no better than the "
        f"feature's mean. The median of the first run is {median}. A feature with an R2 near 0 is noise to the model: "
        "no dimension pays for it. The table has the root mean square error in the feature's own unit."
    )
    return Section(
        title="Reconstruction of features",
        slug="feature_reconstruction",
        sentence=sentence,
        figure=figures.explained(table) if table["r2"].notna().any() else None,
        table=table,
        preview=_both_ends(tables[0].drop(columns=["role", "run"])),
    )


def _both_ends(table: pd.DataFrame) -> pd.DataFrame:
    half = PREVIEWED // 2
    return table if len(table) <= PREVIEWED else pd.concat([table.head(half), table.tail(half)])


def _movement_section(shown: Shown) -> Section:
    role, run = next(iter(shown.runs.items()))
    table = movement(run, shown.test, role, MOST_DIMS)
    low, high = 50 - 50 * ENDS, 50 + 50 * ENDS
    sentence = (
        f"What moves along each latent dimension of run {run.number}, the first of the first trial; dimensions by "
        f"falling KL, at most {MOST_DIMS}. One dimension goes from its {low:.0f} % to its {high:.0f} % quantile, the "
        f"others stay; the change of each decoded feature is a mean over {min(MOVED, len(shown.test))} test samples, "
        "in the feature's deviations. The decoder does not use a dimension whose row is blank. The sign of a dimension "
        "means nothing."
    )
    return Section(
        title="What each dimension moves",
        slug="feature_movement",
        sentence=sentence,
        figure=figures.moved(table) if table["change_in_deviations"].notna().any() else None,
        table=table,
        preview=_first_of_each(table),
    )


def _first_of_each(table: pd.DataFrame) -> pd.DataFrame:
    first = table.groupby("dim", sort=False).head(OF_EACH)
    return first[["dim", "kl_nats", "feature", "low", "high", "change_in_deviations"]]
