"""What explains a score: the shares of its variance that the loss, its weight and the seed have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.methods.weighted import by_seed, losses_of, others
from analysis.statistics.intervals import SUFFIX, jackknife_half_width

COLUMNS = ("quantity", "source", "share", "share" + SUFFIX, "settings", "n")


def shares_of_variance(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return, of each quantity, the share of its variance over weighted runs that each source has: COLUMNS.

    The sources are `loss` (where there are several), `weight` (the settings within a loss; the hyperparameters that
    vary beside the weight are named with it) and `seed`, what is left. They are the sums of squares of a nested
    analysis of variance over all of theirs, less what noise alone would give them (epsilon squared, Kelley 1935), so
    that of noise only the seed's is above 0 on average; one may fall below 0. The half-width (95 %) is the jackknife's
    over the n seeds; NaN for two. No row for fewer, for a single setting, and for what does not vary.
    """
    names = ["weight", *others(runs)]
    rows = []
    for quantity in quantities:
        table = by_seed(runs, quantity, ["loss", *names])
        values, losses = table.to_numpy(float), table.index.get_level_values("loss").to_numpy()
        settings, seeds = values.shape
        if min(settings, seeds) < 2 or not np.ptp(values):
            continue
        shares = _shares(values, losses)
        without_one = [_shares(np.delete(values, seed, axis=1), losses) for seed in range(seeds if seeds > 2 else 0)]
        widths = jackknife_half_width(np.array(without_one).reshape(-1, 3))
        sources = ("loss", ", ".join(names), "seed")
        for source, share, width in zip(sources, shares, widths, strict=True):
            if source != "loss" or len(losses_of(runs)) > 1:
                rows.append((quantity, source, share, width, settings, seeds))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Return shares of variance with a row a quantity: a column, with its half-width, a source."""
    wide = table[["quantity"]].drop_duplicates(ignore_index=True)
    for source in table["source"].unique():
        own = table[table["source"] == source].reset_index(drop=True)
        wide = wide.assign(**{f"of_{source}": own["share"], f"of_{source}{SUFFIX}": own["share" + SUFFIX]})
    return wide


def _shares(values: Float64, losses: np.ndarray) -> Float64:
    """The shares of loss, setting within a loss, and seed, of values (setting, seed)."""
    settings, seeds = values.shape
    mean, of_setting = values.mean(), values.mean(axis=1)
    of_loss = np.array([of_setting[losses == loss].mean() for loss in losses])
    noise = values - of_setting[:, None] - values.mean(axis=0) + mean
    noise_square = np.square(noise).sum() / ((settings - 1) * (seeds - 1))
    groups = len(set(losses))
    between = seeds * np.square(of_loss - mean).sum() - (groups - 1) * noise_square
    within = seeds * np.square(of_setting - of_loss).sum() - (settings - groups) * noise_square
    total = np.square(values - mean).sum()
    return np.array([between, within, total - between - within]) / (total or np.nan)
