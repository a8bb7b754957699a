"""What a report of several sweeps says: builders that read them all."""

from collections.abc import Mapping, Sequence

from analysis.comparison import figures
from analysis.comparison.tables import best_scores, spec_differences, stacked
from analysis.frames.sweep import Sweep
from analysis.plane.frontier import frontier
from analysis.presentation.section import Section, left_out
from analysis.presentation.view import View
from analysis.presentation.words import counted, interval, listed, setting
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
    """Return the sections of a report of several sweeps, in the order of the page."""
    return [
        _summary(views),
        _frontiers(views),
        _leaderboards(views),
        _scores(views),
        _specs(views),
    ]


def _summary(views: Mapping[str, View]) -> Section:
    best = stacked({name: view.board.head(1) for name, view in views.items()})
    lines = [f"{counted(len(views), 'sweep')} side by side: {listed(list(views))}. {CAUTION}"]
    for row in best.to_dict(orient="records"):
        what = setting(row, views[row["sweep"]].parameters)
        lines.append(
            f"{row['sweep']}: best is trial {row['trial']} with {what}; ELBO on the test split "
            f"{interval(row['elbo_nats'], row['elbo_nats' + SUFFIX])} nats per image."
        )
    return Section(title="Summary", slug="best", sentence="\n\n".join(lines), table=best)


def _frontiers(views: Mapping[str, View]) -> Section:
    title = "Frontiers"
    points = stacked({name: frontier(view.runs) for name, view in views.items()})
    if points.empty:
        return left_out(title, "frontiers", points)
    sentence = (
        "Each dot is a trial on the test split, each line the lower convex hull of a sweep's trials; lower and further "
        f"left is better. {CAUTION}"
    )
    return Section(
        title=title, slug="frontiers", sentence=sentence, figure=figures.frontiers(points), table=points
    )  # fmt: skip


def _leaderboards(views: Mapping[str, View]) -> Section:
    title, boards = "Leaderboards", {name: view.board for name, view in views.items()}
    table = stacked(boards)
    if table.empty:
        return left_out(title, "leaderboards", table)
    measured = [column for name in (*NATS, "active_units") for column in (name, name + SUFFIX)]
    shown = ["sweep", "trial", *parameters_of(table), *measured, "seconds"]
    preview = stacked({name: ranked.head(BEST) for name, ranked in boards.items()})[shown]
    sentence = (
        f"The best {BEST} trials of each sweep by its own objective, on the test split; nats per image, means over "
        "seeds, ± a 95 % interval where there are several."
    )
    return Section(title=title, slug="leaderboards", sentence=sentence, table=table, preview=preview)


def _scores(views: Mapping[str, View]) -> Section:
    title = "Scores"
    table = stacked({name: best_scores(view) for name, view in views.items()})
    if table.empty:
        return left_out(title, "scores", table, "no sweep has scores, which need data with several known factors")
    sentence = "The best trial of each sweep by each score, on the test split, with 95 % intervals over seeds."
    return Section(title=title, slug="scores", sentence=sentence, table=table, preview=table)


def _specs(views: Mapping[str, View]) -> Section:
    table = spec_differences({name: view.sweep.spec for name, view in views.items()})
    sentence = f"{counted(len(table), 'option')} in which the sweeps differ; a dash where one has no such option."
    return Section(title="Differences of spec", slug="specs", sentence=sentence, table=table, preview=table)
