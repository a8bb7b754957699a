"""Scores as tables: of the best trial, their agreement, and what each code knows of each factor."""

import numpy as np
import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.scores.after_sweep import score_sweep
from analysis.statistics.intervals import SUFFIX, trial_means
from vae.columns import SAMPLED, SCORES
from vae.errors import ResultsError


def trial_scores(sweep: Sweep, runs: list[int]) -> pd.DataFrame:
    """Return one row a score of a trial's `runs`: mean over seeds, half-width, floor, ceiling, better way, n seeds.

    Floor and ceiling are those of the first run.
    """
    row = trial_means(sweep.runs[sweep.runs["run"].isin(runs)], sweep.scores).iloc[0]
    limits = _limits(sweep, runs[0])
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
    from analysis.metrics.inputs import make_sample
    from analysis.metrics.mutual_information import information

    scored = sweep.scored_codes(run)
    factors = scored.factors[scored.pooled]
    sample = make_sample(scored.means[scored.pooled], factors)
    matrix = np.zeros((sample.codes.shape[1], factors.shape[1]))  # of a factor that never changes, nothing is known
    if sample.varying.any():
        matrix[:, sample.varying] = information(sample).mutual
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
