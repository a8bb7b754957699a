"""Scores as tables: of the best trial, their agreement, and what each code knows of each factor."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.scores.after_sweep import score_sweep
from analysis.scores.floors import Floor, is_above
from analysis.statistics.intervals import SUFFIX, trial_means
from vae.columns import SAMPLED, SCORES
from vae.errors import ResultsError

PERMUTATIONS = 20


def trial_scores(sweep: Sweep, runs: list[int], trials: int) -> pd.DataFrame:
    """Return one row a score of a trial's `runs`: mean over seeds, half-width, floor, ceiling, better way, n seeds.

    Floor and ceiling are means over the runs; `floor_high` is what the best of so many `trials` reaches by chance.
    """
    row = trial_means(sweep.runs[sweep.runs["run"].isin(runs)], sweep.scores).iloc[0]
    limits = _limits(sweep, runs)
    return pd.DataFrame([_row(name, row, limits.get(name), trials) for name in sweep.scores])


def _row(name: str, row: pd.Series, limits: pd.DataFrame | None, trials: int) -> dict[str, Any]:
    value, seeds, floor, high = float(row[name]), int(row["n"]), np.nan, np.nan
    if limits is not None:
        kept = Floor.of(limits)
        floor, high = kept.mean, kept.reach(name, seeds, trials)
    return {
        "score": name,
        "value": value,
        "value" + SUFFIX: float(row[name + SUFFIX]),
        "floor": floor,
        "floor_high": high,
        "above_floor": "unknown" if np.isnan(high) else "yes" if is_above(name, value, high) else "no",
        "ceiling": np.nan if limits is None else float(limits["ceiling"].mean()),
        "better": SCORES[name.removesuffix(SAMPLED)].removesuffix("imize"),
        "n": seeds,
    }


def rank_correlations(runs: pd.DataFrame, scores: list[str]) -> pd.DataFrame:
    """Return Spearman's rank correlation of the scores over trials, a row and a column each."""
    if not scores:
        return pd.DataFrame({"score": []})
    correlations = trial_means(runs, scores)[scores].corr(method="spearman")
    return correlations.rename_axis("score").reset_index()


def mutual_information(sweep: Sweep, run: int) -> tuple[pd.DataFrame, float]:
    """Return mutual information in nats of each latent dimension of a run and each factor, less its floor.

    A row a dimension. The floor of a pair is its mean over `PERMUTATIONS` of the codes, for bins alone inform a
    little; the number is the most by which any pair of them exceeds its floor.
    """
    from analysis.metrics.inputs import make_sample
    from analysis.metrics.mutual_information import information

    scored = sweep.scored_codes(run)
    codes, factors = scored.means[scored.pooled], scored.factors[scored.pooled]
    sample, rng = make_sample(codes, factors), np.random.default_rng(run)
    matrix = np.zeros((codes.shape[1], factors.shape[1]))  # of a factor that never changes, nothing is known
    chance = 0.0
    if sample.varying.any():
        permuted = (replace(sample, codes=rng.permutation(sample.codes)) for _ in range(PERMUTATIONS))
        by_chance = np.stack([information(one).mutual for one in permuted])
        floor = by_chance.mean(axis=0)
        matrix[:, sample.varying] = information(sample).mutual - floor
        chance = float((by_chance - floor).max())
    columns = dict(zip(sweep.factor_names, matrix.T, strict=True))
    return pd.DataFrame({"dim": range(len(matrix))} | columns), chance


def _limits(sweep: Sweep, runs: list[int]) -> dict[str, pd.DataFrame]:
    """A row a run, by score, with floor and ceiling; nothing where weights were not kept."""
    try:
        table = score_sweep(sweep, ",".join(sweep.scores), runs=runs)
    except ResultsError:
        return {}
    return {str(name): rows for name, rows in table.groupby("score")}
