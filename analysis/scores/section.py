"""What a report says of disentanglement."""

import warnings

import pandas as pd

from analysis.effects.effects import Effects
from analysis.effects.section import effects_of
from analysis.frames.sweep import Sweep
from analysis.metrics import ScoreWarning
from analysis.presentation.section import Section, left_out, without_weights
from analysis.presentation.view import View
from analysis.presentation.words import counted, short_label
from analysis.scores import figures
from analysis.scores.tables import mutual_information, rank_correlations, trial_scores
from analysis.statistics.intervals import trial_means
from analysis.statistics.losses import differs_by_loss
from analysis.statistics.selection import beta_first
from vae.errors import DataError, ResultsError, VaekitError
from vae.factors import BINS, is_continuous

NO_SCORES = (
    "the runs have no scores; they need data with several known factors (or --scores by name) and two test images"
)
EXPLAINED = (
    "Scores of the posterior means. The floor is the score of permuted codes, which carry no information, and "
    "floor_high what chance reaches in any of the trials: a score that is not above it says nothing. The ceiling is "
    "that of a perfect representation with the same bins. Intervals are 95 % over seeds."
)


def score_sections(view: View) -> list[Section]:
    """Show the first trial's scores, each against the first parameter that varies, and what each code knows."""
    if not view.sweep.scores or view.vae_runs.empty:
        return [left_out("Scores", "scores", NO_SCORES)]
    with warnings.catch_warnings():
        # Collapsed codes are told of by the values themselves, beside their floors.
        warnings.simplefilter("ignore", ScoreWarning)
        return [
            _best_section(view),
            *[_effect_section(view, name) for name in _pooled(view)[:1]],
            _information_section(view),
        ]


def _best_section(view: View) -> Section:
    table = trial_scores(view.sweep, view.best_runs, len(view.board))
    sentence = f"The first trial of the leaderboard: {_above_floor(table)}{_binned(view.sweep)}"
    return Section(title="Scores", slug="scores", sentence=sentence, reading=EXPLAINED, table=table, preview=table)


def _above_floor(table: pd.DataFrame) -> str:
    """By how many scores the codes know more than chance."""
    known = table[table["above_floor"] != "unknown"]
    if known.empty:
        return "its floors need weights, which were not kept."
    above = known.loc[known["above_floor"] == "yes", "score"].tolist()
    if not above:
        return f"none of {counted(len(known), 'score')} is above its floor, so they say nothing of its codes."
    return f"{len(above)} of {counted(len(known), 'score')} {'is' if len(above) == 1 else 'are'} above the floor."


def _binned(sweep: Sweep) -> str:
    """Say which factors are continuous and what becomes of them, where any are."""
    try:
        values = sweep.factors("train")
    except VaekitError:  # the data can no longer be read
        return ""
    if values is None:
        return ""
    names = [name for name, column in zip(sweep.factor_names, values.T, strict=True) if is_continuous(column)]
    if not names:
        return ""
    return (
        f" Continuous factors ({', '.join(names)}) have {BINS} classes of equally many images each; sap_r2 and irs "
        "read their values."
    )


def effect_sections(view: View) -> list[Section]:
    """Show each score against each parameter that varies; what losses weigh is not pooled over several of them."""
    return [_effect_section(view, name) for name in _pooled(view)]


def _pooled(view: View) -> list[str]:
    return [name for name in beta_first(view.varying) if not differs_by_loss(name, view.varying)]


def _effect_section(view: View, parameter: str) -> Section:
    scores, found = view.sweep.scores, view.once(_effects)
    means = found.of(parameter)
    line = (
        "the mean over trials at each value, with a 95 % interval over seeds"
        if found.is_grid
        else "the average over the trials' other hyperparameters, by a Gaussian process, with a 95 % interval"
    )
    sentence = f"The line is {line}. Dots are trials; they stand alone where too little can be foretold of a score."
    points = trial_means(view.runs, scores)
    figure = figures.effects(means, points, parameter, scores)
    title, table = f"Scores and {short_label(parameter)}", means if len(means) else points
    return Section(title=title, slug=f"scores_{parameter}", sentence=sentence, figure=figure, table=table)


def _effects(view: View) -> Effects:
    return effects_of(view, view.sweep.scores)


def further_score_sections(view: View) -> list[Section]:
    """Show each score against the other parameters, and which scores agree on the order of the trials."""
    if not view.sweep.scores or view.vae_runs.empty:
        return []
    return [*[_effect_section(view, name) for name in _pooled(view)[1:]], *_agreement_sections(view)]


def _agreement_sections(view: View) -> list[Section]:
    """Which scores agree; nothing where that cannot be said."""
    table = rank_correlations(view.runs, view.sweep.scores)
    if len(table) < 2 or table.drop(columns="score").isna().all(axis=None):
        return []
    sentence = (
        "Spearman's rank correlation between scores over the trials (means over seeds): 1 if two scores rank the "
        "trials the same way, 0 if their rankings are unrelated."
    )
    figure, slug = figures.correlations(table), "score_correlation"
    return [Section(title="Do the scores agree?", slug=slug, sentence=sentence, figure=figure, table=table)]


def _information_section(view: View) -> Section:
    title, slug, best = "What each code knows", "mutual_information", view.best_runs[0]
    try:
        table, chance = mutual_information(view.sweep, best)
    except ResultsError as error:
        return left_out(title, slug, without_weights(error))
    except DataError:
        return left_out(title, slug, "the images can no longer be read")
    sentence = (
        f"Mutual information in nats between each latent dimension of run {best} (first seed of the first trial) and "
        f"each factor, less what permuted codes have on average; by chance a cell reaches {chance:.2f}."
    )
    reading = "Codes are in 20 bins. In a disentangled run each column has one bright cell, and no row has two."
    figure = figures.information(table)
    return Section(title=title, slug=slug, sentence=sentence, reading=reading, figure=figure, table=table)
