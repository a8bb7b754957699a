"""What a report says of the hyperparameters' importance."""

import pandas as pd

from analysis.importance import figures
from analysis.importance.of_view import importance_of
from analysis.importance.shares import COLUMNS, EVALUATOR
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import number, percent, short_label
from analysis.surrogate.of_view import surrogate_of
from analysis.surrogate.surrogate import FEWEST, LEAST_EXPLAINED


def importance_sections(view: View) -> list[Section]:
    """Show which parameters move the objective."""
    title, table = "Hyperparameter importance", importances(view)
    if table.empty:
        why = (
            f"it needs {FEWEST} complete trials, a hyperparameter that varies, and an objective of which at least "
            f"{percent(LEAST_EXPLAINED)} can be foretold by it; {len(view.board)} are complete"
        )
        return [left_out(title, "importance", why)]
    sentence, figure = _sentence(table), figures.importance(table)
    return [Section(title=title, slug="importance", sentence=sentence, figure=figure, table=table, preview=table)]


def importances(view: View) -> pd.DataFrame:
    """Return one row an objective and parameter that varies; none where too little can be foretold."""
    found = [(objective, view.once(surrogate_of, objective.column)) for objective in view.sweep.objectives]
    parts = [
        view.once(importance_of, objective.column).assign(objective=objective.name)
        for objective, known in found
        if known and known.is_good
    ]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["objective", *COLUMNS])
    return table[["objective", *COLUMNS]].reset_index(drop=True)


def _sentence(table: pd.DataFrame) -> str:
    """How to read the importances, and which parameter leads."""
    first = table[table["objective"] == table["objective"].iloc[0]]
    top = first.loc[first["total"].idxmax()]
    return (
        f"{short_label(top['parameter']).capitalize()} matters most for {top['objective']}: it explains a share of "
        f"{number(top['total'], 2)} ({number(top['total_low'], 2)} to {number(top['total_high'], 2)}) of the variance "
        f"between trials. Shares are estimated by {EVALUATOR}, the one of the effects above, for each hyperparameter "
        "alone (main) and with its interactions (total). Bars are medians over functions drawn from it, given the "
        f"{top['trials']} trials, whiskers their middle 95 %. They depend on the ranges that were searched."
    )
