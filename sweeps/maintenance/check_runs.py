"""Whether one finished run says what a run of its trial can say."""

from collections.abc import Iterator, Mapping
from math import isclose, isfinite
from typing import Any

import numpy as np

from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from vae.columns import ACTIVE_VARIANCE, TOTALS
from vae.config import RunConfig
from vae.errors import VaekitError
from vae.files.records import parameter_column
from vae.networks import network_of
from vae.networks.padding import Shape
from vae.own.source import unnamed
from vae.parameters import is_own

MEASURED_BY_AE = ("distortion_nats", "validation_distortion_nats")
"""An autoencoder has no rate."""


def run_problems(row: Mapping[str, Any], run: Run, spec: Spec) -> Iterator[str]:
    """Yield what is wrong with a run's row of its stack's table, given the run that its trial asked for."""
    asked = {"trial": run.trial, "seed": run.config.seed, "model": run.config.model}
    asked |= {parameter_column(axis.name): getattr(run.config, axis.name) for axis in spec.axes}
    for name, value in asked.items():
        if row.get(name) != value:
            yield f"{name} must be {value}, got {row.get(name)}"
    epochs = len(row["history.seconds"])
    if row["state"] == "FAIL" and not row["error"]:
        yield "it failed without a reason"
    if row["state"] == "PRUNED" and epochs not in spec.rungs:
        yield f"a pruned run must end at one of the epochs {', '.join(map(str, spec.rungs))}, got {epochs}"
    if row["state"] == "COMPLETE":
        if spec.epochs not in ("auto", epochs):
            yield f"a finished run must have {spec.epochs} epochs, got {epochs}"
        if len(row["dims.kl_nats"]) != run.config.latent_dim:
            yield f"a finished run must have {run.config.latent_dim} dimensions, got {len(row['dims.kl_nats'])}"
        yield from _total_problems(row, run.config.model)


def _total_problems(row: Mapping[str, Any], model: str) -> Iterator[str]:
    for name in TOTALS if model == "vae" else MEASURED_BY_AE:
        if not isfinite(row[name]):
            yield f"{name} of a finished run must be finite, got {row[name]}"
    if model != "vae":
        return
    for prefix in ("", "validation_"):
        elbo, parts = row[f"{prefix}elbo_nats"], row[f"{prefix}rate_nats"] + row[f"{prefix}distortion_nats"]
        if isfinite(elbo) and not isclose(elbo, -parts, rel_tol=1e-6, abs_tol=1e-6):
            yield f"{prefix}elbo_nats must be -(rate + distortion), {-parts:.6g}, got {elbo:.6g}"
    active = sum(variance > ACTIVE_VARIANCE for variance in row["dims.mean_variance"])
    if row["active_units"] != active:
        yield f"active_units must be those of its dimensions, {active}, got {row['active_units']:g}"


def tensor_problems(
    tensors: Mapping[str, np.ndarray], config: RunConfig, shape: Shape, network: str | None = None
) -> Iterator[str]:
    """Yield what is wrong with the weights of a finished run, by parameter, on samples of that shape.

    Nothing is known of a network of the user's own, unless `network` names it; a buffer of one may be infinite.
    """
    if is_own(config.network):
        yield from _own_problems(tensors, config, shape, network)
        return
    try:
        wanted = network_of(config, shape).shapes
    except VaekitError as error:  # of a shape that the provenance has wrong
        yield str(error)
        return
    for name in sorted(wanted.keys() | tensors.keys()):
        got = tensors[name].shape if name in tensors else None
        if got != wanted.get(name):
            yield f"{name} must have shape {wanted.get(name)}, got {got}"
        elif not np.isfinite(tensors[name]).all():
            yield f"{name} of a finished run must be finite, got NaN or infinity"


def _own_problems(
    tensors: Mapping[str, np.ndarray], config: RunConfig, shape: Shape, network: str | None
) -> Iterator[str]:
    if unnamed(config.network, network):
        return
    import torch

    from vae.own.model import saved_model

    try:
        saved_model(config, shape, {name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    except VaekitError as error:
        yield str(error)
