"""The choice among a sweep's trials: which may be the best, and which of them to take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.choice.axes import searched
from analysis.choice.contenders import contenders
from analysis.choice.noise import Noise
from analysis.choice.pareto import knee
from analysis.choice.regions import Edge, Region, edges, regions_of
from analysis.frames.sweep import Sweep
from analysis.presentation.view import View
from analysis.statistics.intervals import LEVEL, SUFFIX
from analysis.statistics.names import is_named
from vae.errors import VaekitError

Verdict = Literal["decided", "tied", "undecided", "several", "none"]
"""One trial leads all others; some are not told worse; none can be told from another; several objectives; no trial."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which trial to take, and how sure that is. Numbers are in the unit of the objective, on the validation split."""

    verdict: Verdict
    objective: str
    """Its column in `runs`; of several, the first one's."""
    best: int | None = None
    """The trial with the best mean: the first of the leaderboard."""
    recommended: int | None = None
    """The trial to take: the simplest of those that are as good as the best; of several objectives, the knee."""
    simplest: int | None = None
    """The simplest of those that are not worse: more seeds may show that it will do."""
    not_worse: tuple[int, ...] = ()
    """The trials that may be the best (95 %, all comparisons together), the nearest first; the best is the first."""
    gives_up: float = math.nan
    """By how much the recommended trial falls short of the best."""
    gives_up_half_width: float = math.nan
    """Half the width of its simultaneous 95 % interval."""
    noise: float = math.nan
    """The standard deviation of one seed, pooled over the better half of the trials; NaN where it is unknown."""
    seeds: int = 0
    """Of the best trial."""
    luck: float = math.nan
    """By how much the best trial's mean is expected to flatter it, for it was chosen by that mean."""
    p_value: float = math.nan
    """Of the F test that no trial differs from another."""
    regions: tuple[Region, ...] = ()
    """A hyperparameter each, of those that vary."""
    edges: tuple[Edge, ...] = ()
    """Ends of ranges at which the optimum lies."""
    pareto: tuple[int, ...] = ()
    """Of several objectives: the trials that no other dominates."""
    candidates: pd.DataFrame
    """A row a COMPLETE trial: CANDIDATES after its hyperparameters, the best first and then the nearest."""

    @property
    def is_sure(self) -> bool:
        """Whether the best trial can be told from all others."""
        return self.verdict == "decided"

    @property
    def tied(self) -> tuple[int, ...]:
        """The trials that the best one cannot be told from; the nearest first."""
        return self.not_worse[1:]


CANDIDATES = ("value", "value" + SUFFIX, "n", "shortfall", "shortfall" + SUFFIX, "is_worse", "is_as_good", "weights")
"""Columns: mean and 95 % interval over n seeds, `contenders`', and the numbers that the network trains."""


def choice(view: View) -> Choice:
    """Return the choice among the COMPLETE trials of a sweep, by its objective on the validation split."""
    return view.once(_choice)


def _choice(view: View) -> Choice:
    board, objectives = view.board, view.sweep.objectives
    column = objectives[0].column
    if board.empty:
        return Choice(verdict="none", objective=column, candidates=board)
    if len(objectives) > 1:
        chosen = knee(board, objectives)
        return Choice(
            verdict="several", objective=column, recommended=chosen, pareto=tuple(view.pareto), candidates=board
        )
    runs = view.vae_runs[["trial", "seed"]].assign(value=view.vae_runs[column]).dropna()
    compared = board[board["trial"].isin(runs["trial"])]
    if compared.empty:
        return Choice(verdict="none", objective=column, candidates=compared)
    best = int(compared["trial"].iloc[0])
    rows, noise = contenders(runs, best, is_less_better=objectives[0].ascending)
    candidates = _candidates(view, rows)
    kept = candidates[~candidates["is_worse"]]
    not_worse = [int(trial) for trial in kept["trial"]]
    recommended = _simplest(kept[kept["is_as_good"]], view.parameters)
    taken = candidates[candidates["trial"] == recommended].iloc[0]
    sign = -1.0 if objectives[0].ascending else 1.0
    axes = [axis for name in view.varying if (axis := searched(view.sweep.spec, board, name))]
    verdict = _verdict(not_worse, candidates, noise)
    found = edges(sign * candidates["value"], axes, candidates, not_worse) if verdict != "undecided" else []
    return Choice(
        verdict=verdict,
        objective=column,
        best=best,
        recommended=recommended,
        simplest=_simplest(kept, view.parameters),
        not_worse=tuple(not_worse),
        gives_up=float(taken["shortfall"]),
        gives_up_half_width=float(taken["shortfall" + SUFFIX]),
        noise=math.sqrt(noise.pooled),
        seeds=int(candidates["n"].iloc[0]),
        luck=_luck(kept, noise),
        p_value=noise.p_value,
        regions=regions_of(candidates, not_worse, view.varying, [n for n in view.varying if is_named(board[n])]),
        edges=tuple(found),
        candidates=candidates,
    )


def _candidates(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that were compared, with what each is, is worth and has in common with the best."""
    width = view.sweep.objectives[0].column + SUFFIX
    known = view.board[["trial", *view.parameters, "value", width]].rename(columns={width: "value" + SUFFIX})
    whole = rows.merge(known, on="trial", how="left")
    first_runs = view.vae_runs.drop_duplicates("trial").set_index("trial")["run"]
    whole["weights"] = _weights(view.sweep, first_runs[whole["trial"]].tolist())
    return whole[["trial", *view.parameters, *CANDIDATES]]


def _weights(sweep: Sweep, runs: Sequence[int]) -> list[float]:
    """How many numbers each run's network trains; NaN where that cannot be known."""
    try:
        counts = [sweep.weight_count(run) for run in runs]
    except VaekitError:  # the data, which know the shape, cannot be read
        return [math.nan] * len(runs)
    return [math.nan if count is None else float(count) for count in counts]


def _simplest(candidates: pd.DataFrame, parameters: Sequence[str]) -> int:
    """Return the trial of fewest latent dimensions, then of fewest weights; among equals, the nearest to the best."""
    sizes = [name for name in ("hidden_dim", "depth") if name in parameters]
    ranked = candidates.sort_values(["latent_dim", "weights", *sizes, "shortfall"], kind="stable")
    return int(ranked["trial"].iloc[0])


def _verdict(not_worse: Sequence[int], candidates: pd.DataFrame, noise: Noise) -> Verdict:
    if len(not_worse) == 1:
        return "decided"
    return "tied" if noise.degrees and noise.p_value < 1 - LEVEL and len(not_worse) < len(candidates) else "undecided"


def _luck(kept: pd.DataFrame, noise: Noise) -> float:
    """By how much the first of those that may be the best is expected to have been lucky.

    Its mean is drawn towards theirs as far as their spread is noise (James and Stein, as in Efron and Morris 1975,
    https://doi.org/10.1080/01621459.1975.10479864): estimates of that kind need no correction for selection.
    """
    falls = kept["shortfall"].to_numpy()
    if len(falls) == 1 or not noise.degrees:
        return 0.0 if noise.degrees else math.nan
    share = noise.pooled / kept["n"].to_numpy()
    between = max(float(falls.var(ddof=1) - share.mean()), 0.0)
    drawn = share[0] / (between + share[0]) if share[0] else 0.0
    return float(drawn * falls.mean())
