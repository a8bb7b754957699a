"""What a report says: builders that read a sweep; a new analysis is a builder and a line."""

from collections.abc import Callable

import pandas as pd

from analysis import figures, prose
from analysis.coverage.section import coverage_sections
from analysis.curves import kl_by_rank, learning_curves
from analysis.effects.effect import effect
from analysis.frames.sweep import Sweep, complete_runs, varies
from analysis.health.section import health_sections
from analysis.importance.shares import COLUMNS, FEWEST, importance
from analysis.pictures.section import picture_sections
from analysis.plane.frontier import frontier
from analysis.plane.section import plane_sections
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import colour_by
from analysis.presentation.words import number
from analysis.scores.section import correlation_section, information_section, score_effect_sections, scores_section
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.leaderboard import board
from analysis.statistics.states import failures, states
from analysis.summary.summary import sentences
from vae.columns import PARAMETERS, value_columns

SHOWN = 20
"""Rows of a long table that stand on the page; its CSV file holds all."""


def sections(sweep: Sweep) -> list[Section]:
    """Return the sections of a sweep's report, in the order of the page."""
    return [section for build in BUILDERS for section in build(sweep)]


def summary_section(sweep: Sweep) -> list[Section]:
    """Say in numbers what was swept, how far it came and what was best."""
    sentence = "\n\n".join(sentences(sweep))
    return [Section(title="Summary", slug="trials", sentence=sentence, table=sweep.trials)]


def effect_sections(sweep: Sweep) -> list[Section]:
    """Show rate, distortion and active units against each parameter that varies."""
    points = frontier(complete_runs(sweep))
    return [_effect_section(sweep, points, parameter) for parameter in ("beta", "latent_dim", "hidden_dim")]


def _effect_section(sweep: Sweep, points: pd.DataFrame, parameter: str) -> Section:
    title, slug = f"The effect of {prose.NAMES[parameter]}", f"effect_{parameter}"
    means = effect(complete_runs(sweep), parameter)
    if points.empty:
        return left_out(title, slug, means)
    if not varies(points[parameter]):
        value = number(points[parameter].iloc[0])
        return left_out(title, slug, means, f"every complete trial has {prose.NAMES[parameter]} {value}")
    colour = colour_by(points, without=parameter)
    sentence = prose.effect(means, parameter, colour if varies(points[colour]) else None)
    figure = figures.effects(means, points, parameter, colour)
    return Section(title=title, slug=slug, sentence=sentence, figure=figure, table=means)


def importance_section(sweep: Sweep) -> list[Section]:
    """Show which parameters move the objective."""
    ranked, title = board(sweep), "Hyperparameter importance"
    names = [name for name in PARAMETERS if not ranked.empty and varies(ranked[name])]
    values = value_columns(sweep.objectives)
    parts = [
        importance(ranked, value, names).assign(objective=objective.name)
        for value, objective in zip(values, sweep.objectives, strict=True)
        if len(ranked) >= FEWEST
    ]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["objective", *COLUMNS])
    if table.empty:
        why = f"it takes {FEWEST} complete trials and a parameter that varies; complete are {len(ranked)}"
        return [left_out(title, "importance", table, why)]
    table = table[["objective", *COLUMNS]].reset_index(drop=True)
    sentence, figure = prose.importance(table), figures.importance(table)
    return [Section(title=title, slug="importance", sentence=sentence, figure=figure, table=table, preview=table)]


def learning_section(sweep: Sweep) -> list[Section]:
    """Show whether training was long enough and where it overfits."""
    curves, title = learning_curves(board(sweep), sweep.runs, sweep.history), "Learning curves"
    if curves.empty:
        return [left_out(title, "learning", curves)]
    sentence = prose.learning(curves)
    figure = figures.learning(curves)
    return [Section(title=title, slug="learning", sentence=sentence, figure=figure, table=curves)]


def dimensions_section(sweep: Sweep) -> list[Section]:
    """Show how many dimensions carry the rate."""
    kl, title = kl_by_rank(complete_runs(sweep), sweep.dims), "KL per dimension"
    if kl.empty:
        return [left_out(title, "kl", kl)]
    order = colour_by(kl)
    sentence, figure = prose.kl_by_rank(order), figures.kl_heat_map(kl, order)
    return [Section(title=title, slug="kl", sentence=sentence, figure=figure, table=kl)]


def leaderboard_section(sweep: Sweep) -> list[Section]:
    """List the best trials."""
    table, title = board(sweep), "Leaderboard"
    if table.empty:
        return [left_out(title, "leaderboard", table)]
    measured = dict.fromkeys([*(objective.column for objective in sweep.objectives), *MEASURED])
    shown = ["trial", *PARAMETERS, *(c for m in measured for c in (m, m + SUFFIX)), "seconds"]
    preview = table[shown]
    sentence = prose.leaderboard(sweep.objectives)
    return [Section(title=title, slug="leaderboard", sentence=sentence, table=table, preview=preview)]


MEASURED = ("elbo_nats", "rate_nats", "distortion_nats", "active_units")
"""Columns of the leaderboard on the page, after those of the objectives; its table has all."""


def states_section(sweep: Sweep) -> list[Section]:
    """Count the trials in each state, and list the failed ones with their reasons."""
    counts, failed = states(sweep.trials), failures(sweep.trials)
    counted = Section(title="Trials by state", slug="states", sentence=prose.STATES, table=counts, preview=counts)
    if failed.empty:
        return [counted]
    sentence = prose.failures(len(failed), min(len(failed), SHOWN))
    preview = failed.head(SHOWN)
    return [
        counted,
        Section(title="Failures", slug="failures", sentence=sentence, table=failed, preview=preview),
    ]


def provenance_section(sweep: Sweep) -> list[Section]:
    """Say where the numbers come from and how to get them again."""
    table, command = prose.provenance(sweep), prose.command(sweep)
    sentence = "Settings, versions and machine of this sweep. This makes it again on the same kind of processor:"
    return [
        Section(title="Provenance", slug="provenance", sentence=sentence, table=table, preview=table, code=command),
        Section(title="Runs", slug="runs", sentence=prose.RUNS, table=sweep.runs),
    ]


BUILDERS: tuple[Callable[[Sweep], list[Section]], ...] = (
    summary_section,
    lambda sweep: plane_sections(sweep, board(sweep), complete_runs(sweep)),
    effect_sections,
    dimensions_section,
    lambda sweep: scores_section(sweep, board(sweep)),
    score_effect_sections,
    correlation_section,
    lambda sweep: information_section(sweep, board(sweep)),
    importance_section,
    learning_section,
    coverage_sections,
    picture_sections,
    health_sections,
    leaderboard_section,
    states_section,
    provenance_section,
)
