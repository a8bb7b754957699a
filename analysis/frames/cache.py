"""Tables that an analysis keeps in a sweep's `analysis/`, each row with a hash of the code that computed it.

What is read of them is checked, since a folder travels; what other code computed counts as none and is computed anew.
"""

import functools
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from vae.errors import ResultsError
from vae.files.results import write_whole
from vae.parameters import PARAMETERS

ROOT = Path(__file__).parents[2]
CODE = "code"
"""The column of the hash."""
NETWORKS = ("analysis.frames.run", "vae.losses", "vae.model", "vae.networks")
"""The code that makes codes and images of a run's weights."""
NAMED = tuple(name for name, parameter in PARAMETERS.items() if parameter.kind == "name")
"""Hyperparameters whose values are texts."""
SHOWN = ("figures.py", "section.py")
"""Files of an analysis that compute no number."""


@dataclass(frozen=True, kw_only=True)
class Cache:
    """One table of an analysis, as a CSV file."""

    path: Path
    code: tuple[str, ...]
    """Modules and packages whose change makes the kept rows worthless."""
    columns: tuple[str, ...] = ()
    """Those that must be there, beside `run`."""
    texts: Collection[str] = ()
    """Columns that do not hold numbers."""

    def read(self) -> pd.DataFrame:
        """Return the kept rows of this code, or an empty table with the columns.

        Raises ResultsError unless the columns are there, `run` holds whole numbers, and all but `texts` hold numbers.
        """
        nothing = pd.DataFrame(columns=list(self.columns or ("run",)))
        if not self.path.exists():
            return nothing
        try:
            table: pd.DataFrame = pd.read_csv(self.path)
        except (ValueError, OSError, OverflowError, MemoryError) as error:
            raise self._damaged(" ".join(str(error).split())[:200]) from None
        if CODE not in table or not (table[CODE] == code_hash(*self.code)).all():
            return nothing
        table = table.drop(columns=CODE)
        self._check(table)
        return table

    def write(self, table: pd.DataFrame) -> None:
        """Keep a table, in one step."""
        marked = table.assign(**{CODE: code_hash(*self.code)})
        write_whole(self.path, marked.to_csv(index=False).encode())

    def _check(self, table: pd.DataFrame) -> None:
        for name in ("run", *self.columns):
            if name not in table:
                raise self._damaged(f"no column {name}")
        if len(table) and not is_integer_dtype(table["run"]):
            raise self._damaged("runs that are no whole numbers")
        for name in table.columns.difference([*self.texts, *NAMED]):
            if not is_numeric_dtype(table[name]):
                raise self._damaged(f"no numbers in {str(name)[:80]!r}")

    def _damaged(self, what: str) -> ResultsError:
        return ResultsError(f"the kept analysis '{self.path}' is damaged ({what}): delete it")


@functools.cache
def code_hash(*names: str) -> str:
    """Return a hash of the sources of some modules and packages: a version kept by hand would be forgotten once."""
    digest = hashlib.sha256()
    for path in [path for name in names for path in _sources(name)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources(name: str) -> list[Path]:
    place = ROOT.joinpath(*name.split("."))
    if place.is_dir():
        return sorted(path for path in place.rglob("*.py") if path.name not in SHOWN)
    return [place.with_suffix(".py")]
