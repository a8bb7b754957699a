"""Paired differences over seeds: between the weights of a loss, and between losses."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.arrays import Float64
from analysis.methods.weighted import by_seed, losses_of, others
from analysis.statistics.intervals import LEVEL, SUFFIX, half_width
from vae.columns import SAMPLED, SCORES

WEIGHT_COLUMNS = ("quantity", "loss", "weight_of", "weight", "than")
LOSS_COLUMNS = ("quantity", "loss", "than", "at")
MEASURED = ("difference", "difference" + SUFFIX, "among_all" + SUFFIX, "is_told", "n")
ROWS = 20
"""Pairs that a figure and a page have room for."""
AT = ("mean over weights", "best weight by the other seeds")
"""Where losses are compared: over all of their weights, and each at the setting that is best without the seed."""


def between_weights(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return the difference of each two weights of a loss, the larger less the smaller one `than`, over seeds.

    WEIGHT_COLUMNS, then MEASURED: the mean difference of the n seeds that both have, over settings that differ in the
    weight alone; its Student half-width (95 %); the half-width as wide as Bonferroni asks for all pairs of all losses,
    and whether that one's interval excludes 0, which noise alone brings about in any of them one time in twenty.
    Nothing is told of one seed.
    """
    rows = []
    of_loss = {loss: runs[runs["loss"] == loss] for loss in losses_of(runs)}
    for quantity in quantities:
        found = [(loss, *pair) for loss, own in of_loss.items() for pair in _pairs(own, quantity)]
        for (loss, (low, high), _), measured in zip(found, _measured([seeds for *_, seeds in found]), strict=True):
            names = {"quantity": quantity, "loss": loss, "weight_of": of_loss[loss]["weight_of"].iloc[0]}
            rows.append(names | {"weight": high, "than": low} | measured)
    return pd.DataFrame(rows, columns=[*WEIGHT_COLUMNS, *MEASURED])


def _pairs(runs: pd.DataFrame, quantity: str) -> Iterator[tuple[tuple[float, float], Float64]]:
    """Yield two weights and the differences of the seeds, over the settings that have both."""
    table = by_seed(runs, quantity, ["loss", *others(runs), "weight"])
    of_weight = {
        weight: table.xs(weight, level="weight") for weight in sorted(set(table.index.get_level_values("weight")))
    }
    for low, high in combinations(of_weight, 2):
        differences = (of_weight[high] - of_weight[low]).dropna().to_numpy(float)
        if differences.size:
            yield (low, high), differences.mean(axis=0)


def between_losses(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return the difference of each two losses, the later one of vae's table less the earlier one `than`, over seeds.

    LOSS_COLUMNS, then MEASURED as in `between_weights`, for all pairs of losses, AT two places: the means over all of
    a loss's settings, and each seed's value at the setting that is best on average over the other seeds, so that a
    loss gains nothing by the luck with which its setting was chosen. Beta weighs other things in other losses, so that
    they are not compared at equal beta.
    """
    rows = []
    for quantity in quantities:
        found = [
            (later, earlier, at, values[later] - values[earlier])
            for at, values in _at_places(runs, quantity).items()
            for earlier, later in combinations(values, 2)
        ]
        for (*names, _), measured in zip(found, _measured([seeds for *_, seeds in found]), strict=True):
            rows.append(dict(zip(LOSS_COLUMNS, (quantity, *names), strict=True)) | measured)
    return pd.DataFrame(rows, columns=[*LOSS_COLUMNS, *MEASURED])


def _at_places(runs: pd.DataFrame, quantity: str) -> dict[str, dict[str, Float64]]:
    """Each loss's values (seed,) of the seeds that all losses have, AT the places where there are any."""
    keys, losses = ["weight", *others(runs)], losses_of(runs)
    tables = [by_seed(runs[runs["loss"] == loss], quantity, keys) for loss in losses]
    shared = sorted(set.intersection(*(set(table.columns) for table in tables)))
    values = [table[shared].to_numpy(float) for table in tables]
    if not shared or not all(map(len, values)):
        return {}
    places = {AT[0]: [table.mean(axis=0) for table in values]}
    if len(shared) > 1:
        places[AT[1]] = [_best_of_others(table, _is_less(quantity)) for table in values]
    return {at: dict(zip(losses, of_losses, strict=True)) for at, of_losses in places.items()}


def first_and_told(table: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of the first quantity, and those that are told, at most ROWS of either."""
    first: pd.DataFrame = table[table["quantity"] == table["quantity"].iloc[0]].head(ROWS)
    told: pd.DataFrame = table[table["is_told"] & ~table.index.isin(first.index)].head(ROWS)
    return pd.concat([first, told])


def _is_less(quantity: str) -> bool:
    """Whether less of a quantity is better."""
    return SCORES.get(quantity.removesuffix(SAMPLED)) == "minimize"


def _best_of_others(values: Float64, is_less: bool) -> Float64:
    """Each seed's value (seed,) at the setting that is best by the mean of the other seeds, of (setting, seed)."""
    of_others = values.sum(axis=1, keepdims=True) - values
    best = of_others.argmin(axis=0) if is_less else of_others.argmax(axis=0)
    chosen: Float64 = values[best, np.arange(values.shape[1])]
    return chosen


def _measured(differences: Sequence[Float64]) -> Iterator[dict[str, object]]:
    """Yield MEASURED of each of some paired differences (seed,), which were all looked at."""
    level = 1 - (1 - LEVEL) / max(len(differences), 1)
    for seeds in differences:
        n = len(seeds)
        mean = float(seeds.mean())
        deviation = pd.Series([seeds.std(ddof=1) if n > 1 else np.nan])
        width, among_all = (float(half_width(deviation, pd.Series([n]), at)[0]) for at in (LEVEL, level))
        yield dict(zip(MEASURED, (mean, width, among_all, abs(mean) > among_all, n), strict=True))
