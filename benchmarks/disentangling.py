"""What a sweep of several losses, betas and seeds says of disentanglement: a table, the differences, and a figure.

    python -m benchmarks.disentangling results/quick-disentangling [--figure FILE.svg] [--json FILE]

A row a loss and weight: means over seeds of scores, of the part that each factor has in MIG (`gap_FACTOR`) and of UDR,
with the half-widths of their 95 % intervals. Then the paired differences over seeds between weights and between losses,
as the report has them: `is_told` where the interval that is as wide as all the pairs looked at ask excludes 0. Codes
are encoded again from the kept weights.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.frames.sweep import Sweep, open_sweep
from analysis.methods.differences import between_losses, between_weights
from analysis.methods.figures import INKS, MARKS
from analysis.methods.weighted import losses_of, trials_of, weighted
from analysis.presentation.style import INK, LINES, new_figure, saved, scale_x, styled
from analysis.scores.across_runs import ACROSS_RUNS
from analysis.scores.after_sweep import score_sweep
from analysis.scores.of_codes import score_codes
from analysis.statistics.intervals import SUFFIX
from benchmarks.table import options, show

GAP = "gap_"
SCORES = ("mig", "dci_disentanglement")
TOTALS = ("active_units", "rate_nats", "distortion_nats")


def main() -> None:
    """Print two tables."""
    parser = options(__doc__)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw the first table here")
    arguments = parser.parse_args()
    sweep = open_sweep(arguments.sweep)
    runs = weighted(sweep.spec, sweep.runs.drop(columns=list(SCORES), errors="ignore").merge(_scores(sweep), on="run"))
    gaps = [GAP + factor for factor in sweep.factor_names]
    told = [*SCORES, *gaps, ACROSS_RUNS]
    trials = trials_of(runs, [*told, *TOTALS]).sort_values(["loss", "weight"])
    if arguments.figure:
        arguments.figure.write_bytes(saved(_figure(trials, runs, gaps), "svg"))
    differences = pd.concat([between_weights(runs, told), between_losses(runs, told)])
    columns = ["loss", "weight", "n", *(name for of in told for name in (of, of + SUFFIX)), *TOTALS]
    notes = ["", differences.to_string(index=False, na_rep="-", float_format="{:.3f}".format)]
    show(
        [dict(zip(columns, row, strict=True)) for row in trials[columns].itertuples(index=False)], notes, arguments.json
    )


def _scores(sweep: Sweep) -> pd.DataFrame:
    """Return a row a run: SCORES, the gap of each factor, and UDR."""
    rows = []
    for run in sweep.runs["run"]:
        scores = score_codes(SCORES, sweep.scored_codes(run))
        gaps = zip(sweep.factor_names, np.asarray(scores["mig"].per_factor), strict=True)
        of_run = {name: float(score) for name, score in scores.items()}
        rows.append({"run": run} | of_run | {GAP + factor: float(gap) for factor, gap in gaps})
    across = score_sweep(sweep, ACROSS_RUNS)[["run", "value"]].rename(columns={"value": ACROSS_RUNS})
    return pd.DataFrame(rows).merge(across, on="run", how="left")


@styled
def _figure(trials: pd.DataFrame, runs: pd.DataFrame, gaps: Sequence[str]) -> Figure:
    """Draw each score over beta, seeds as dots and means with intervals by loss, and the gaps of the first loss."""
    figure = new_figure(2.6)
    *of_scores, of_gaps = figure.subplots(1, len(SCORES) + 1)
    losses = losses_of(trials)
    for score, axes in zip(SCORES, of_scores, strict=True):
        for place, loss in enumerate(losses):
            beside = 1 + 0.03 * (place - (len(losses) - 1) / 2)
            own, seeds = trials[trials["loss"] == loss], runs[runs["loss"] == loss]
            axes.scatter(seeds["weight"] * beside, seeds[score], s=5, color=INKS[loss], alpha=0.4, linewidths=0)
            axes.errorbar(own["weight"] * beside, own[score], own[score + SUFFIX], fmt=MARKS[loss], linestyle="-",
                          color=INKS[loss], markersize=4, label=loss, zorder=3)  # fmt: skip
        axes.set_ylabel(score)
    of_scores[0].legend(loc="upper left")
    own = trials[trials["loss"] == losses[0]]
    for place, gap in enumerate(gaps):
        of_gaps.errorbar(own["weight"], own[gap], own[gap + SUFFIX], fmt=".", color=INK, alpha=1 - 0.2 * place,
                      linestyle=LINES[place % len(LINES)], label=gap.removeprefix(GAP))  # fmt: skip
    of_gaps.set_ylabel(f"gap of a factor, {losses[0]}")
    of_gaps.legend(loc="upper left")
    for axes in (*of_scores, of_gaps):
        scale_x(axes, trials["weight"].rename("beta"))
        axes.set_xlabel("beta")
    return figure


if __name__ == "__main__":
    main()
