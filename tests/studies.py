"""Studies whose truth is known: a function of the hyperparameters, and noise over seeds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.choice.choose import Choice, choose
from analysis.statistics.intervals import SUFFIX, replicates

Floats = npt.NDArray[np.float64]
SPEC: Mapping[str, str] = {"latent_dim": "2:32", "beta": "0.1:16:log", "hidden_dim": "64,128,256"}
"""What is searched."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """The runs of a study as frames, and what each trial is truly worth."""

    points: pd.DataFrame
    values: pd.DataFrame
    truth: Floats
    """Of each trial, by number; in deviations of the noise of one seed."""
    best: int

    @property
    def choice(self) -> Choice:
        """What is chosen."""
        return choose(self.points, self.values, self.best, SPEC)

    def regret(self, trial: int | None) -> float:
        """Return by how much a trial is truly worse than the best one."""
        assert trial is not None
        return float(self.truth.max() - self.truth[trial])


def plateau(z: Floats, beta: Floats, width: Floats) -> Floats:
    """Flat from 10 latent dimensions and betas of 0.4 to 2 on: the equal region."""
    return -2.0 * np.clip(10 - z, 0, None) - 12 * np.clip(np.abs(np.log2(beta / 0.9)) - 1.15, 0, None) + 0 * width


def peak(z: Floats, beta: Floats, width: Floats) -> Floats:
    """A sharp optimum at 20 latent dimensions and beta 0.8."""
    return np.asarray(-0.15 * (z - 20) ** 2 - 3 * np.log2(beta / 0.8) ** 2 + np.log2(width / 256))


def gentle(z: Floats, beta: Floats, width: Floats) -> Floats:
    """A shallow optimum at 17 latent dimensions and beta 0.8: many trials are nearly as good."""
    return -0.01 * (z - 17) ** 2 - 0.15 * np.log2(beta / 0.8) ** 2 + 0 * width


def needle(z: Floats, beta: Floats, width: Floats) -> Floats:
    """Nothing matters but near 20 latent dimensions and beta 0.8."""
    return 10 * np.exp(-(((z - 20) / 6) ** 2) - (np.log2(beta / 0.8) / 2) ** 2) + 0 * width


def edge(z: Floats, beta: Floats, width: Floats) -> Floats:
    """Better with every further latent dimension; beta is best at 1.26, within its range."""
    return 0.7 * z - 0.9 * np.log2(beta / 1.26) ** 2 + 0 * width


def nothing(z: Floats, beta: Floats, width: Floats) -> Floats:
    """No hyperparameter matters."""
    return 0 * (z + beta + width)


SHAPES: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {
    shape.__name__: shape for shape in (plateau, peak, gentle, needle, edge)
}


def study(
    rng: np.random.Generator,
    shape: Callable[[Floats, Floats, Floats], Floats],
    trials: int = 24,
    seeds: int = 3,
    *,
    of_seeds: float = 2.0,
    growth: float = 0.0,
    more: Mapping[int, int] | None = None,
) -> Study:
    """Draw one. `of_seeds` is the deviation of what a seed does to all trials; the noise of a trial is 1 at the optimum
    and grows with what it falls short of it, at most threefold; `more` gives some of the first trials more seeds.
    """
    z = rng.permutation(2 + (np.arange(trials) * 31) // trials).astype(float)
    beta = 0.1 * 160 ** ((rng.permutation(trials) + rng.random(trials)) / trials)
    width = rng.choice([64.0, 128.0, 256.0], trials)
    truth = shape(z, beta, width)
    deviation = np.minimum(1 + growth * (truth.max() - truth), 3.0)
    most = max([seeds, *(more or {}).values()])
    noisy = truth[:, None] + deviation[:, None] * rng.normal(size=(trials, most)) + of_seeds * rng.normal(size=most)
    rows = pd.DataFrame({"trial": np.repeat(range(trials), most), "seed": np.tile(range(most), trials)})
    rows["value"] = noisy.ravel()
    first = [int(trial) for trial in np.argsort(-noisy[:, :seeds].mean(axis=1))]
    counts = dict.fromkeys(range(trials), seeds) | {first[place]: count for place, count in (more or {}).items()}
    rows = rows[rows["seed"] < rows["trial"].map(counts)].reset_index(drop=True)
    known = replicates(rows, ["trial"], ["value"])
    value, best = known["value"], int(known["value"].to_numpy().argmax())
    points = pd.DataFrame({"trial": range(trials), "latent_dim": z.astype(int), "beta": beta})
    points = points.assign(hidden_dim=width.astype(int), value=value, **{"value" + SUFFIX: known["value" + SUFFIX]})
    return Study(points=points.assign(weights=z * width), values=rows, truth=truth, best=best)


def drawn(count: int, **how: Any) -> list[Study]:
    """Return so many draws of a study."""
    rng = np.random.default_rng(20)
    return [study(rng, **how) for _ in range(count)]
