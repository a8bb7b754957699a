"""The checks that come before an answer: did training suffice, seeds, ranges, scores."""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

from analysis.choice.choice import choice
from analysis.choice.choose import Choice
from analysis.metrics import ScoreWarning
from analysis.presentation.view import View
from analysis.presentation.words import cell, counted, listed, nats, short_label
from analysis.scores.floors import objective_tells_nothing
from analysis.scores.tables import trial_scores
from analysis.statistics.names import is_named
from analysis.statistics.states import is_complete, states

SEEDS = 3
"""Fewer tell nothing, or little, of noise."""


class Check(NamedTuple):
    """One check."""

    question: str
    is_passed: bool
    finding: str
    """In plain text."""


def checks(view: View) -> list[Check]:
    """Return the checks that apply to a sweep, in the order in which to worry about them."""
    asked = (_complete, _trained, _seeds, _told, _within, _above_floors)
    return [check for ask in asked for check in ask(view)]


def _complete(view: View) -> Iterator[Check]:
    counts = states(view.sweep.trials).set_index("state")["trials"]
    whole, failed = is_complete(view.sweep.trials, view.sweep.spec), int(counts["FAIL"])
    asked = max(int(view.sweep.spec["trials"]), len(view.sweep.trials))
    told = f"{counts['COMPLETE']} of {counted(asked, 'trial')} complete"
    if failed:
        told += f", {failed} failed"
    yield Check("Is the sweep whole?", whole and not failed, f"{told}.")


def _trained(view: View) -> Iterator[Check]:
    found = view.still_improving
    if not found.runs:
        return
    who, falls = f"{len(found.table)} of {counted(found.runs, 'run')}", found.table["fall_nats"].dropna()
    if len(found.table) and falls.empty:
        told = f"{who} ended too early to tell"
    else:
        told = f"{who} {'was' if len(found.table) == 1 else 'were'} still improving when training ended"
    if not found.is_settled:
        by = f" by up to {nats(float(falls.max()))} nats" if len(falls) else ""
        told += f"{by}: longer training may change what is best"
    yield Check("Were runs trained long enough?", found.is_settled, f"{told}.")


def _seeds(view: View) -> Iterator[Check]:
    if view.board.empty:
        return
    seeds = int(view.board["n"].min())
    told = f"{counted(seeds, 'seed')} a trial"
    if seeds == 1:
        told += ": nobody can tell a better trial from a luckier one"
    elif seeds < SEEDS:
        told += f": intervals are wide; {SEEDS} or more are better"
    yield Check("Are there enough seeds?", seeds >= SEEDS, f"{told}.")


def _told(view: View) -> Iterator[Check]:
    found = choice(view)
    if found.verdict in ("none", "several") or len(found.candidates) < 2:
        return
    tied = len(found.not_worse) - 1
    told = {
        "decided": f"Trial {found.best} is told from all others.",
        "tied": f"{counted(tied, 'other trial')} of {len(found.candidates) - 1} may be as good as trial {found.best}.",
        "undecided": "No trial can be told from another: what follows ranks noise.",
    }[found.verdict]
    yield Check("Can one trial be told from the others?", found.verdict == "decided", told)


def _within(view: View) -> Iterator[Check]:
    found = choice(view)
    if found.verdict in ("none", "several", "undecided") or not view.varying:
        return
    ends = [f"the {'largest' if e.is_high else 'smallest'} {short_label(e.searched.name)}" for e in found.edges]
    if ends:
        told = f"The optimum lies at {listed(ends)}: search further."
    elif last := _last_values(view, found):
        told = (
            f"Nothing shows that it gets better beyond them, but trial {found.best} has the last tried: {listed(last)}."
        )
    else:
        told = "The optimum is inside what was searched."
    yield Check("Were the ranges wide enough?", not ends, told)


def _last_values(view: View, found: Choice) -> list[str]:
    """The best trial's hyperparameters of numbers, where no other trial has one beyond."""
    trials = found.candidates.set_index("trial")
    numbers = [name for name in view.varying if not is_named(trials[name]) and trials[name].nunique() > 1]
    values = {name: trials[name][trials.index == found.best].item() for name in numbers}
    ends = {name: (trials[name].min(), trials[name].max()) for name in numbers}
    return [f"{short_label(name)} {cell(name, value)}" for name, value in values.items() if value in ends[name]]


def _above_floors(view: View) -> Iterator[Check]:
    if not view.sweep.scores or not view.best_runs:
        return
    question = "Do the scores say anything?"
    if nothing := objective_tells_nothing(view.sweep):
        yield Check(question, False, nothing)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)  # what is said of collapsed codes is said beside their scores
        table = trial_scores(view.sweep, view.best_runs, len(view.board))
    known = table[table["above_floor"] != "unknown"]
    if known.empty:
        yield Check(question, False, "Their floors need weights, which were not kept.")
        return
    above = int((known["above_floor"] == "yes").sum())
    told = (
        f"{above} of {counted(len(known), 'score')} of the first trial {'is' if above == 1 else 'are'} above the floor."
    )
    yield Check(question, above > 0, told)
