"""The sentences of a report, in plain text; every number in them also stands in a table."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.frames.sweep import Sweep
from analysis.importance.shares import EVALUATOR
from analysis.presentation.words import counted, interval, listed, number
from analysis.statistics.intervals import SUFFIX
from analysis.statistics.states import is_complete, states
from analysis.summary import findings
from vae.columns import PARAMETERS, Objective

NAMES = {"latent_dim": "latent dimensions", "beta": "beta", "hidden_dim": "hidden width"}
STATES = "A trial is complete when all its seeds stayed finite."
RUNS = "One row a run: a trial with one seed, its parameters and everything that was measured."
MODES = {
    "explore": "Mode explore covers the space and prunes nothing: the search does not bias the curves below.",
    "optimize": "Mode optimize looks where the objective is good, so the curves below show where the search "
    "went: they are a biased rate-distortion curve.",
}


def summary(sweep: Sweep, board: pd.DataFrame, beta_means: pd.DataFrame) -> Iterator[str]:
    """Yield the paragraphs of the summary; `beta_means` is the effect of beta."""
    yield _swept(sweep.spec)
    yield _best(board, sweep.objectives, int(sweep.spec["seeds"]))
    found = [findings.active_dimensions(board), findings.best_by_scores(board, sweep.scores)]
    yield from [" ".join(filter(None, [findings.beta_pays(beta_means), *found]))] if not board.empty else []
    yield " ".join(filter(None, [_progress(sweep), findings.not_complete(sweep.trials, sweep.spec)]))
    yield "Every comparison is at beta = 1: the ELBO is −R − D, whatever beta weighted R in training."


def _swept(spec: Mapping[str, Any]) -> str:
    axes = {name: str(spec[name]) for name in PARAMETERS}
    varied = [f"{NAMES[name]} {_axis(axis)}" for name, axis in axes.items() if _varies(axis)]
    fixed = [f"{NAMES[name]} {axis}" for name, axis in axes.items() if not _varies(axis)]
    parts = [f"{listed(varied)} varied" if varied else "", f"{listed(fixed)} fixed" if fixed else ""]
    likelihood = str(spec["likelihood"]).replace("_", " ")
    length = f"{counted(int(spec['epochs']), 'epoch')}, {counted(int(spec['seeds']), 'seed')} a trial"
    twin = ", and with each its autoencoder twin," if "ae" in str(spec.get("models", "")).split(",") else ""
    text = (
        f"A variational autoencoder with a {likelihood} likelihood{twin} on {spec['data']}, {length}: "
        f"{', '.join(part for part in parts if part)}."
    )
    if spec["likelihood"] == "bernoulli" and spec.get("binarize", "none") == "none":
        text += " Where pixels are grey, the distortion is their cross-entropy and not −log p(x|z)."
    return text


def _varies(axis: str) -> bool:
    return ":" in axis or "," in axis


def _axis(axis: str) -> str:
    if "," in axis:
        return listed([part.strip() for part in axis.split(",")])
    low, high, *rest = axis.split(":")
    return f"{low} to {high}{' (logarithmic)' if rest else ''}"


def _best(board: pd.DataFrame, objectives: Sequence[Objective], seeds: int) -> str:
    if board.empty:
        return "No trial is complete, so nothing is ranked and the figures are left out."
    first = {str(name): value for name, value in board.head(1).to_dict(orient="records")[0].items()}
    what = ", ".join(f"{NAMES[name]} {number(first[name])}" for name in PARAMETERS)
    over = f" (mean over {seeds} seeds, ± a 95 % interval)" if seeds > 1 else " (one seed, so no interval)"
    scores = listed([_score(first, objective.column) for objective in objectives])
    reached = f"trial {first['trial']} with {what}: {scores}{over}."
    if len(objectives) == 1:
        test = _score(first, "elbo_nats").replace("ELBO", "ELBO on the test split, which took no part in this:")
        return f"Best is {reached} Its {test}."
    front = int((~board["dominated"].astype(bool)).sum())
    start = f"{counted(front, 'trial')} of {len(board)} {'is' if front == 1 else 'are'} dominated by no other."
    return f"{start} First of them by {objectives[0].name} is {reached}"


def _score(row: Mapping[str, Any], column: str) -> str:
    words = column.removesuffix("_nats").replace("_", " ").replace("elbo", "ELBO")
    unit = " nats per image" if column.endswith("_nats") else ""
    return f"{words} {interval(row[column], row[column + SUFFIX])}{unit}"


def _progress(sweep: Sweep) -> str:
    counts = states(sweep.trials).set_index("state")["trials"]
    asked = max(int(sweep.spec["trials"]), len(sweep.trials))
    text = (
        f"{counts['COMPLETE']} of {counted(asked, 'trial')} complete, {counts['PRUNED']} pruned, "
        f"{counts['FAIL']} failed. "
    )
    if not is_complete(sweep.trials, sweep.spec):
        text += "The sweep is incomplete: the same command goes on with what is missing. "
    return text + MODES.get(str(sweep.spec.get("mode")), "")


def effect(means: pd.DataFrame, parameter: str, colour: str | None) -> str:
    """Say how to read a parameter's effect, and how far its means moved."""
    rates = means[means["quantity"] == "rate_nats"]
    first, last = rates.iloc[0], rates.iloc[-1]
    binned = bool((rates["lowest"] < rates["highest"]).any())
    places = f"each of {len(rates)} bins of about equally many trials" if binned else "each column"
    band = ", with a 95 % interval over seeds" if int(first["n"]) > 1 else ""
    dots = f" Dots are trials, coloured by {NAMES[colour]}." if colour else " Dots are trials."
    return (
        f"The dark line is the mean over the trials in {places}{band}; the other parameters differ from "
        f"trial to trial.{dots} From {NAMES[parameter]} {number(first['value'])} to {number(last['value'])}, "
        f"the mean rate goes from {number(first['mean'])} to {number(last['mean'])} nats per image."
    )


