"""Which runs an analysis is about, and which hyperparameters set them apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vae.parameters import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

    from analysis.frames.sweep import Sweep


def parameters_of(frame: pd.DataFrame) -> list[str]:
    """Return the hyperparameters that have a column in a frame, in the order of vae's table."""
    return [name for name in PARAMETERS if name in frame]


def varying(frame: pd.DataFrame) -> list[str]:
    """Return the hyperparameters of a frame that have more than one value."""
    return [name for name in parameters_of(frame) if varies(frame[name])]


def beta_first(names: Iterable[str]) -> list[str]:
    """Return hyperparameters with beta before the others: it says where on the plane a trial is."""
    return sorted(names, key=lambda name: name != "beta")


def varies(values: pd.Series) -> bool:
    """Whether a parameter has more than one value."""
    return bool(values.min() < values.max())


def finished(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the VAE runs that were trained to the end: those with a rate and an ELBO."""
    return runs[(runs["state"] == "COMPLETE") & (runs["model"] == "vae")]


def complete_runs(sweep: Sweep) -> pd.DataFrame:
    """Return the runs of COMPLETE trials: what every section shows, so that all agree with the leaderboard."""
    complete = sweep.trials.loc[sweep.trials["state"] == "COMPLETE", "trial"]
    return sweep.runs[sweep.runs["trial"].isin(complete)]
