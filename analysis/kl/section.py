"""What a report says of the KL of each latent dimension."""

from matplotlib.axes import Axes

from analysis.kl import figures
from analysis.kl.by_rank import kl_by_rank
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import short_label
from analysis.statistics.names import is_named


def kl_sections(view: View, into: Axes | None = None) -> list[Section]:
    """Show how many dimensions carry the rate, in a figure of its own or in a panel of another."""
    kl, title = kl_by_rank(view.runs, view.sweep.dims), "KL per dimension"
    if kl.empty:
        return [left_out(title, "kl")]
    order = colour_by(kl)
    figure = figures.kl_heat_map(kl, order, into)
    reading, sentence = _reading(order, is_named(kl[order])), "How many dimensions carry the rate, in each trial."
    return [Section(title=title, slug="kl", sentence=sentence, reading=reading, figure=figure, table=kl)]


def _reading(order: str, of_names: bool) -> str:
    sorted_by = f"sorted by {short_label(order)}" if of_names else f"the smallest {short_label(order)} at the top"
    return (
        f"Each row is a trial, {sorted_by}, with its dimensions sorted by KL: bright "
        "ones carry the rate, dark ones have collapsed to the prior, and cells are blank beyond its latent dimensions. "
        "Values are means over seeds on the test split."
    )
