"""A believable sweep without training: reverse water-filling over latents of decaying variance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vae.columns import DIMS, HISTORY, TOTALS, parse_objectives, value_columns
from vae.files.records import RunRecord, parameter_columns
from vae.files.results import Folder
from vae.networks.mlp import mlp
from vae.parameters import ALWAYS, PARAMETERS

STACK = 16
SPEC: Mapping[str, Any] = {
    "data": "digits",
    "binarize": "none",
    "likelihood": "bernoulli",
    "sigma": "learned",
    "trials": 24,
    "seeds": 3,
    "epochs": 40,
    "batch_size": 128,
    "learning_rate": 1e-3,
    "beta_schedule": "constant",
    "latent_dim": "2:32",
    "beta": "0.1:16:log",
    "hidden_dim": "64,128,256",
    "mode": "explore",
    "sampler": "qmc",
    "batch": 16,
    "objective": "elbo",
    "seed": 0,
    "name": "digits",
}
PROVENANCE: Mapping[str, Any] = {
    "command": "vaekit sweep --data digits --trials 24",
    "versions": {"torch": "2.13.0", "vaekit": "0.1.0"},
    "host": "bench",
    "cores": 2,
    "data": {"name": "digits", "train": 1437},
}


def write_sweep(
    path: Path,
    *,
    failed: Mapping[int, str] | None = None,
    asked: int | None = None,
    points: Sequence[Mapping[str, Any]] | None = None,
    offset: float = 20.0,
    provenance: Mapping[str, Any] = PROVENANCE,
    pixels: int = 0,
    **spec: Any,
) -> Folder:
    """Write a sweep's folder: `failed` trials with their reasons, `asked` trials of the spec's (else all).

    Runs have weights where `pixels` is not 0: random ones, of networks for images of so many pixels.

    `offset` is the distortion that no latent explains, in nats; `points` replace drawn parameters.
    """
    whole = {**SPEC, **spec}
    folder = Folder(path)
    folder.write_spec(whole)
    folder.write_provenance(provenance)
    rng = np.random.default_rng(whole["seed"])
    asked = whole["trials"] if asked is None else asked
    points = points or [draw(rng) for _ in range(asked)]
    failed = failed or {}
    records = [
        record(trial * whole["seeds"] + seed, trial, seed, point, whole["epochs"], offset, rng, failed.get(trial))
        for trial, point in enumerate(points)
        for seed in range(whole["seeds"])
    ]
    for start in range(0, len(records), STACK):
        folder.write_stack([with_weights(r, pixels) for r in records[start : start + STACK]], weights=pixels > 0)
    folder.write_trials(trials_table(points, records, whole, failed))
    return folder


def with_weights(record: RunRecord, pixels: int) -> RunRecord:
    """Give a run the weights that its own seed draws; none where there are no pixels or it failed."""
    if not pixels or record.state == "FAIL":
        return record
    rng = np.random.default_rng(record.run)
    hidden, latent = int(record.parameters["hidden_dim"]), int(record.parameters["latent_dim"])
    weights = {
        name: rng.normal(0, shape[1] ** -0.5, shape) if name.endswith("weight") else np.zeros(shape)
        for name, shape in mlp(pixels, latent, hidden).shapes.items()
    }
    return replace(record, weights={name: tensor.astype(np.float32) for name, tensor in weights.items()})


def draw(rng: np.random.Generator) -> dict[str, float]:
    beta = float(np.exp(rng.uniform(np.log(0.1), np.log(16))))
    return {
        "latent_dim": int(rng.integers(2, 33)),
        "beta": beta,
        "hidden_dim": int(rng.choice([64, 128, 256])),
    }


def record(
    run: int,
    trial: int,
    seed: int,
    point: Mapping[str, Any],
    epochs: int,
    offset: float,
    rng: np.random.Generator,
    error: str | None,
) -> RunRecord:
    """One run; a failed one stops at half of its epochs and has NaN for what it did not reach."""
    signal = 4.0 * 0.85 ** np.arange(64)
    kept = signal[: int(point["latent_dim"])]
    water = max(0.2 * point["beta"], 0.001)
    kl = 0.5 * np.log(np.maximum(kept / water, 1.0)) + rng.uniform(0, 0.01, len(kept))
    lost = np.minimum(kept, water).sum() + signal[len(kept) :].sum()
    distortion = offset + lost * (1 + 20 / point["hidden_dim"]) + rng.normal(0, 0.15)
    rate = kl.sum() + rng.normal(0, 0.05)
    totals = _nats("", rate, distortion) | _nats("validation_", rate + 0.1, distortion + 0.2)
    totals["active_units"] = float((kl > 0.05).sum())
    totals |= {"collapsed_units": float((kl < 0.01).sum()), "prior_mismatch_nats": 0.02 * float(kl.sum())}
    fields: dict[str, Any] = {"totals": totals, "state": "COMPLETE", "error": ""}
    fields["dims"] = {"kl_nats": rng.permutation(kl), "mean_variance": 1 - np.exp(-2 * kl)}
    if error is not None:
        empty: dict[str, np.ndarray] = {name: np.array([]) for name in DIMS}
        fields = {"totals": dict.fromkeys(TOTALS, np.nan), "state": "FAIL", "error": error, "dims": empty}
        epochs //= 2
    return RunRecord(
        run=run,
        trial=trial,
        seed=seed,
        model="vae",
        parameters=point,
        history=_history(rate, distortion, epochs),
        seconds=2.0 + rng.uniform(),
        **fields,
    )


def trials_table(
    points: Sequence[Mapping[str, Any]],
    records: Sequence[RunRecord],
    spec: Mapping[str, Any],
    failed: Mapping[int, str],
) -> pa.Table:
    objectives = parse_objectives(spec["objective"])
    count = len(points)
    columns: dict[str, Any] = {
        "trial": np.arange(count),
        "state": ["FAIL" if trial in failed else "COMPLETE" for trial in range(count)],
    }
    columns |= parameter_columns([name for name in PARAMETERS if name in (points[0] if points else ALWAYS)], points)
    for name, objective in zip(value_columns(objectives), objectives, strict=True):
        values = np.array([r.totals[objective.column] for r in records]).reshape(count, -1)
        columns[name] = values.mean(axis=1)
    columns["seconds"] = np.array([r.seconds for r in records]).reshape(count, -1).sum(axis=1)
    columns["error"] = [failed.get(trial, "") for trial in range(count)]
    return pa.table(columns)


def _nats(prefix: str, rate: float, distortion: float) -> dict[str, float]:
    values = (float(rate), float(distortion), -float(rate + distortion))
    return {f"{prefix}{name}": x for name, x in zip(("rate_nats", "distortion_nats", "elbo_nats"), values, strict=True)}


def _history(rate: float, distortion: float, epochs: int) -> dict[str, np.ndarray]:
    left = np.exp(-15 * np.arange(1, epochs + 1) / epochs)
    columns: dict[str, np.ndarray] = {}
    for split, gap in (("train", 0.0), ("validation", 0.3)):
        r, d = rate * (1 - 0.8 * left), distortion + gap + 12 * left
        columns |= {f"{split}_rate_nats": r, f"{split}_distortion_nats": d, f"{split}_elbo_nats": -(r + d)}
    return {name: columns.get(name, np.full(epochs, 0.05)) for name in HISTORY}
