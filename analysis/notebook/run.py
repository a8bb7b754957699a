"""One trained run as a notebook has it: with its pictures, and a look at it that says what it is."""

from __future__ import annotations

from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING

from analysis.frames.run import Run as PlainRun
from analysis.notebook.html import strip
from analysis.presentation.words import nats, setting
from analysis.statistics.selection import parameters_of
from vae.errors import ConfigError, VaekitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from analysis.pictures.pictures import Picture
    from analysis.pictures.selection import Shown


class Run(PlainRun):
    """A run of a sweep: its network, posterior and decoder, as functions over arrays, and its pictures in `plot`."""

    @cached_property
    def plot(self) -> Pictures:
        """The run's pictures, a method each."""
        return Pictures(self)

    @property
    def caption(self) -> str:
        """The run's model, parameters and place in the plane, in words."""
        row = self.row
        point = setting(row.to_dict(), parameters_of(row.to_frame().T))
        if row["state"] != "COMPLETE":
            return f"{row['model']}, {point}: {row['state']}"
        measured = [("R", "rate_nats"), ("D", "distortion_nats"), ("ELBO", "elbo_nats")]
        return f"{row['model']}, {point}: {', '.join(f'{name} {nats(row[column])}' for name, column in measured)} nats"

    def __repr__(self) -> str:
        try:
            return f"<Run {self.number} of {str(self.sweep.path)!r}: {self.caption}>"
        except VaekitError:  # a folder that can no longer be read has its own errors, when it is asked for something
            return super().__repr__()

    def _repr_html_(self) -> str:
        return f"<p><b>Run {self.number}</b> · {escape(self.caption)}</p>{strip(self)}"


class Pictures:
    """The pictures of a run, as its report draws them; each method returns its figure, which a notebook shows."""

    def __init__(self, run: PlainRun) -> None:
        self._run = run

    def reconstructions(self, images: Sequence[int] | None = None) -> Figure:
        """Draw test images, and below them their reconstructions; `images` are places in the test split."""
        from analysis.pictures.pictures import reconstructions

        return self._of(lambda shown, _: reconstructions(shown), images)

    def samples(self) -> Figure:
        """Draw decoded draws of the prior N(0, I), not selected."""
        from analysis.pictures.pictures import samples

        return self._of(samples)

    def traversal(self, image: int | None = None, dims: Sequence[int] | None = None) -> Figure:
        """Draw an image's code with one dimension changed at a time, a row each; `image` is a place in the test split.

        Without `dims`, the dimensions of the largest KL.
        """
        from analysis.pictures.pictures import traversals

        return self._of(partial(traversals, dims=dims), None if image is None else [image])

    def interpolation(self, first: int = 0, last: int = 1) -> Figure:
        """Draw decoded codes between those of two test images, on a line and on an arc."""
        from analysis.pictures.pictures import interpolations

        return self._of(interpolations, [first, last])

    def perturbation(self, image: int | None = None) -> Figure:
        """Draw decoded codes at growing distance from an image's code."""
        from analysis.pictures.pictures import perturbations

        return self._of(perturbations, None if image is None else [image])

    def _of(self, draw: Callable[[Shown, str], Picture], images: Sequence[int] | None = None) -> Figure:
        from analysis.pictures.section import drawn
        from analysis.pictures.selection import shown_run

        if self._run.sweep.is_table:
            raise ConfigError("pictures of a run need images, and this sweep's samples are rows of a table")
        shown = shown_run(self._run, images)
        (role,) = shown.runs
        return drawn(shown, [draw(shown, role)])
