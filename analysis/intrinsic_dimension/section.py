"""What a report says of how many dimensions the data have."""

import pandas as pd

from analysis.effects.section import effects_of
from analysis.intrinsic_dimension import figures
from analysis.intrinsic_dimension.of_data import in_words, of_sweep
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import cell, counted, short_label
from analysis.statistics.intervals import trial_means
from vae.errors import VaekitError

TITLE, SLUG = "How many dimensions the data have", "intrinsic_dimension"
UNITS = "active_units"
READING = (
    "Two-NN reads the ratio of the distances to the two nearest neighbours, maximum likelihood those to twenty; the "
    "first sees a finer scale and more of the noise. Spans are 95 % intervals over the samples. Latent dimensions far "
    "beyond the data's seldom help; fewer can be enough, where the likelihood takes fine detail for noise."
)


def intrinsic_dimension_sections(view: View) -> list[Section]:
    """Show the intrinsic dimension of the train data beside the active units that the trials have."""
    if view.vae_runs.empty:
        return [left_out(TITLE, SLUG)]
    try:
        table = of_sweep(view.sweep)
    except VaekitError as error:
        return [left_out(TITLE, SLUG, str(error))]
    if table.empty:
        return [left_out(TITLE, SLUG, "too few train images differ")]
    sentence = f"The train images have an intrinsic dimension of {in_words(table)}. {_used(view)}"
    if "latent_dim" not in view.varying:
        return [Section(title=TITLE, slug=SLUG, sentence=sentence, reading=READING, table=table, preview=table)]
    points = trial_means(view.runs, [UNITS])
    colour = colour_by(points, without="latent_dim")
    plateau = _plateau(view)
    figure = figures.dimensions(table, points, plateau, colour)
    curve = "The dark curve has them where the objective is at its best at that size. " if len(plateau) else ""
    reading = f"Dots are trials, coloured by {short_label(colour)}. {curve}{READING}"
    return [Section(title=TITLE, slug=SLUG, sentence=sentence, reading=reading, figure=figure, table=table)]


def _used(view: View) -> str:
    """What the first trial makes of its latent dimensions."""
    first = view.board.iloc[0]
    units = cell(UNITS, float(first[UNITS]))
    return f"The first trial has {units} active of {counted(int(first['latent_dim']), 'latent dimension')}."


def _plateau(view: View) -> pd.DataFrame:
    """Active units where the objective is at its best; empty where that is not known, or of a grid."""
    found = effects_of(view, [view.sweep.objectives[0].column, UNITS])
    if found.is_grid or found.of_objective is None or UNITS not in found.shown:
        return pd.DataFrame()
    curves = found.of("latent_dim")
    return curves[curves["quantity"] == UNITS]
