"""Hyperparameters whose values are names, where an axis or a forest needs numbers: each name has a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae.parameters import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd


def is_named(values: pd.Series) -> bool:
    """Whether a column is a hyperparameter of names."""
    parameter = PARAMETERS.get(str(values.name))
    return parameter is not None and parameter.kind == "name"


def levels(values: pd.Series) -> list[str]:
    """Return the names in a column: vaekit's own in the order of its table, then the user's by the alphabet."""
    known = PARAMETERS[str(values.name)].names
    return sorted(set(values), key=lambda name: (known.index(name) if name in known else len(known), name))


def places(values: pd.Series, among: pd.Series | None = None) -> pd.Series:
    """Return each name's place, from 0, among the levels of its column, or of the column `among`; numbers stay."""
    column = values if among is None else among
    if not is_named(column):
        return values
    return values.map({name: place for place, name in enumerate(levels(column))})
