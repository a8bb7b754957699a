"""What the recommendation of a small sweep gives up against the best of a large one: its regret, in nats.

    python -m benchmarks.choice SMALL AGAIN LARGE     folders of results

SMALL is a sweep, AGAIN the same trials with more seeds, LARGE a sweep of more trials and seeds; on the digits:

    vaekit sweep --trials 24 --seeds 3 --name small
    vaekit sweep --trials 24 --seeds 13 --name again
    vaekit sweep --trials 96 --seeds 10 --seed 1000 --name large

The recommendation is made of SMALL alone. What it is worth is told by those of AGAIN's seeds that SMALL has not: they
had no part in choosing it. What a sweep's best is worth is told without selection bias too: it is chosen by the
objective on one half of the seeds and measured on the other, in both directions. Everything is measured on the test
split. Of the regret against LARGE, `choice` is what another trial of AGAIN would have brought, `search` what only more
trials bring.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.choice.choice import choice
from analysis.frames.sweep import Sweep, open_sweep
from analysis.presentation.view import View
from analysis.statistics.selection import finished, parameters_of
from benchmarks.table import options, show
from vae.columns import Objective
from vae.errors import ResultsError

Halves = list[npt.NDArray[np.float64]]
"""Values of a mean's parts, which have one weight each."""


def recommended(small: Sweep, again: pd.DataFrame) -> tuple[int, Halves]:
    """Return the trial that SMALL recommends, and its values among AGAIN's runs."""
    view = View(small)
    trial = choice(view).recommended
    point = view.board.loc[view.board["trial"] == trial, parameters_of(small.trials)]
    runs = again.merge(point, on=list(point))
    if trial is None or len(runs) < 2:
        raise ResultsError(f"{str(small.path)!r} has no new seeds of trial {trial}: give the same trials with more")
    return trial, [runs[small.objectives[0].measured].to_numpy()]


def best(runs: pd.DataFrame, objective: Objective) -> tuple[list[int], Halves]:
    """Return the trials that are best on one half of the seeds, and their values on the other, in both directions."""
    seeds = sorted(runs["seed"].unique())
    halves = [runs[runs["seed"].isin(part)] for part in (seeds[::2], seeds[1::2])]
    trials, values = [], []
    for chosen_on, measured_on in (halves, halves[::-1]):
        means = chosen_on.groupby("trial")[objective.column].mean()
        trials.append(int(str(means.idxmin() if objective.ascending else means.idxmax())))
        values.append(measured_on.loc[measured_on["trial"] == trials[-1], objective.measured].to_numpy())
    return trials, values


def difference(first: Halves, second: Halves) -> tuple[float, float]:
    """Return the difference of two means of halves, and half its 95 % interval (Welch)."""
    mean = [float(np.mean([half.mean() for half in halves])) for halves in (first, second)]
    parts = [half.var(ddof=1) / len(half) / len(halves) ** 2 for halves in (first, second) for half in halves]
    sizes = [len(half) - 1 for halves in (first, second) for half in halves]
    variance = sum(parts)
    degrees = variance**2 / sum(part**2 / size for part, size in zip(parts, sizes, strict=True)) if variance else np.inf
    return mean[0] - mean[1], float(stats.t.ppf(0.975, degrees) * variance**0.5)


def measure(small: Sweep, again: Sweep, large: Sweep) -> list[dict[str, Any]]:
    """Return a row each: the recommendation, the best of the same trials, the best of the large sweep."""
    objective, runs = small.objectives[0], finished(again.runs)
    new = runs[~runs["seed"].isin(small.runs["seed"])]
    trial, taken = recommended(small, new)
    sign = -1.0 if objective.ascending else 1.0
    (own, of_again), (more, of_large) = best(new, objective), best(finished(large.runs), objective)
    rows = [
        {"what": "recommended", "sweep": small.name, "trials": str(trial)} | worth(taken),
        {"what": "best of the same trials", "sweep": again.name, "trials": _names(own)} | worth(of_again),
        {"what": "best of more trials", "sweep": large.name, "trials": _names(more)} | worth(of_large),
    ]
    pairs = (("choice", of_again, taken), ("search", of_large, of_again), ("regret", of_large, taken))
    for name, better, other in pairs:
        value, width = difference(better, other)
        rows.append({"what": name, "sweep": "", "trials": "", "mean": sign * value, "half_width": width, "seeds": None})
    return rows


def worth(halves: Halves) -> dict[str, Any]:
    """Return a mean with half its 95 % interval."""
    mean, width = difference(halves, [np.zeros(2)])
    return {"mean": mean, "half_width": width, "seeds": sum(map(len, halves))}


def _names(trials: list[int]) -> str:
    return ", ".join(map(str, dict.fromkeys(trials)))


def main() -> None:
    """Parse, measure, print."""
    parser = options(__doc__)
    for name in ("small", "again", "large"):
        parser.add_argument(name, type=Path, help=f"folder of the sweep {name.upper()}")
    arguments: argparse.Namespace = parser.parse_args()
    rows = measure(*(open_sweep(path) for path in (arguments.small, arguments.again, arguments.large)))
    regret = rows[-1]
    told = f"{regret['mean']:.3f} ± {regret['half_width']:.3f}"
    show(rows, [f"the recommendation gives up {told} nats against the best of more trials"], arguments.json)


if __name__ == "__main__":
    main()
