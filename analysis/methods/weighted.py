"""The runs of a sweep by loss and weight: what the comparisons of this folder read."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.effects.effect import effect
from analysis.statistics.intervals import replicates
from analysis.statistics.losses import with_losses
from analysis.statistics.names import levels
from analysis.statistics.selection import finished, parameters_of, varies, varying
from vae.loss_table import LOSSES


def weighted(spec: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the finished VAE runs with `loss`, `weight` and `weight_of`, which says what hyperparameter that is.

    A loss's weight is its beta; of annealed_vae, where its beta does not vary, the capacity in nats. What became the
    weight, or is not read by the loss, is 0 in its runs.
    """
    parts = [_of_loss(part, str(loss)) for loss, part in with_losses(spec, finished(runs)).groupby("loss")]
    return pd.concat(parts).sort_index() if parts else runs.iloc[:0].assign(loss="", weight=0.0, weight_of="")


def _of_loss(runs: pd.DataFrame, loss: str) -> pd.DataFrame:
    if loss not in LOSSES or not LOSSES[loss].usual_capacity:  # a folder may name any
        runs = runs.assign(capacity=0.0)
    name = "capacity" if varies(runs["capacity"]) and not varies(runs["beta"]) else "beta"
    return runs.assign(weight=runs[name].astype(float), weight_of=name, **{name: 0.0})


def losses_of(runs: pd.DataFrame) -> list[str]:
    """Return the losses of weighted runs, in the order of vae's table."""
    return levels(runs["loss"])


def others(runs: pd.DataFrame) -> list[str]:
    """Return the hyperparameters that vary within a loss, beside its weight."""
    names = [name for name in parameters_of(runs) if name != "loss"]
    within = [varying(part[names]) for _, part in runs.groupby("loss")]
    return [name for name in names if any(name in found for found in within)]


def by_seed(runs: pd.DataFrame, quantity: str, keys: Sequence[str]) -> pd.DataFrame:
    """Return a quantity's mean over whatever else varies: a row for each value of the keys, a column a seed.

    A setting that lacks a value for some seed takes no part.
    """
    finest = list(dict.fromkeys([*keys, "loss", "weight", *others(runs)]))
    settings = runs.pivot_table(index=finest, columns="seed", values=quantity).dropna()
    return settings.groupby(level=list(keys)).mean()


def trials_of(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return one row a trial of weighted runs: its loss and weight, and means and half-widths over n seeds."""
    return replicates(runs, ["trial", "loss", "weight", "weight_of"], quantities)


def over_weights(runs: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """Return each quantity's mean at each weight of each loss, with a 95 % interval, as `effect` has it."""
    parts = []
    for loss in losses_of(runs):
        own = runs[runs["loss"] == loss]
        name = str(own["weight_of"].iloc[0])
        parts.append(effect(own.assign(**{name: own["weight"]}), name, quantities).assign(loss=loss, weight_of=name))
    table = pd.concat(parts, ignore_index=True)
    return table[["loss", "weight_of", *(column for column in table if column not in ("loss", "weight_of"))]]
