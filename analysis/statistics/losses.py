"""Which loss each run minimised: analyses that presume D + beta R ask."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from vae.loss_table import WEIGHS_RATE
from vae.parameters import PARAMETERS

FIRST_VERSION = {"loss": "beta_vae", "capacity": "25"}
"""Of sweeps that were made before there was a choice."""


def with_losses(spec: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the columns `loss` and `capacity` (nats), whether the sweep varies them or not."""
    fixed = {name: spec.get(name, value) for name, value in FIRST_VERSION.items() if name not in runs}
    runs = runs.assign(**fixed)
    return runs.assign(capacity=pd.to_numeric(runs["capacity"], errors="coerce"))


def weigh_rate(spec: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs whose loss is D + beta R, of which alone beta is the price of a nat of rate."""
    return runs[with_losses(spec, runs)["loss"].isin(WEIGHS_RATE)]


def are_all_of_rate(spec: Mapping[str, Any], runs: pd.DataFrame) -> bool:
    """Whether every run's loss is D + beta R."""
    return len(weigh_rate(spec, runs)) == len(runs)


def differs_by_loss(parameter: str, varying: Collection[str]) -> bool:
    """Whether a hyperparameter means something else under each of the losses of a sweep: what it does is not pooled."""
    return PARAMETERS[parameter].of_loss and "loss" in varying
