"""What a latent space looks like: codes and prior draws in a plane, and what the decoder makes of draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.arrays import Floating
from analysis.coverage.priors import fit_priors
from analysis.coverage.table import Codes, gather_codes
from analysis.statistics.selection import parameters_of

if TYPE_CHECKING:
    from analysis.frames.run import Run

POINTS = 500
IMAGES = 12


def twins(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a latent_dim of both models: the runs `vae` and `ae` of its first other parameters and seed."""
    keys = [*parameters_of(runs), "seed"]
    complete = runs[runs["state"] == "COMPLETE"]
    by_model = complete.pivot_table(index=keys, columns="model", values="run", aggfunc="min")
    pairs = by_model.reindex(columns=["vae", "ae"]).dropna().astype(int)
    return pairs.reset_index().groupby("latent_dim", as_index=False).first()


def latent_map(run: Run, priors: tuple[str, ...], seed: int = 0) -> pd.DataFrame:
    """Return model, prior, kind (code or draw), x and y of a run's test codes and draws of each prior.

    x and y are along the codes' first two principal axes, in the latent's unit; y is 0 for a latent of 1.
    """
    codes, draws = _codes_and_draws(run, priors, POINTS, seed)
    centre = codes.test.mean(axis=0)
    axes = np.linalg.svd(codes.test - centre, full_matrices=False)[2][:2].T
    parts = []
    for prior, drawn in draws.items():
        for kind, points in (("code", codes.test[:POINTS]), ("draw", drawn)):
            place = np.zeros((len(points), 2))
            place[:, : axes.shape[1]] = (points - centre) @ axes
            parts.append(pd.DataFrame({"prior": prior, "kind": kind, "x": place[:, 0], "y": place[:, 1]}))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "model", str(run.row["model"]))
    return table


def drawn_images(run: Run, priors: tuple[str, ...], seed: int = 0) -> tuple[pd.DataFrame, list[Floating]]:
    """Return the codes of a few draws of each prior in long form, and for each prior their decoded images.

    The table has model, prior, image, dim and value.
    """
    _, draws = _codes_and_draws(run, priors, IMAGES, seed)
    parts = []
    for prior, drawn in draws.items():
        image, dim = (index.ravel() for index in np.indices(drawn.shape))
        columns = {"model": str(run.row["model"]), "prior": prior, "image": image, "dim": dim, "value": drawn.ravel()}
        parts.append(pd.DataFrame(columns))
    images = [run.sweep.brightness(run.decode(drawn.astype(np.float32))) for drawn in draws.values()]
    return pd.concat(parts, ignore_index=True), images


def _codes_and_draws(run: Run, priors: tuple[str, ...], count: int, seed: int) -> tuple[Codes, dict[str, Floating]]:
    codes = gather_codes(run, seed)
    fitted = fit_priors(codes.known, seed)
    return codes, {name: fitted[name].sample(count, np.random.default_rng([seed, 1])) for name in priors}
