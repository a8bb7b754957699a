"""What a test need not draw: half of a report's time is its figures' second kind of file."""

import pytest
from matplotlib.figure import Figure

from analysis.presentation import style


def draw_only(patch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Let reports draw figures in these kinds alone; a file of another kind is there and holds its kind's name.

    The tests of what a figure's files hold draw both.
    """

    def saved(figure: Figure, kind: str) -> bytes:
        return style.saved(figure, kind) if kind in kinds else kind.encode()

    patch.setattr("analysis.report.write.saved", saved)
