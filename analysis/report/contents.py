"""What a report holds, in the order of the page: a new analysis is a folder and a line here."""

from collections.abc import Callable

from analysis.coverage.section import coverage_sections
from analysis.effects.section import effect_sections
from analysis.features.section import feature_sections
from analysis.health.section import health_sections
from analysis.importance.section import importance_sections
from analysis.kl.section import kl_sections
from analysis.pictures.section import picture_sections
from analysis.plane.section import plane_sections
from analysis.presentation.nouns import in_words
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.provenance.section import provenance_sections
from analysis.scores.section import score_sections
from analysis.summary.section import summary_sections
from analysis.training.section import training_sections
from analysis.trials.section import leaderboard_sections, state_sections

BUILDERS: tuple[Callable[[View], list[Section]], ...] = (
    summary_sections,
    plane_sections,
    effect_sections,
    kl_sections,
    score_sections,
    importance_sections,
    training_sections,
    coverage_sections,
    picture_sections,
    feature_sections,
    health_sections,
    leaderboard_sections,
    state_sections,
    provenance_sections,
)


def sections(view: View) -> list[Section]:
    """Return the sections of a sweep's report, in the words of its data."""
    made = [section for build in BUILDERS for section in build(view)]
    return [in_words(section, view.words) for section in made] if view.sweep.is_table else made
