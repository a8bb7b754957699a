"""Which trial is best, in words, and whether that can be told."""

from collections.abc import Mapping
from typing import Any

from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, listed, setting
from analysis.statistics.intervals import SUFFIX

MOST_NAMED = 8
"""Trials that a sentence lists."""


def verdict(view: View) -> str:
    """Say which trial is best, or why none can be called so."""
    board, objectives = view.board, view.sweep.objectives
    if board.empty:
        return "No trial is complete, so nothing is ranked and the figures are left out."
    if len(objectives) > 1:
        front, names = view.pareto, listed([objective.name for objective in objectives])
        return (
            f"By several objectives ({names}) no trial is best. {counted(len(front), 'trial')} of {len(board)} "
            f"{'is' if len(front) == 1 else 'are'} dominated by no other: {named(front)}."
        )
    first = {str(name): value for name, value in board.head(1).to_dict(orient="records")[0].items()}
    seeds = int(first["n"])
    over = f"mean over {seeds} seeds, ± a 95 % interval" if seeds > 1 else "one seed, so no interval"
    reached = f"trial {first['trial']} with {setting(first, view.parameters)}: {_score(first, objectives[0].column)}"
    test = _score(first, "elbo_nats").replace("ELBO", "ELBO on the test split, which took no part in this:")
    return f"{_standing(view, seeds)} {reached} ({over}).{_lead(view)} Its {test}."


def _standing(view: View, seeds: int) -> str:
    """How the sentence begins that names the first trial."""
    if len(view.board) == 1:
        return "The only complete trial is"
    if view.is_sure:
        return "Best is"
    if view.tied:
        others = f"{counted(len(view.tied), 'other')} ({named(view.tied)})"
        why = f"over {seeds} seeds" if seeds > 1 else "with one seed (--seeds 3 tells more)"
        return f"The best trial cannot be told from {others} {why}. First in the leaderboard is"
    return "None can be called best, for runs were still improving. First in the leaderboard is"


def _lead(view: View) -> str:
    if not view.is_sure or view.lead.empty:
        return ""
    second = view.lead.iloc[0]
    unit = " nats" if view.sweep.objectives[0].column.endswith("_nats") else ""
    return (
        f" It leads trial {second['trial']:.0f} by {interval(second['lead'], second['lead' + SUFFIX])}{unit}, in "
        f"differences of equal seeds; the interval allows for {counted(len(view.lead), 'comparison')}."
    )


def named(trials: list[int]) -> str:
    """Return `trial 3`, `trials 3, 5 and 7`, or the first of many and how many more."""
    shown, more = [str(trial) for trial in trials[:MOST_NAMED]], len(trials) - MOST_NAMED
    return f"trial{'s' if len(trials) > 1 else ''} {listed([*shown, *([f'{more} more'] if more > 0 else [])])}"


def _score(row: Mapping[str, Any], column: str) -> str:
    words = column.removesuffix("_nats").replace("_", " ").replace("elbo", "ELBO")
    unit = " nats per image" if column.endswith("_nats") else ""
    return f"{words} {interval(row[column], row[column + SUFFIX])}{unit}"
