"""What a report of several sweeps says: builders that read them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import figures, prose
from analysis.frames.sweep import complete_runs
from analysis.plane.frontier import frontier
from analysis.presentation.section import Section, left_out
from analysis.presentation.words import counted, interval, listed, number
from analysis.statistics.intervals import SUFFIX, trial_means
from analysis.statistics.leaderboard import board
from vae.columns import NATS, PARAMETERS, SAMPLED, SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.frames.sweep import Sweep

BEST = 5
"""Trials of each sweep that stand on the page; the table has all."""
NAMES = ("name", "out")
"""Options that only say which sweep it is."""
CAUTION = "Rate and distortion compare only where data and likelihood agree; see the differences of spec."


def labels(sweeps: Sequence[Sweep]) -> dict[str, Sweep]:
    """Return the sweeps by a word for each: its name, or its path where two have the same name."""
    names = [sweep.name for sweep in sweeps]
    return {
        sweep.name if names.count(sweep.name) == 1 else str(sweep.path): sweep for sweep in sweeps
    }  # a sweep given twice is shown once


def side_by_side(sweeps: Mapping[str, Sweep]) -> list[Section]:
    """Return the sections of a report of several sweeps, in the order of the page."""
    return [
        _summary(sweeps),
        _frontiers(sweeps),
        _leaderboards(sweeps),
        _scores(sweeps),
        _specs(sweeps),
    ]


def _summary(sweeps: Mapping[str, Sweep]) -> Section:
    best = stacked({name: board(sweep).head(1) for name, sweep in sweeps.items()})
    lines = [f"{counted(len(sweeps), 'sweep')} side by side: {listed(list(sweeps))}. {CAUTION}"]
    for row in best.to_dict(orient="records"):
        what = ", ".join(f"{prose.NAMES[name]} {number(row[name])}" for name in PARAMETERS)
        lines.append(
            f"{row['sweep']}: best is trial {row['trial']} with {what}; ELBO on the test split "
            f"{interval(row['elbo_nats'], row['elbo_nats' + SUFFIX])} nats per image."
        )
    return Section(title="Summary", slug="best", sentence="\n\n".join(lines), table=best)


def _frontiers(sweeps: Mapping[str, Sweep]) -> Section:
    title = "Frontiers"
    points = stacked({name: frontier(complete_runs(sweep)) for name, sweep in sweeps.items()})
    if points.empty:
        return left_out(title, "frontiers", points)
    sentence = (
        "Each dot is a trial on the test split, each line the lower convex hull of a sweep's trials; lower and further "
        f"left is better. {CAUTION}"
    )
    return Section(
        title=title, slug="frontiers", sentence=sentence, figure=figures.frontiers(points), table=points
    )  # fmt: skip


def _leaderboards(sweeps: Mapping[str, Sweep]) -> Section:
    title, boards = "Leaderboards", {name: board(sweep) for name, sweep in sweeps.items()}
    table = stacked(boards)
    if table.empty:
        return left_out(title, "leaderboards", table)
    shown = ["sweep", "trial", *PARAMETERS, *(c for m in (*NATS, "active_units") for c in (m, m + SUFFIX)), "seconds"]
    preview = stacked({name: ranked.head(BEST) for name, ranked in boards.items()})[shown]
    sentence = (
        f"The best {BEST} trials of each sweep by its own objective, on the test split; nats per image, means over "
        "seeds, ± a 95 % interval where there are several."
    )
    return Section(title=title, slug="leaderboards", sentence=sentence, table=table, preview=preview)


def _scores(sweeps: Mapping[str, Sweep]) -> Section:
    title = "Scores"
    table = stacked({name: _best_scores(sweep) for name, sweep in sweeps.items()})
    if table.empty:
        return left_out(title, "scores", table, "no sweep has scores, which need data with several known factors")
    sentence = "The best trial of each sweep by each score, on the test split, with 95 % intervals over seeds."
    return Section(title=title, slug="scores", sentence=sentence, table=table, preview=table)


def _specs(sweeps: Mapping[str, Sweep]) -> Section:
    table = spec_differences({name: sweep.spec for name, sweep in sweeps.items()})
    sentence = f"{counted(len(table), 'option')} in which the sweeps differ; a dash where one has no such option."
    return Section(title="Differences of spec", slug="specs", sentence=sentence, table=table, preview=table)


def stacked(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other, a column `sweep` first that says whose rows they are."""
    parts = [frame.assign(sweep=name) for name, frame in frames.items() if not frame.empty]
    if not parts:
        return pd.DataFrame({"sweep": pd.Series(dtype=str)})
    whole = pd.concat(parts, ignore_index=True)
    return whole[["sweep", *(name for name in whole if name != "sweep")]]


def spec_differences(specs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row an option that differs between specs, and a column a spec, as text."""
    options = dict.fromkeys(option for spec in specs.values() for option in spec)
    rows = [
        {"option": option} | {name: str(spec.get(option, "–")) for name, spec in specs.items()}
        for option in options
        if option not in NAMES and len({str(spec.get(option, "–")) for spec in specs.values()}) > 1
    ]
    return pd.DataFrame(rows, columns=["option", *specs])


def _best_scores(sweep: Sweep) -> pd.DataFrame:
    """One row a score: the trial that is best by it, its parameters, value and half-width."""
    means = trial_means(complete_runs(sweep), sweep.scores)
    rows = []
    for name in sweep.scores:
        known = means.dropna(subset=[name])
        if known.empty:
            continue
        is_less = SCORES[name.removesuffix(SAMPLED)] == "minimize"
        row = known.sort_values(name, ascending=is_less).iloc[0].to_dict()
        value = {"value": float(row[name]), "value" + SUFFIX: float(row[name + SUFFIX])}
        rows.append({"score": name, "trial": int(row["trial"])} | {p: row[p] for p in PARAMETERS} | value)
    return pd.DataFrame(rows)
