"""What a report says of each parameter's effect."""

import pandas as pd

from analysis.effects import figures
from analysis.effects.effect import QUANTITIES, effect
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import cell, listed, nats, short_label
from analysis.statistics.intervals import trial_means
from analysis.statistics.names import is_named
from analysis.statistics.selection import beta_first, varies


def effect_sections(view: View) -> list[Section]:
    """Show rate, distortion, ELBO and active units against each parameter, beta first."""
    return [_section(view, parameter) for parameter in beta_first(view.parameters)]


def _section(view: View, parameter: str) -> Section:
    words = short_label(parameter)
    title, slug = f"The effect of {words}", f"effect_{parameter}"
    points, means = trial_means(view.runs, QUANTITIES), effect(view.own_runs, parameter)
    if points.empty:
        return left_out(title, slug)
    if parameter not in view.varying:
        value = cell(parameter, points[parameter].iloc[0])
        return left_out(title, slug, f"every complete trial has {words} {value}")
    colour = colour_by(points, without=parameter)
    sentence = _sentence(means, parameter, colour if varies(points[colour]) else None)
    figure = figures.effects(means, points, parameter, colour)
    return Section(title=title, slug=slug, sentence=sentence, figure=figure, table=means)


def _sentence(means: pd.DataFrame, parameter: str, colour: str | None) -> str:
    """How to read a parameter's effect, and how far its means moved."""
    rates = means[means["quantity"] == "rate_nats"]
    if is_named(rates["value"].rename(parameter)):
        return _sentence_of_names(rates, colour)
    first, last = rates.iloc[0], rates.iloc[-1]
    low, high = (cell(parameter, end["value"]) for end in (first, last))
    binned = bool((rates["lowest"] < rates["highest"]).any())
    places = f"each of {len(rates)} bins of about equal size" if binned else "each column"
    band = ", with a 95 % interval over seeds" if int(first["n"]) > 1 else ""
    dots = f" Dots are trials, coloured by {short_label(colour)}." if colour else " Dots are trials."
    return (
        f"From {short_label(parameter)} {low} to {high}, the mean rate goes from {nats(first['mean'])} to "
        f"{nats(last['mean'])} nats per image. The dark line is the mean over the trials in {places}{band}; the other "
        f"hyperparameters vary from trial to trial.{dots}"
    )


def _sentence_of_names(rates: pd.DataFrame, colour: str | None) -> str:
    """The same for a parameter of names, between which nothing lies."""
    each = listed([f"{nats(mean)} with {name}" for name, mean in zip(rates["value"], rates["mean"], strict=True)])
    whiskers = ", whiskers 95 % intervals over seeds" if int(rates["n"].iloc[0]) > 1 else ""
    dots = f"Small dots are trials, coloured by {short_label(colour)}." if colour else "Small dots are trials."
    return (
        f"The mean rate in nats per image is {each}. Dark marks are means over the trials of a column{whiskers}; the "
        f"other hyperparameters vary from trial to trial. {dots}"
    )
