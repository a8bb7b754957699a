"""Posterior collapse: the share of latent dimensions that equal the prior, by how near they must come to it."""

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.frames.sweep import Sweep
from analysis.statistics.gaussians import kl_nats
from analysis.statistics.intervals import replicates
from analysis.statistics.selection import parameters_of
from vae.columns import COLLAPSE_SHARE
from vae.errors import VaekitError

EPSILONS_NATS: Float64 = np.logspace(-3, 0, 61)
"""Thresholds of the collapse curve, in nats."""
MOST_IMAGES = 10_000
"""Of the test split, evenly taken."""


def collapse_curve(
    kl: Float64, epsilons_nats: Float64 = EPSILONS_NATS, delta: float = 1.0 - COLLAPSE_SHARE
) -> pd.DataFrame:
    """Return the share of dimensions that are (epsilon, delta)-collapsed, by epsilon_nats, a row each.

    `kl` is (image, latent) in nats. A dimension is collapsed where its KL is below epsilon on a share of at least
    1 - delta of the images (Lucas et al. 2019, arXiv 1911.02469, definition 1).
    """
    # ceil(0.99 N), which floating point must not make one too many
    needed = int(np.ceil((1.0 - delta) * len(kl) - 1e-9))
    reached = np.partition(kl, needed - 1, axis=0)[needed - 1]
    shares = (reached < epsilons_nats[:, None]).mean(axis=1)
    return pd.DataFrame({"epsilon_nats": epsilons_nats, "collapsed_share": shares})


def collapse_curves(sweep: Sweep, runs: pd.DataFrame, best: list[int]) -> pd.DataFrame:
    """Return the collapse curve (mean and half-width over seeds) of the first trial and of the two extremes of beta.

    `runs` are the finished VAE runs, `best` those of the first trial. Runs whose weights were not kept are left out.
    """
    ordered = runs.sort_values(["beta", "trial"])
    trials = [*runs.loc[runs["run"].isin(best), "trial"].head(1), *ordered["trial"].iloc[[-1, 0][: 2 * len(ordered)]]]
    names = dict(zip(reversed(trials), reversed(("first", "highest beta", "lowest beta")), strict=False))
    parts = []
    for _, row in runs[runs["trial"].isin(trials)].iterrows():
        try:
            images = sweep.images("test", sweep.thinned("test", MOST_IMAGES))
            curve = collapse_curve(kl_nats(*sweep.run(int(row["run"])).encode(images)))
        except VaekitError:
            continue
        parts.append(curve.assign(standing=names[row["trial"]], **row[["trial", *parameters_of(runs)]]))
    columns = ["standing", "trial", *parameters_of(runs), "epsilon_nats", "collapsed_share"]
    return replicates(pd.concat(parts), columns[:-1], columns[-1:]) if parts else pd.DataFrame(columns=columns)
