"""What a report of several sweeps says: builders that read them all."""

from collections.abc import Mapping, Sequence

from analysis.choice.length import too_short
from analysis.choice.verdict import verdict
from analysis.comparison import figures
from analysis.comparison.better import comparable, which_is_better
from analysis.comparison.tables import best_scores, spec_differences, stacked
from analysis.frames.sweep import Sweep
from analysis.plane.frontier import frontier
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import counted, listed
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.selection import parameters_of
from vae.columns import NATS

BEST = 5
"""Trials of each sweep that stand on the page; the table has all."""
CAUTION = "Rate and distortion compare only where data and likelihood agree; see the differences of spec."


def labelled(sweeps: Sequence[Sweep]) -> dict[str, View]:
    """Return a view of each sweep by a word for each: its name, or its path where two have the same name."""
    names = [sweep.name for sweep in sweeps]
    return {
        sweep.name if names.count(sweep.name) == 1 else str(sweep.path): View(sweep) for sweep in sweeps
    }  # a sweep given twice is shown once


def side_by_side(views: Mapping[str, View]) -> list[Section]:
    """Return the sections of a report of several sweeps, in the order of the page.

    Sweeps of other data than the first one's stand in the summary and the differences of spec alone.
    """
    alike = {name: view for name, view in views.items() if _data(view) == _data(next(iter(views.values())))}
    return [
        _summary(views, [name for name in views if name not in alike]),
        _better(alike),
        _frontiers(alike),
        _leaderboards(alike),
        _scores(alike),
        _specs(views),
    ]


def _data(view: View) -> str:
    """What tells data from others: their hash, or where none is known their name."""
    return str(view.sweep.provenance.get("data", {}).get("hash", view.sweep.spec["data"]))


def _summary(views: Mapping[str, View], others: Sequence[str]) -> Section:
    first = stacked({name: view.board.head(1) for name, view in views.items()})
    lines = [f"{counted(len(views), 'sweep')} side by side: {listed(list(views))}. {CAUTION}"]
    if others:
        lines.append(
            f"{listed(list(others))} {'was' if len(others) == 1 else 'were'} trained on other data than "
            f"{next(iter(views))}: left out of frontiers, leaderboards and scores, for nats of other images do not "
            "compare."
        )
    for name, view in views.items():
        short = too_short(view)
        lines.append(f"{name}: {verdict(view)}{f' {short}' if short else ''}")
    return Section(title="Summary", slug="best", sentence="\n\n".join(lines), table=first)


def _better(views: Mapping[str, View]) -> Section:
    title, first = "Which is better", next(iter(views))
    told, apart = comparable(views)
    counts = {name: len(view.board) for name, view in views.items()}
    lines = [which_is_better(first, name, rows, (counts[first], counts[name])) for name, rows in told.items()]
    if apart:
        lines.append(f"{listed(apart)}: of another likelihood or scale than {first}, so their nats do not compare.")
    if not lines:
        return left_out(title, "better", "no two sweeps are of the same data")
    table = stacked(told)
    figure = figures.differences(table, first) if "rate_nats" in table and table["rate_nats"].notna().any() else None
    return Section(title=title, slug="better", sentence="\n\n".join(lines), figure=figure, table=table, preview=table)


def _frontiers(views: Mapping[str, View]) -> Section:
    title = "Frontiers"
    points = stacked({name: frontier(view.runs, view.zero_rate.nats) for name, view in views.items()})
    if points.empty:
        return left_out(title, "frontiers")
    sentence = (
        "Each dot is a trial on the test split, each line the lower convex hull of a sweep's trials, from the "
        f"zero-rate point where it is known; lower and further left is better. {CAUTION}"
    )
    return Section(
        title=title, slug="frontiers", sentence=sentence, figure=figures.frontiers(points), table=points
    )  # fmt: skip


def _leaderboards(views: Mapping[str, View]) -> Section:
    title, boards = "Leaderboards", {name: view.board for name, view in views.items()}
    table = stacked(boards)
    if table.empty:
        return left_out(title, "leaderboards")
    measured = [column for name in (*NATS, "active_units") for column in (name, name + SUFFIX)]
    shown = ["sweep", "trial", *parameters_of(table), *measured, "seconds"]
    preview = stacked({name: ranked.head(BEST) for name, ranked in boards.items()})[shown]
    sentence = (
        f"The first {BEST} trials of each sweep by its own objective, on the test split; nats per image, means over "
        "seeds, ± a 95 % interval where there are several."
    )
    return Section(title=title, slug="leaderboards", sentence=sentence, table=table, preview=preview)


UNSCORED = "no sweep has a score, which needs several known factors, by which a trial is above its floor"


def _scores(views: Mapping[str, View]) -> Section:
    title = "Scores"
    table = stacked({name: best_scores(view) for name, view in views.items()})
    if table.empty:
        return left_out(title, "scores", UNSCORED)
    sentence = (
        "The best trial of each sweep by each score, with 95 % intervals over seeds, beside its floor: the score of "
        "permuted codes, and what chance reaches. A score by which no trial is above that has no row."
    )
    return Section(title=title, slug="scores", sentence=sentence, table=table, preview=table)


def _specs(views: Mapping[str, View]) -> Section:
    table = spec_differences({name: view.sweep.spec for name, view in views.items()})
    sentence = f"{counted(len(table), 'option')} in which the sweeps differ; a dash where one has no such option."
    return Section(title="Differences of spec", slug="specs", sentence=sentence, table=table, preview=table)
