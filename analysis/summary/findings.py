"""What a sweep found, in sentences for its summary; every number also stands in a table."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from analysis.choice.contenders import contenders
from analysis.presentation.section import without_weights
from analysis.presentation.view import View
from analysis.presentation.words import cell, counted, listed, nats, number
from analysis.scores.floors import Floor, best_above_floor, is_less
from analysis.statistics.carrying import COLUMN, SHARE
from analysis.statistics.selection import varies
from analysis.statistics.states import states
from vae.errors import ResultsError

MOST_SCORES = 4
"""Scores that the summary names; the leaderboard's table has all."""


def beta_pays(means: pd.DataFrame) -> str:
    """Say from which beta on the ELBO falls; `means` is `effect(runs, "beta")`, empty text where beta is fixed."""
    elbo = means[means["quantity"] == "elbo_nats"].reset_index(drop=True)
    rate = means[means["quantity"] == "rate_nats"].reset_index(drop=True)
    if len(elbo) < 2 or elbo["mean"].isna().any():
        return ""
    top, last = int(elbo["mean"].to_numpy().argmax()), len(elbo) - 1
    place = f"{cell('beta', elbo['value'][top])} (mean ELBO {nats(elbo['mean'][top])} nats per image)"
    if top == last:
        return f"Beta pays to the end: the ELBO still rises at the largest, about {place}."
    lost, saved = elbo["mean"][top] - elbo["mean"][last], rate["mean"][top] - rate["mean"][last]
    start = "Beta pays nothing in ELBO beyond its smallest values" if top == 0 else "Beta stops paying"
    return (
        f"{start} at about {place}; from there to {cell('beta', elbo['value'][last])} the rate goes from "
        f"{nats(rate['mean'][top])} to {nats(rate['mean'][last])} nats and the ELBO to "
        f"{nats(elbo['mean'][last])}: {nats(saved)} nats of rate saved for "
        f"{nats(lost)} of ELBO."
    )


def active_dimensions(board: pd.DataFrame) -> str:
    """Say how many latent dimensions the first trial uses, how many carry its rate, and the most that any uses."""
    if board.empty or board["active_units"].isna().all():
        return ""
    first, most = board.iloc[0], board.iloc[int(board["active_units"].fillna(-1).to_numpy().argmax())]
    used, most_used = (cell("active_units", float(row["active_units"])) for row in (first, most))
    carrying = cell("active_units", float(first[COLUMN]))
    text = (
        f"In the first trial, {used} of {number(first['latent_dim'])} dimensions are active and {carrying} carry "
        f"{100 * SHARE:.0f} % of the rate"
    )
    if len(board) == 1 or not varies(board["active_units"]):
        return f"{text}."
    return (
        f"{text}; the most active in any trial are {most_used} of {number(most['latent_dim'])}, at beta "
        f"{cell('beta', most['beta'])}."
    )


def first_by_scores(view: View, floor_of: Callable[[int, str], Floor]) -> str:
    """Say which trial above its floor is first by each score, from how many it cannot be told, and where none is."""
    board, parts, nothing = view.board, [], []
    for name in [name for name in view.sweep.scores if name in board and board[name].notna().any()][:MOST_SCORES]:
        try:
            found = best_above_floor(board, name, floor_of)
        except ResultsError as error:
            why = without_weights(error, "their floors need weights, which were not kept")
            return f"By scores no trial is called first: {why}."
        if not found:
            nothing.append(name)
            continue
        runs = view.vae_runs[["trial", "seed"]].assign(value=view.vae_runs[name])
        trial, value = int(found.row["trial"]), number(float(found.row[name]), 3)
        rows, _ = contenders(runs, trial, is_less_better=is_less(name))
        tied = int((~rows["is_worse"]).sum()) - 1
        told = f", not told from {counted(tied, 'other')}" if tied else ""
        parts.append(f"{name} trial {trial} ({value}, permuted codes {number(found.floor, 3)}{told})")
    said = [f"By scores, first are: {listed(parts)}."] if parts else []
    if nothing:
        said.append(f"No trial is first by {listed(nothing)}: none rises above the floor of permuted codes.")
    return " ".join(said)


def not_complete(trials: pd.DataFrame, spec: Mapping[str, Any]) -> str:
    """Say what was pruned or failed, and why; empty where nothing was."""
    counts = dict(states(trials).itertuples(index=False, name=None))
    parts = []
    if counts["PRUNED"]:
        pruner = str(spec.get("pruner", "")) or "unnamed"
        parts.append(f"The {pruner} pruner stopped trials that others beat at equal epochs.")
    if counts["FAIL"]:
        reasons = str(trials.loc[trials["state"] == "FAIL", "error"].iloc[0]).splitlines()
        parts.append(f"The first failure: {reasons[0].rstrip('.') if reasons else 'no reason was kept'}.")
    return " ".join(parts)
