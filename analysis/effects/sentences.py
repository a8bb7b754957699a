"""A parameter's effect in words."""

import pandas as pd

from analysis.effects.effects import Effects
from analysis.presentation.words import cell, listed, nats, short_label
from analysis.statistics.names import is_named


def sentence(found: Effects, means: pd.DataFrame, parameter: str) -> str:
    """Say what a parameter does: to the objective where that is known, and to the rate."""
    if means.empty:
        why = found.why_objective
        return f"Dots are trials. No effect is drawn between them: {why}."
    return " ".join([*_of_objective(found, means, parameter), *_of_rate(means, parameter)])


def reading(found: Effects, means: pd.DataFrame, parameter: str, colour: str | None) -> str:
    """Say how to read the figure of a parameter."""
    dots = f"Dots are trials, coloured by {short_label(colour)}." if colour else "Dots are trials."
    if means.empty:
        return dots
    if found.is_grid:
        return f"{_of_grid(means, parameter)} {dots}"
    mark, band = ("mark", "whiskers") if is_named(means["value"].rename(parameter)) else ("line", "band")
    best = (
        f" The orange {mark} is what is reached there with the others as is best for {found.objective.name}."
        if found.of_objective
        else ""
    )
    return (
        f"The dark {mark} is the average over the trials' other hyperparameters, by a Gaussian process; its {band} is "
        f"a 95 % interval.{best} Above each panel: how far a trial is from what the others foretell of it, and the "
        f"share of the variance between trials that is foretold. {dots}"
    )


def _of_objective(found: Effects, means: pd.DataFrame, parameter: str) -> list[str]:
    """Where the profile of the objective is at its best."""
    objective = found.objective
    rows = means[means["quantity"] == objective.column]
    if found.is_grid or rows.empty or found.of_objective is None:
        return []
    best = rows.iloc[int(rows["best"].argmin() if objective.ascending else rows["best"].argmax())]
    inside = rows["best_low"] <= best["best_high"] if objective.ascending else rows["best_high"] >= best["best_low"]
    as_good = rows.loc[inside, "value"]
    value, low, high = (cell(objective.column, float(best[name])) for name in ("best", "best_low", "best_high"))
    place = f"{short_label(parameter)} {cell(parameter, best['value'])}"
    told = f"The {short_label(objective.column)} is best at {place}: {value} ({low} to {high})"
    if len(as_good) == len(rows):
        return [f"{told}; at no value is it told from that."]
    if is_named(means["value"].rename(parameter)):
        return [f"{told}; {listed([str(name) for name in as_good])} cannot be told apart."]
    return [f"{told}; from {cell(parameter, as_good.min())} to {cell(parameter, as_good.max())} the intervals meet."]


def _of_rate(means: pd.DataFrame, parameter: str) -> list[str]:
    """How far the averaged rate moves."""
    rates = means[means["quantity"] == "rate_nats"]
    if rates.empty:
        return []
    if is_named(rates["value"].rename(parameter)):
        each = [f"{nats(mean)} with {name}" for name, mean in zip(rates["value"], rates["mean"], strict=True)]
        return [f"The mean rate in nats per image is {listed(each)}."]
    first, last = rates.iloc[0], rates.iloc[-1]
    low, high = (cell(parameter, end["value"]) for end in (first, last))
    return [
        f"From {short_label(parameter)} {low} to {high}, the mean rate goes from {nats(first['mean'])} to "
        f"{nats(last['mean'])} nats per image."
    ]


def _of_grid(means: pd.DataFrame, parameter: str) -> str:
    """What the marks of a grid are."""
    several = int(means["n"].iloc[0]) > 1
    if is_named(means["value"].rename(parameter)):
        return f"Dark marks are means over the trials of a column{', whiskers 95 % intervals over seeds' * several}."
    return f"The dark line is the mean over the trials in each column{', with a 95 % interval over seeds' * several}."
