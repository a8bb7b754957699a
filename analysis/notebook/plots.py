"""The report's figures, a method each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.presentation.nouns import in_words
from vae.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.presentation.section import Section
    from analysis.presentation.view import View


class Plots:
    """The figures of a sweep's report; each raises ResultsError where the report leaves it out, and says why.

    A method returns its figure, which a notebook shows. One that takes `ax` draws into those axes and returns them.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    def choice(self) -> Figure:
        """Draw by how much each trial falls short of the best, and which may be as good."""
        from analysis.choice.section import choice_sections

        return self._one(choice_sections(self._view), "choice")

    def plane(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw rate and distortion of the trials, and the frontier."""
        from analysis.plane.section import frontier_section

        figure = self._one([frontier_section(self._view, ax)])
        return figure if ax is None else ax

    def effects(self, parameter: str = "beta") -> Figure:
        """Draw the objectives, rate, distortion and active units against a hyperparameter."""
        from analysis.effects.section import effect_sections

        return self._one(effect_sections(self._view), f"effect_{parameter}")

    def objective_map(self) -> Figure:
        """Draw what the two hyperparameters that matter most reach together."""
        from analysis.effects.section import effect_sections

        return self._one(effect_sections(self._view), "objective_map")

    def intrinsic_dimension(self) -> Figure:
        """Draw the data's intrinsic dimension beside the active units of the trials."""
        from analysis.intrinsic_dimension.section import intrinsic_dimension_sections

        return self._one(intrinsic_dimension_sections(self._view))

    def kl(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw the KL of each latent dimension, a row a trial."""
        from analysis.kl.section import kl_sections

        figure = self._one(kl_sections(self._view, ax))
        return figure if ax is None else ax

    def learning(self) -> Figure:
        """Draw the learning curves of the first, the median and the last trial."""
        from analysis.training.section import training_sections

        return self._one(training_sections(self._view))

    def scores(self, parameter: str = "beta") -> Figure:
        """Draw each disentanglement score against a hyperparameter."""
        from analysis.scores.section import score_sections

        return self._one(score_sections(self._view), f"scores_{parameter}")

    def methods(self, name: str = "scores_by_loss") -> Figure:
        """Draw a comparison of losses and weights, by its name in `sweep.methods()`."""
        from analysis.methods.section import method_sections

        return self._one(method_sections(self._view), name)

    def coverage(self) -> Figure:
        """Draw how VAEs and autoencoders cover their priors; of a comparison."""
        from analysis.coverage.section import coverage_sections

        return self._one(coverage_sections(self._view))

    def importance(self) -> Figure:
        """Draw each hyperparameter's share of the objective's variance."""
        from analysis.importance.section import importance_sections

        return self._one(importance_sections(self._view))

    def latent_space(self) -> Figure:
        """Draw the codes of the first trial in two dimensions, by label or factor."""
        from analysis.latent_space.section import latent_space_sections

        return self._one(latent_space_sections(self._view), "code_map")

    def health(self) -> Figure:
        """Draw where the first trial's rate goes, and its importance-weighted bounds."""
        from analysis.health.section import health_sections

        return self._one(health_sections(self._view))

    def figure(self, name: str) -> Figure:
        """Draw any figure of the report, by the name of its file."""
        from analysis.report.contents import sections

        return self._one(sections(self._view), name)

    def _one(self, parts: Sequence[Section], name: str | None = None) -> Figure:
        """The figure of the section of that name; without one, of the first."""
        named = [part for part in parts if name in (None, part.slug)]
        # Where a whole analysis is left out, one section says so.
        found = named[0] if named else parts[0] if len(parts) == 1 else None
        if found is None:
            drawn = [part.slug for part in parts if part.figure is not None]
            raise ResultsError(f"this sweep has no figure {name!r}{', only ' * bool(drawn)}{', '.join(drawn)}")
        figure = (in_words(found, self._view.words) if self._view.sweep.is_table else found).figure
        if figure is None:
            raise ResultsError(f"this sweep has no figure of {found.title}: {found.left_out or 'it has a table alone'}")
        return figure
