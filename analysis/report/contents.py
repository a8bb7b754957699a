"""What a report holds, in the order of the page: a new analysis is a folder, and its builder in a chapter here."""

from analysis.choice.section import choice_sections
from analysis.coverage.section import coverage_sections
from analysis.effects.section import effect_sections, profile_sections
from analysis.features.section import feature_sections
from analysis.health.section import flag_sections, health_sections
from analysis.importance.section import importance_sections
from analysis.intrinsic_dimension.section import intrinsic_dimension_sections
from analysis.kl.section import kl_sections
from analysis.latent_space.section import latent_space_sections
from analysis.methods.section import method_sections
from analysis.pictures.section import glance_sections, perturbation_sections, picture_sections
from analysis.plane.section import plane_sections, slope_sections
from analysis.presentation.section import Section
from analysis.presentation.view import View
from analysis.provenance.section import methods_sections, provenance_sections, run_sections
from analysis.references.section import references_sections
from analysis.report.chapters import Chapter
from analysis.scores.section import further_score_sections, score_sections
from analysis.summary.section import summary_sections
from analysis.training.section import training_sections
from analysis.trials.section import leaderboard_sections, state_sections
from analysis.trust.section import trust_sections

ANSWER = Chapter(
    title="Answer",
    slug="answer",
    builders=(
        trust_sections,
        choice_sections,
        plane_sections,
        profile_sections,
        glance_sections,
        summary_sections,
        methods_sections,
    ),
)
AUTOENCODER = Chapter(title="VAE and autoencoder", slug="autoencoder", builders=(coverage_sections,))
"""Second where autoencoders were trained beside the VAEs: the sweep then asks for it."""
CHAPTERS = (
    ANSWER,
    Chapter(title="Explorer", slug="explorer", builders=(leaderboard_sections,)),
    Chapter(
        title="Parameters",
        slug="parameters",
        builders=(effect_sections, kl_sections, intrinsic_dimension_sections),
    ),
    Chapter(title="What it makes", slug="makes", builders=(picture_sections, feature_sections)),
    Chapter(title="Latent space", slug="latent_space", builders=(latent_space_sections,)),
    Chapter(title="Disentanglement", slug="disentanglement", builders=(score_sections, method_sections)),
    AUTOENCODER,
    Chapter(title="Training", slug="training", builders=(training_sections, flag_sections)),
    Chapter(
        title="Details",
        slug="details",
        builders=(
            importance_sections,
            health_sections,
            slope_sections,
            perturbation_sections,
            further_score_sections,
            state_sections,
        ),
        is_folded=True,
    ),
    Chapter(
        title="Reproduce",
        slug="reproduce",
        builders=(provenance_sections, references_sections, run_sections),
        is_folded=True,
    ),
)


def chapters(view: View) -> list[Chapter]:
    """Return the chapters of a sweep's report with their sections, in the order of the page."""
    ordered = [*CHAPTERS]
    if view.is_comparison:
        ordered.remove(AUTOENCODER)
        ordered.insert(1, AUTOENCODER)
    return [chapter.filled(view) for chapter in ordered]


def sections(view: View) -> list[Section]:
    """Return all sections of a sweep's report, those that are left out too."""
    return [section for chapter in chapters(view) for section in chapter.sections]