def learning(curves: pd.DataFrame) -> str:
    """Say how to read the learning curves."""
    band = " Bands are 95 % intervals over seeds." if curves["elbo_nats" + SUFFIX].notna().any() else ""
    return (
        "A curve that still climbs at the right asks for more epochs; a gap that widens between train and "
        f"validation is overfitting. Best, median and worst are by the leaderboard.{band} The first tenth of "
        "the epochs may lie outside the frame."
    )


def importance(table: pd.DataFrame) -> str:
    """Say how to read the importances, and which parameter leads."""
    first = table[table["objective"] == table["objective"].iloc[0]]
    top = first.loc[first["total"].idxmax()]
    return (
        f"How much of the variance of the objective between trials each parameter explains, by {EVALUATOR}: alone "
        "(main), and with every interaction it takes part in (total). Bars are medians over bootstrap resamples of "
        f"{top['trials']} trials, whiskers the middle 95 % of them. {NAMES[top['parameter']].capitalize()} leads "
        f"{top['objective']} with {number(top['total'], 2)} ({number(top['total_low'], 2)} to "
        f"{number(top['total_high'], 2)}). A share depends on the ranges that were swept."
    )


def kl_by_rank(order: str) -> str:
    """Say how to read the KL per dimension."""
    return (
        f"Each row is a trial, from the smallest {NAMES[order]} at the top; its dimensions are sorted by KL, "
        "so the bright part shows how many carry the rate and the dark part those that collapsed onto the "
        "prior. Cells are blank where a trial has no such dimension. Values are means over seeds on the test "
        "split."
    )


def leaderboard(objectives: Sequence[Objective]) -> str:
    """Say how the leaderboard is ordered."""
    words = listed([f"{o.name} ({o.direction}d)" for o in objectives])
    how = f"Ordered by {words}" if len(objectives) == 1 else f"Trials that no other dominates in {words} come first"
    return (
        f"All complete trials. {how} on the validation split; R, D, ELBO and active units are on the test split. "
        "Nats are per image; means over seeds, ± a 95 % interval where there are several."
    )


def failures(count: int, shown: int) -> str:
    """Say how many trials failed."""
    part = "" if shown == count else f" The first {shown} are listed."
    return f"{counted(count, 'trial')} failed and took no part in any figure.{part}"


def command(sweep: Sweep) -> str:
    """Return the command that makes the sweep again from its resolved spec, beside this one."""
    return shlex.join(["vaekit", "sweep", str(sweep.folder.spec), "--out", "again"])


def provenance(sweep: Sweep) -> pd.DataFrame:
    """Return every key of the spec and of the provenance with its value, nested keys joined by dots."""
    files = {"sweep.toml": sweep.spec, "provenance.json": sweep.provenance}
    rows = [(file, key, value) for file, content in files.items() for key, value in _pairs(content)]
    return pd.DataFrame(rows, columns=["file", "key", "value"])


def _pairs(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            value = {str(number): item for number, item in enumerate(value, 1)}
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", text) for inner, text in _pairs(value))
        else:
            yield key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
