"""The choice among trials, from frames: which may be the best, and which of them to take."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from analysis.choice.axes import searched
from analysis.choice.contenders import contenders
from analysis.choice.noise import Noise
from analysis.choice.regions import Edge, Region, edges, regions_of
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.selection import varying

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
    candidates: pd.DataFrame = field(repr=False)
    """A row a COMPLETE trial: trial, hyperparameters, value, value_half_width, weights
    (numbers that the network trains) and COMPARED, the best first and then the nearest."""

    @property
    def is_sure(self) -> bool:
        """Whether the best trial can be told from all others."""
        return self.verdict == "decided"

    @property
    def tied(self) -> tuple[int, ...]:
        """The trials that the best one cannot be told from; the nearest first."""
        return self.not_worse[1:]


COMPARED = ("n", "shortfall", "shortfall" + SUFFIX, "is_worse", "is_as_good")
"""Columns of `contenders`: seeds, what a trial gives up against the best, whether it is told worse, or as good."""


def choose(
    points: pd.DataFrame,
    values: pd.DataFrame,
    best: int,
    spec: Mapping[str, Any],
    *,
    objective: str = "validation_elbo_nats",
    is_less_better: bool = False,
) -> Choice:
    """Return the choice among trials by one objective.

    `points` has a row a trial: trial, its hyperparameters, value, value_half_width, and the weights of its network;
    `values` a row a run: trial, seed and value. `best` is the trial of the best mean. `spec` says what was searched, as
    option names to texts (`latent_dim` to `2:32`).
    """
    rows, noise = contenders(values, best, is_less_better=is_less_better)
    candidates = rows.merge(points, on="trial", how="left")[[*points, *COMPARED]]
    kept = candidates[~candidates["is_worse"]]
    not_worse = tuple(int(trial) for trial in kept["trial"])
    recommended = _simplest(kept[kept["is_as_good"]])
    taken = candidates[candidates["trial"] == recommended].iloc[0]
    parameters, verdict = varying(candidates), _verdict(not_worse, candidates, noise)
    axes = [axis for name in parameters if (axis := searched(spec, candidates, name))]
    better = -candidates["value"] if is_less_better else candidates["value"]
    return Choice(
        verdict=verdict,
        objective=objective,
        best=best,
        recommended=recommended,
        simplest=_simplest(kept),
        not_worse=not_worse,
        gives_up=float(taken["shortfall"]),
        gives_up_half_width=float(taken["shortfall" + SUFFIX]),
        noise=math.sqrt(noise.pooled),
        seeds=int(candidates["n"].iloc[0]),
        luck=_luck(kept, noise),
        p_value=noise.p_value,
        regions=regions_of(candidates, not_worse, parameters),
        edges=() if verdict == "undecided" else tuple(edges(better, axes, candidates, not_worse)),
        candidates=candidates,
    )


def _simplest(candidates: pd.DataFrame) -> int:
    """Return the trial of fewest latent dimensions, then of fewest weights; among equals, the nearest to the best."""
    sizes = [name for name in ("hidden_dim", "depth") if name in candidates]
    ranked = candidates.sort_values(["latent_dim", "weights", *sizes, "shortfall"], kind="stable")
    return int(ranked["trial"].iloc[0])


def _verdict(not_worse: Sequence[int], candidates: pd.DataFrame, noise: Noise) -> Verdict:
    if len(not_worse) == 1:
        return "decided"
    return "tied" if noise.differs and len(not_worse) < len(candidates) else "undecided"


def _luck(kept: pd.DataFrame, noise: Noise) -> float:
    """By how much the first of those that may be the best is expected to have been lucky.

    Its mean is drawn towards theirs as far as their spread is noise (James and Stein, as in Efron and Morris 1975,
    https://doi.org/10.1080/01621459.1975.10479864): estimates of that kind need no correction for selection.
    """
    falls = kept["shortfall"].to_numpy()
    if len(falls) == 1 or not noise.degrees:
        return 0.0 if noise.degrees else math.nan
    shares = pd.Series(noise.variances / noise.counts, index=noise.trials)
    share = shares[kept["trial"]].to_numpy()
    between = max(float(falls.var(ddof=1) - share.mean()), 0.0)
    drawn = share[0] / (between + share[0]) if share[0] else 0.0
    return float(drawn * falls.mean())
