"""What a report says of losses and their weights against the seed; nothing of a sweep without several of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from analysis.methods import figures, sentences
from analysis.methods.differences import AT, ROWS, between_losses, between_weights, first_and_told
from analysis.methods.equal_rate import at_equal_rate
from analysis.methods.methods import NO_SEEDS, Methods
from analysis.methods.ranking import agreement
from analysis.methods.sentences import PARTS
from analysis.methods.shares import shares_of_variance, side_by_side
from analysis.methods.weighted import over_weights, trials_of
from analysis.metrics import ScoreWarning
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.words import cell
from analysis.scores.across_runs import ACROSS_RUNS, udr_of_runs
from vae.errors import DataError, ResultsError

if TYPE_CHECKING:
    from analysis.presentation.view import View

INTERVALS = "Thick bars are 95 % intervals over seeds, thin ones as wide as all pairs of a panel together ask for."


def method_sections(view: View) -> list[Section]:
    """Show scores and plane by loss, what explains the scores, paired differences, and ranking without factors."""
    methods = Methods(view)
    if not methods.applies:
        return []
    several = len(methods.losses) > 1
    compared = [_by_weight(methods), _plane(methods), _equal_rate(methods)] if several else []
    return [
        *compared,
        _shares(methods),
        *([_between_losses(methods)] if several else []),
        _between_weights(methods),
        _ranking(methods),
    ]


def what_explains(view: View) -> str:
    """Say what explains the first score, for a summary; empty where there is nothing to compare."""
    methods = Methods(view)
    if view.vae_runs.empty or not methods.applies or methods.lacking:
        return ""
    return sentences.explained(shares_of_variance(methods.runs, methods.quantities[:1]))


def _by_weight(methods: Methods) -> Section:
    table = over_weights(methods.runs, methods.quantities)
    return Section(
        title="Scores by loss",
        slug="scores_by_loss",
        sentence=sentences.highest(table, methods.shown[0]),
        reading=(
            "A column is a loss over its own weight, for losses weigh other things and the same beta means nothing "
            "across them. Lines are means over trials, with a 95 % interval over seeds where there are several; dots "
            "are trials. The highest of several means is partly luck: the paired differences below say what is told."
        ),
        figure=figures.by_weight(table, trials_of(methods.runs, methods.quantities), methods.shown),
        table=table,
    )


def _plane(methods: Methods) -> Section:
    known = {name: words for name, words in PARTS.items() if name in methods.runs and methods.runs[name].notna().any()}
    points = trials_of(methods.runs, ["rate_nats", *known])
    return Section(
        title="The plane by loss",
        slug="plane_by_loss",
        sentence=(
            "Rate and distortion mean the same under every loss, so that losses compare where they spend the same rate."
        ),
        reading=(
            "Each mark is a trial, with 95 % intervals over seeds; each line the lower convex hull of a loss's trials. "
            "Index-code information, total correlation and dimension-wise KL are the parts of the rate on a minibatch "
            "of the test split (Chen et al. 2018), underestimated where the rate comes near the minibatch's logarithm."
        ),
        figure=figures.plane(points, known),
        table=points,
    )


def _equal_rate(methods: Methods) -> Section:
    title, slug = "Losses at equal rate", "equal_rate"
    if methods.lacking:
        return left_out(title, slug, methods.lacking)
    parts = [name for name in PARTS if name in methods.runs and methods.runs[name].notna().any()]
    table = at_equal_rate(methods.runs, [*parts, *methods.quantities])
    if table.empty:
        return left_out(title, slug, "no two losses share an interval of rates")
    first = table[table["than"] == table["than"].iloc[0]]
    return Section(
        title=title,
        slug=slug,
        sentence=sentences.at_equal_rate(first),
        reading=(
            "The mean vertical distance between two losses' curves over the rate, paired by seed, over the rates that "
            "both reach with every seed; 95 % intervals over seeds. Beyond those rates nothing is said. Shown is the "
            "difference to the first loss that shares rates with others; the table has all pairs."
        ),
        table=table,
        preview=first[first["quantity"].isin([*parts, *methods.shown])],
    )


def _shares(methods: Methods) -> Section:
    title, slug = "What explains the scores", "shares_of_variance"
    if methods.lacking:
        return left_out(title, slug, methods.lacking)
    table = shares_of_variance(methods.runs, methods.quantities)
    if table.empty:
        return left_out(title, slug, "no two settings have all seeds")
    first = table.iloc[0]
    return Section(
        title=title,
        slug=slug,
        sentence=sentences.explained(table),
        reading=(
            f"Shares of the variance over the runs of {first['settings']} settings, {first['n']} seeds each, by a "
            "nested analysis of variance less what noise alone would give (epsilon squared); 95 % intervals by the "
            "jackknife over seeds, none for two. They are of the settings that were searched: a wider range of weights "
            "explains more. Locatello et al. 2019 (arXiv 1811.12359) asked the same of 12,600 models."
        ),
        figure=figures.shares(table),
        table=table,
        preview=side_by_side(table),
    )


def _between_losses(methods: Methods) -> Section:
    title, slug = "Differences between losses", "differences_of_losses"
    if methods.lacking:
        return left_out(title, slug, methods.lacking)
    table = between_losses(methods.runs, methods.quantities)
    if table.empty:
        return left_out(title, slug, "no two losses share two seeds")
    drawn = table[table["quantity"].isin(methods.shown)]
    pairs = [f"{loss} − {than}" for loss, than in zip(drawn["loss"], drawn["than"], strict=True)]
    return Section(
        title=title,
        slug=slug,
        sentence=sentences.told(table, methods.shown),
        reading=(
            f"Differences are paired by seed, the first loss less the second, at two places: the {AT[0]} of each loss, "
            f"and each seed's value at the {AT[1]}, so that no loss gains by the luck of its choice. {INTERVALS}"
        ),
        figure=figures.differences(drawn, pairs),
        table=table,
        preview=first_and_told(table),
    )


def _between_weights(methods: Methods) -> Section:
    title, slug = "Differences between weights", "differences_of_weights"
    if methods.lacking:
        return left_out(title, slug, methods.lacking)
    table = between_weights(methods.runs, methods.quantities)
    if table.empty:
        return left_out(title, slug, "no two trials of a loss differ in its weight alone")
    drawn = table[table["quantity"].isin(methods.shown)]
    pairs = [
        f"{row['loss']}: {cell('beta', row['weight'])} − {cell('beta', row['than'])}" for _, row in drawn.iterrows()
    ]
    return Section(
        title=title,
        slug=slug,
        sentence=sentences.told(table, methods.shown),
        reading=f"Differences are paired by seed, the larger weight less the smaller one. {INTERVALS}",
        figure=figures.differences(drawn, pairs) if len(set(pairs)) <= ROWS else None,
        table=table,
        preview=first_and_told(table),
    )


def _ranking(methods: Methods) -> Section:
    title, slug = "Ranking without factors", "udr"
    sweep, runs = methods.view.sweep, methods.runs
    if len(set(runs["seed"])) < 2:
        return left_out(title, slug, NO_SEEDS)
    if not sweep.scores:
        return left_out(title, slug, "there are no scores to compare it with")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)  # a run without an informative code scores 0
            udr = udr_of_runs(sweep, runs["run"].tolist())
    except ResultsError as error:
        return left_out(title, slug, without_weights(error))
    except DataError:
        return left_out(title, slug, "the images can no longer be read")
    trials = trials_of(runs.merge(udr[["run", ACROSS_RUNS]], on="run"), [ACROSS_RUNS, *sweep.scores])
    table = agreement(trials, sweep.scores)
    return Section(
        title=title,
        slug=slug,
        sentence=sentences.ranked(table, methods.shown, len(trials)),
        reading=(
            "UDR (Duan et al. 2020, arXiv 1905.12614) asks how alike the codes are that the seeds of a trial find, and "
            "needs no factors; marks are trials, means over seeds. Where it ranks them as a score does, that score's "
            "choice could be made without factors. Parentheses are 95 % intervals over trials."
        ),
        figure=figures.ranking(trials, methods.shown),
        table=table,
        preview=table,
    )
