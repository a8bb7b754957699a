"""The importances for a column of a sweep's runs, for `View.once`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.importance.shares import COLUMNS, importance
from analysis.surrogate.of_view import surrogate_of

if TYPE_CHECKING:
    from analysis.presentation.view import View


def importance_of(view: View, column: str) -> pd.DataFrame:
    """Return `importance` for a column; no row where it has no surrogate."""
    known = view.once(surrogate_of, column)
    return pd.DataFrame(columns=list(COLUMNS)) if known is None else importance(known)
