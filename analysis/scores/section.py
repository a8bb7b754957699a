"""What a report says of disentanglement: builders that read a sweep's scores."""

import numpy as np
import pandas as pd

from analysis.effects.effect import effect
from analysis.frames.sweep import Sweep, finished
from analysis.presentation.section import Section, left_out
from analysis.presentation.style import varies
from analysis.scores import figures as score_figures
from analysis.scores.after_sweep import score_sweep
from analysis.statistics.intervals import SUFFIX, trial_means
from vae.columns import SAMPLED, SCORES
from vae.errors import ResultsError

NO_SCORES = "the runs have no scores, which need data with several known factors (or --scores by name)"
EXPLAINED = (
    "Scores of the posterior means on the test split. The floor is the same score on permuted codes, which know "
    "nothing; the ceiling is what a perfect representation reaches with the same bins."
)


def scores_section(sweep: Sweep, board: pd.DataFrame) -> list[Section]:
    """Show the best trial's scores between floor and ceiling."""
    title = "Scores"
    if not sweep.scores or board.empty:
        return [left_out(title, "scores", pd.DataFrame({"score": []}), NO_SCORES)]
    table = best_scores(sweep, int(board["trial"].iloc[0]))
    sentence = f"{EXPLAINED} The first trial of the leaderboard, with 95 % intervals over seeds."
    return [Section(title=title, slug="scores", sentence=sentence, table=table, preview=table)]


def score_effect_sections(sweep: Sweep) -> list[Section]:
    """Show every score against beta and against latent dimension."""
    runs = finished(sweep.runs)
    chosen = [name for name in ("beta", "latent_dim") if not runs.empty and varies(runs[name])]
    return [_score_effect_section(sweep, name) for name in chosen if sweep.scores]


def correlation_section(sweep: Sweep) -> list[Section]:
    """Show which scores agree on the order of the trials."""
    table = rank_correlations(sweep.runs, sweep.scores)
    if len(table) < 2 or table.drop(columns="score").isna().all(axis=None):
        return []
    sentence = (
        "Spearman's rank correlation of the scores over the trials, each a mean over its seeds: 1 where two scores put "
        "the trials in the same order, 0 where they have nothing to do with each other."
    )
    figure = score_figures.correlations(table)
    return [
        Section(title="Do the scores agree?", slug="score_correlation", sentence=sentence, figure=figure, table=table)
    ]


def information_section(sweep: Sweep, board: pd.DataFrame) -> list[Section]:
    """Show what each code of the best run knows about each factor."""
    if not sweep.scores or board.empty:
        return []
    runs = sweep.runs
    best = int(runs.loc[runs["trial"] == board["trial"].iloc[0], "run"].iloc[0])
    try:
        table = mutual_information(sweep, best)
    except ResultsError:
        return [
            left_out("What each code knows", "mutual_information", pd.DataFrame({"dim": []}), "no weights were kept")
        ]
    sentence = (
        f"Mutual information of each latent dimension of run {best} (the best trial's first seed) and each factor, in "
        "nats, from codes in 20 bins. A disentangled run has one bright cell in a column, and no two in a row."
    )
    figure = score_figures.information(table)
    return [
        Section(title="What each code knows", slug="mutual_information", sentence=sentence, figure=figure, table=table)
    ]


def best_scores(sweep: Sweep, trial: int) -> pd.DataFrame:
    """Return one row a score of a trial: mean over seeds, half-width, floor, ceiling, which way is better, n seeds."""
    means = trial_means(sweep.runs, sweep.scores)
    row = means[means["trial"] == trial].iloc[0]
    limits = _limits(sweep, int(sweep.runs.loc[sweep.runs["trial"] == trial, "run"].iloc[0]))
    rows = [
        {
            "score": name,
            "value": float(row[name]),
            "value" + SUFFIX: float(row[name + SUFFIX]),
            "floor": limits.get(name, (np.nan, np.nan))[0],
            "ceiling": limits.get(name, (np.nan, np.nan))[1],
            "better": SCORES[name.removesuffix(SAMPLED)].removesuffix("imize"),
            "n": int(row["n"]),
        }
        for name in sweep.scores
    ]
    return pd.DataFrame(rows)


def rank_correlations(runs: pd.DataFrame, scores: list[str]) -> pd.DataFrame:
    """Return Spearman's rank correlation of the scores over trials, a row and a column each."""
    if not scores:
        return pd.DataFrame({"score": []})
    correlations = trial_means(runs, scores)[scores].corr(method="spearman")
    return correlations.rename_axis("score").reset_index()


def mutual_information(sweep: Sweep, run: int) -> pd.DataFrame:
    """Return mutual information in nats of each latent dimension of a run and each factor, a row a dimension."""
    from analysis.metrics import METRICS

    factors = sweep.factors("test")
    if factors is None:
        raise ResultsError(f"mutual information needs factors, got {sweep.spec['data']!r}, which has none")
    matrix = np.array(METRICS["mig"](sweep.codes(run).astype(float), factors).details["mutual_information"])
    columns = dict(zip(sweep.factor_names, matrix.T, strict=True))
    return pd.DataFrame({"dim": range(len(matrix))} | columns)


def _limits(sweep: Sweep, run: int) -> dict[str, tuple[float, float]]:
    """Floor and ceiling of a run's scores; nothing where its weights were not kept."""
    names = [name for name in sweep.scores if not name.endswith(SAMPLED)]
    try:
        table = score_sweep(sweep, ",".join(names), runs=[run])
    except ResultsError:
        return {}
    limits = table.set_index("score")[["floor", "ceiling"]].astype(float)
    return {str(name): (float(row["floor"]), float(row["ceiling"])) for name, row in limits.iterrows()}


def _score_effect_section(sweep: Sweep, parameter: str) -> Section:
    runs = sweep.runs
    means = effect(runs, parameter, sweep.scores)
    sentence = (
        "The line is the mean over the trials at (or binned around) that value, with a 95 % interval over seeds; the "
        "other parameters differ from trial to trial. Dots are trials."
    )
    figure = score_figures.effects(means, trial_means(runs, sweep.scores), parameter)
    title = f"Scores and {'beta' if parameter == 'beta' else 'latent dimensions'}"
    return Section(title=title, slug=f"scores_{parameter}", sentence=sentence, figure=figure, table=means)
