"""What is said of losses and weights, from the tables."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.methods.ranking import ALL
from analysis.presentation.words import cell, counted, interval, label, listed, nats
from analysis.statistics.intervals import SUFFIX
from vae.columns import RATE_PARTS

PARTS = {
    "distortion_nats": label("distortion_nats"),
    RATE_PARTS[0]: "index-code information (nats)",
    RATE_PARTS[1]: "total correlation (nats)",
    RATE_PARTS[2]: "dimension-wise KL (nats)",
}
"""What losses are compared by at equal rate, as an axis has it."""
NAMED = 3
"""Differences that are said one by one."""


def highest(table: pd.DataFrame, quantity: str) -> str:
    """Say where each loss's mean of a quantity is highest; `table` is `over_weights`."""
    tops = []
    for loss, rows in table[table["quantity"] == quantity].groupby("loss", sort=False):
        top = rows.sort_values("mean", ascending=False, kind="stable").to_dict("records")[0]
        width = interval(top["mean"], top["high"] - top["mean"])
        tops.append(f"{width} of {loss} at {top['weight_of']} {cell('beta', top['value'])}")
    return f"The highest mean {quantity} is {listed(tops)}."


def at_equal_rate(table: pd.DataFrame) -> str:
    """Say what losses differ by at equal rate; `table` is `equal_rate.at_equal_rate`."""
    lines = []
    for _, rows in table[table["quantity"].isin(PARTS)].groupby(["loss", "than"], sort=False):
        first = rows.to_dict("records")[0]
        said = [
            f"{interval(row['difference'], row['difference' + SUFFIX])} of {PARTS[row['quantity']].partition(' (')[0]}"
            for row in rows.to_dict("records")
        ]
        span = f"{nats(first['rate_low_nats'])} to {nats(first['rate_high_nats'])}"
        lines.append(f"At equal rate, {span} nats, {first['loss']} differs from {first['than']} by {listed(said)}.")
    return "\n\n".join(lines)


def explained(table: pd.DataFrame) -> str:
    """Say what explains the first quantity of `shares_of_variance`; empty where nothing is known."""
    rows = table[table["quantity"] == table["quantity"].iloc[0]].to_dict("records") if len(table) else []
    said = [
        f"the {row['source'].replace('_', ' ')}{'' if place else ' explains'} "
        f"{interval(100 * row['share'], 100 * row['share' + SUFFIX], decimals=0)} %"
        for place, row in enumerate(rows)
    ]
    return f"Of the variance of {rows[0]['quantity']} over runs, {listed(said)}." if rows else ""


def told(table: pd.DataFrame, quantities: Sequence[str]) -> str:
    """Say how many differences of each quantity exclude 0 although all were looked at, and which are the clearest."""
    counts = []
    for quantity in quantities:
        rows = table[table["quantity"] == quantity]
        counts.append(f"{int(rows['is_told'].sum()) or 'none'} of {len(rows)} in {quantity}")
    clearest = table.assign(ratio=table["difference"].abs() / table["among_all" + SUFFIX])
    clearest = clearest[clearest["is_told"] & clearest["quantity"].isin(quantities)]
    said = [_difference(row) for row in clearest.sort_values("ratio", ascending=False).head(NAMED).to_dict("records")]
    return f"Differences told from noise, with all pairs looked at: {listed(counts)}." + "".join(said)


def _difference(row: Mapping[Hashable, Any]) -> str:
    if "weight" in row:
        pair = f"{cell('beta', row['weight'])} − {cell('beta', row['than'])}"
        what = f"{row['loss']} at {row['weight_of']} {pair}"
    else:
        what = f"{row['loss']} − {row['than']} ({row['at']})"
    return f" In {row['quantity']}, {what} is {interval(row['difference'], row['difference' + SUFFIX])}."


def ranked(table: pd.DataFrame, quantities: Sequence[str], trials: int) -> str:
    """Say how UDR ranks the trials beside some scores; `table` is `agreement`."""
    said = []
    for row in table[(table["loss"] == ALL) & table["score"].isin(quantities)].to_dict("records"):
        middle, low, high = (interval(row[name], math.nan) for name in ("rank_correlation", "low", "high"))
        said.append(f"{middle} with {row['score']}" + (f" ({low} to {high})" if not math.isnan(row["low"]) else ""))
    return f"Over {counted(trials, 'trial')} UDR has a rank correlation of {listed(said)}."
