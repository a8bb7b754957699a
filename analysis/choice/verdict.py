"""Which trial to take, in words, what it gives up, and how sure that is."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Any

from analysis.choice.choice import choice
from analysis.choice.choose import Choice
from analysis.choice.noise import DOUBT
from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, listed, nats, number, setting
from analysis.scores.floors import objective_tells_nothing
from analysis.statistics.intervals import SUFFIX

MOST_NAMED = 8
"""Trials that a sentence lists."""
LEAST_NATS = 0.01
"""That a difference is said of: less is rounding to who reads."""


def verdict(view: View) -> str:
    """Say which trial to take, or why none can be told from another, in one paragraph."""
    found = choice(view)
    if found.verdict == "none":
        return "No trial is complete, so nothing is ranked and the figures are left out."
    return " ".join(_several(view, found) if found.verdict == "several" else _one(view, found))


def _one(view: View, found: Choice) -> Iterator[str]:
    """By one objective."""
    said = _undecided(view, found) if found.verdict == "undecided" else f"Take {_standing(view, found)}"
    is_settled = view.still_improving.is_settled
    yield said if is_settled else f"For now, as runs were still improving: {said[0].lower()}{said[1:]}"
    yield from filter(None, [_simpler(view, found), _luck(found)])
    test = _score(_row(view, found.recommended), "elbo_nats")
    yield f"On the test split, which took no part in this, trial {found.recommended} has {test}."


def _several(view: View, found: Choice) -> Iterator[str]:
    names, front = listed([objective.name for objective in view.sweep.objectives]), list(found.pareto)
    yield (
        f"By several objectives ({names}) no trial is best. {counted(len(front), 'trial')} of {len(view.board)} "
        f"{'is' if len(front) == 1 else 'are'} dominated by no other: {named(front)}."
    )
    if found.recommended is None:
        if len(front) > 1:
            yield "Their front has no knee: which to take depends on what a nat of each is worth to you."
        return
    point = setting(_row(view, found.recommended), view.parameters)
    yield (
        f"Their front has its knee at trial {found.recommended} with {point}: from there, a little more of one "
        "objective costs much of another. That is of the means over seeds, without their noise."
    )


def _undecided(view: View, found: Choice) -> str:
    first = f"First in the leaderboard is {_reached(view, found, found.best)}."
    if nothing := objective_tells_nothing(view.sweep):
        return f"Undecided: {nothing[0].lower()}{nothing[1:]} {first}"
    if isnan(found.noise):
        return f"Undecided: with one seed nobody knows a better trial from a luckier one. {first}"
    if found.p_value < DOUBT:
        return f"Undecided: the trials differ, but none can be told from the first. {first}"
    return (
        f"Undecided: the {len(found.candidates)} trials differ no more than their seeds do, so none can be told from "
        f"another (F test, p = {number(found.p_value, 2)}; noise of one seed {_amount(found, found.noise)}). {first}"
    )


def _standing(view: View, found: Choice) -> str:
    """The recommended trial, and how it stands to the others."""
    taken, allowed = _reached(view, found, found.recommended), len(found.candidates) - 1
    if not allowed:
        return f"{taken}. It is the only complete trial."
    together = f"(95 %, {counted(allowed, 'comparison')} allowed for)"
    if found.verdict == "decided":
        second = found.candidates.iloc[1]
        lead = interval(second["shortfall"], second["shortfall" + SUFFIX]) + _unit(found)
        return f"{taken}. It is best: it leads trial {second['trial']:.0f}, the next, by {lead} {together}."
    others = [trial for trial in found.not_worse if trial != found.recommended]
    ties = f"{counted(len(others), 'other')} ({named(others)}; {together[1:]}"
    if found.recommended == found.best:
        return f"{taken}. Its mean is the best, but it cannot be told from {ties}."
    given_up = interval(found.gives_up, found.gives_up_half_width) + _unit(found)
    return (
        f"{taken}. It is the simplest of those that are as good as the first, trial {found.best}, against which it "
        f"gives up {given_up}; it cannot be told from {ties}."
    )


def _simpler(view: View, found: Choice) -> str:
    """A simpler trial, of which too little is known to recommend it."""
    if found.verdict == "decided" or found.simplest in (found.recommended, None) or isnan(found.noise):
        return ""
    row = found.candidates[found.candidates["trial"] == found.simplest].iloc[0]
    most = _amount(found, float(row["shortfall"] + row["shortfall" + SUFFIX]))
    point = setting(_row(view, found.simplest), view.varying)
    return f"The simplest of them, trial {found.simplest} ({point}), may be as good, or worse by up to {most}."


def _luck(found: Choice) -> str:
    if not found.luck > (LEAST_NATS if _unit(found) else 0):
        return ""
    return (
        f"The first of many is also the luckiest: with new seeds, expect trial {found.best} to be about "
        f"{_amount(found, found.luck)} worse."
    )


def _reached(view: View, found: Choice, trial: int | None) -> str:
    row, seeds = _row(view, trial), int(_row(view, trial)["n"])
    over = f"mean over {seeds} seeds, ± a 95 % interval" if seeds > 1 else "one seed, so no interval"
    return f"trial {trial} with {setting(row, view.parameters)}: {_score(row, found.objective)} ({over})"


def _row(view: View, trial: int | None) -> dict[Any, Any]:
    return view.board[view.board["trial"] == trial].to_dict(orient="records")[0]


def named(trials: list[int]) -> str:
    """Return `trial 3`, `trials 3, 5 and 7`, or the first of many and how many more."""
    shown, more = [str(trial) for trial in trials[:MOST_NAMED]], len(trials) - MOST_NAMED
    return f"trial{'s' if len(trials) > 1 else ''} {listed([*shown, *([f'{more} more'] if more > 0 else [])])}"


def _amount(found: Choice, value: float) -> str:
    return f"{nats(value)} nats" if _unit(found) else number(value, 2)


def _unit(found: Choice) -> str:
    return " nats" if found.objective.endswith("_nats") else ""


def _score(row: Mapping[str, Any], column: str) -> str:
    words = column.removesuffix("_nats").replace("_", " ").replace("elbo", "ELBO")
    unit = " nats per image" if column.endswith("_nats") else ""
    return f"{words} {interval(row[column], row[column + SUFFIX])}{unit}"
