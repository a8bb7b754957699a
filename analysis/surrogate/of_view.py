"""The surrogate of a column of a sweep's runs, for `View.once`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.surrogate.surrogate import Surrogate, surrogate

if TYPE_CHECKING:
    from analysis.presentation.view import View


def surrogate_of(view: View, column: str) -> Surrogate | None:
    """Return the surrogate of a column over what varies; None where nothing can be fitted."""
    return surrogate(view.vae_runs, column, view.varying)
