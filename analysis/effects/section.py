"""What a report says of each parameter's effect."""

from collections.abc import Sequence

import pandas as pd

from analysis.effects import figures
from analysis.effects.effects import Effects, is_full_grid
from analysis.effects.pair import best_of_pairs
from analysis.effects.sentences import reading, sentence
from analysis.importance.of_view import importance_of
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.view import View
from analysis.presentation.words import cell, label, listed, number, percent, short_label
from analysis.statistics.intervals import trial_means
from analysis.statistics.losses import differs_by_loss
from analysis.statistics.selection import beta_first, varies
from analysis.surrogate.of_view import surrogate_of

QUANTITIES = ("rate_nats", "distortion_nats", "active_units")
"""Drawn after the objectives."""
MAP = "What the two that matter most reach"
TRUST = "How far the effects can be trusted"


def effect_sections(view: View) -> list[Section]:
    """Show what each parameter does to the objectives, rate, distortion and active units; beta first.

    Then the map of the two that matter most, and what a surrogate foretells of trials that it has not seen.
    """
    if view.vae_runs.empty:
        return [left_out(f"The effect of {short_label(name)}", f"effect_{name}") for name in view.parameters]
    found = view.once(_effects)
    each = [_section(view, found, name) for name in beta_first(view.parameters)]
    return [*each, _map_section(view, found), _trust_section(found)]


def profile_sections(view: View) -> list[Section]:
    """Show what the parameter that matters most does to the objective and what stands next to it, mostly the rate."""
    if not view.varying or view.vae_runs.empty:
        return []
    found = view.once(_effects)
    parameter = _first_parameter(view, found)
    columns = quantities(view)[:2]
    points, means = trial_means(view.runs, columns), found.of(parameter)
    colour = colour_by(points, without=parameter)
    notes = {column: _note(found, column) for column in columns}
    return [
        Section(
            title=f"What {short_label(parameter)} does",
            slug="profile",
            sentence=sentence(found, means, parameter),
            reading=reading(found, means, parameter, colour if varies(points[colour]) else None),
            figure=figures.effects(means, points, parameter, colour, notes),
        )
    ]


def _first_parameter(view: View, found: Effects) -> str:
    """The parameter that matters most for the objective; the first where that is not foretold."""
    if found.of_objective is None or len(view.varying) < 2:
        return beta_first(view.varying)[0]
    shares = view.once(importance_of, found.objective.column)
    return str(shares.sort_values("total", ascending=False, kind="stable")["parameter"].iloc[0])


def quantities(view: View) -> list[str]:
    """What is drawn of each effect: columns of the runs."""
    columns = [objective.column for objective in view.sweep.objectives]
    return [*columns, *(name for name in QUANTITIES if f"validation_{name}" not in columns)]


def _effects(view: View) -> Effects:
    return effects_of(view, quantities(view))


def effects_of(view: View, columns: Sequence[str]) -> Effects:
    """Return the effects of what varies on some columns of a sweep's runs."""
    surrogates = {column: view.once(surrogate_of, column) for column in columns}
    is_grid = is_full_grid(view.own_runs, view.varying)
    return Effects(view.own_runs, view.varying, view.sweep.objectives[0], surrogates, is_grid)


def _section(view: View, found: Effects, parameter: str) -> Section:
    words = short_label(parameter)
    title, slug = f"The effect of {words}", f"effect_{parameter}"
    columns = tuple(found.surrogates)
    points, means = trial_means(view.runs, columns), pd.DataFrame()
    if parameter not in view.varying:
        value = cell(parameter, points[parameter].iloc[0])
        return left_out(title, slug, f"every complete trial has {words} {value}")
    if differs_by_loss(parameter, view.varying):
        return left_out(title, slug, f"losses weigh other things by {words}: it is shown by loss")
    means, colour = found.of(parameter), colour_by(points, without=parameter)
    notes = {column: _note(found, column) for column in columns}
    figure = figures.effects(means, points, parameter, colour, notes)
    return Section(
        title=title,
        slug=slug,
        sentence=sentence(found, means, parameter),
        reading=reading(found, means, parameter, colour if varies(points[colour]) else None),
        figure=figure,
        table=means if len(means) else points,
    )


def _note(found: Effects, column: str) -> str:
    """What stands above a panel: how well a trial is foretold, or why there are dots alone."""
    if found.is_grid:
        return ""
    if why := found.why_not(column):
        return f"dots alone: {why}"
    known = found.shown[column]
    return f"a trial left out: ± {number(known.error, 2)}; {percent(known.explained)} foretold"


def _map_section(view: View, found: Effects) -> Section:
    slug, known = "objective_map", found.of_objective
    if len(view.varying) < 2:
        return left_out(MAP, slug, "fewer than two hyperparameters vary")
    if known is None:
        return left_out(MAP, slug, f"what a trial reaches is not foretold ({found.why_objective})")
    shares = view.once(importance_of, found.objective.column).sort_values("total", ascending=False, kind="stable")
    first, second = sorted(shares["parameter"].head(2), key=view.varying.index)
    objective = view.sweep.objectives[0]
    table = best_of_pairs(known, first, second, is_less_better=objective.ascending)
    figure = figures.objective_map(table, known.trials, first, second, label(objective.column))
    best = table.iloc[int(table["best"].argmin() if objective.ascending else table["best"].argmax())]
    reached = f"{cell(objective.column, float(best['best']))} ± {number(float(best['half_width']), 2)}"
    place = f"{short_label(first)} {cell(first, best[first])} and {short_label(second)} {cell(second, best[second])}"
    told = (
        f"{short_label(first).capitalize()} and {short_label(second)} matter most. The foretold best "
        f"{short_label(objective.column)} is {reached} at {place}."
    )
    read = (
        "At each pair of values the other hyperparameters are as is best there, of the trials' own settings. Dots are "
        "trials; far from them the interval, at the right, is wide."
    )
    return Section(title=MAP, slug=slug, sentence=told, reading=read, figure=figure, table=table)


def _trust_section(found: Effects) -> Section:
    slug = "surrogate"
    if found.is_grid:
        return left_out(TRUST, slug, "a grid has plain means")
    if found.trust.empty:
        return left_out(TRUST, slug, found.why_objective)
    table = found.trust
    shown = [short_label(name) for name in table.loc[table["is_shown"], "quantity"]]
    told = "Between trials, effects are those of a Gaussian process over the hyperparameters. "
    told += (
        f"It foretells {listed(shown)} well enough to be drawn." if shown else "It foretells too little to be drawn."
    )
    read = (
        "Each trial is left out once: error is the root mean square of what is foretold of it less what it measured, "
        "noise what other seeds would change of a trial's mean, spread the standard deviation of the trials, all in "
        "the quantity's unit; explained is the share of the variance between trials that is foretold. Below half of "
        "it dots stand alone."
    )
    return Section(title=TRUST, slug=slug, sentence=told, reading=read, table=table, preview=table)
