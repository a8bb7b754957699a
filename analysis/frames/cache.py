"""Tables that an analysis keeps in a sweep's `analysis/`: what is read of them is checked, since a folder travels."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from vae.errors import ResultsError


def read_cached(path: Path, columns: Collection[str] = (), texts: Collection[str] = ()) -> pd.DataFrame:
    """Return a cached table, or an empty one with the `columns` where there is none.

    Raises ResultsError unless these columns are there, `run` holds whole numbers, and all but the `texts` hold numbers.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    try:
        table: pd.DataFrame = pd.read_csv(path)
    except (ValueError, OSError, OverflowError, MemoryError) as error:
        raise _damaged(path, " ".join(str(error).split())[:200]) from None
    for name in ("run", *columns):
        if name not in table:
            raise _damaged(path, f"no column {name}")
    if len(table) and not is_integer_dtype(table["run"]):
        raise _damaged(path, "runs that are no whole numbers")
    for name in table.columns.difference(list(texts)):
        if not is_numeric_dtype(table[name]):
            raise _damaged(path, f"no numbers in {str(name)[:80]!r}")
    return table


def _damaged(path: Path, what: str) -> ResultsError:
    return ResultsError(f"a kept analysis must be a whole table (a damaged one can be deleted), got {what} in '{path}'")
