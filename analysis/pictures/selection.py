"""Which runs a report pictures, and with which test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.arrays import Float32, Int64
from analysis.choice.choice import choice
from analysis.frames.run import Run
from analysis.frames.source import Source
from analysis.presentation.view import View
from analysis.presentation.words import listed, nats
from vae.errors import ConfigError, ResultsError
from vae.factors import is_continuous

IMAGES = 10
MOST_IMAGES = 10_000
"""Of the test split, among which nearest images are looked for."""
WHAT = {
    "first": "the first run of the first trial in the leaderboard",
    "autoencoder": "its autoencoder twin",
    "recommended": "that of the recommended trial",
    "tied": "that of a trial that may be as good",
    "last": "that of the last",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """The runs that are pictured, by their role (in a report one of WHAT), and the test images it does so with."""

    runs: Mapping[str, Run]
    places: Int64
    """(image,): where in the test split the images stand."""
    images: Float32
    """(image, height, width[, channel])."""
    test_places: Int64
    """(test image,): as places, of the test images that are compared with."""
    test: Float32
    """(test image, height, width[, channel])."""

    @property
    def limits(self) -> tuple[float, float]:
        """Values of `brightness` that are drawn black and white."""
        test = self.brightness(self.test)
        return min(0.0, float(test.min())), max(1.0, float(test.max()))

    def brightness(self, images: Float32) -> Float32:
        """Return images as they are drawn."""
        return next(iter(self.runs.values())).sweep.brightness(images)

    @property
    def chosen(self) -> str:
        """The role of the recommended trial's run."""
        return "recommended" if "recommended" in self.runs else "first"

    @property
    def who(self) -> str:
        """The roles, in words."""
        return listed([WHAT[role] for role in self.runs])

    def title(self, role: str) -> str:
        """Return a run's role, number and place in the plane."""
        row = self.runs[role].row
        rate, distortion = (nats(row[name]) for name in ("rate_nats", "distortion_nats"))
        name = f"{role} (run {row['run']})" if role in WHAT else role
        return f"{name}: R {rate}, D {distortion} nats"

    def table(self, role: str, **columns: object) -> pd.DataFrame:
        """Return columns as a table, the run before them."""
        return pd.DataFrame({"role": role, "run": self.runs[role].number, **columns})


def shown_runs(view: View) -> Shown | None:
    """Return the first trial's first run and a contrast; None where no trial is complete.

    ResultsError where its weights were not kept, DataError where the images cannot be read.
    """
    return view.once(_shown_runs)


def _shown_runs(view: View) -> Shown | None:
    sweep, runs = view.sweep, _first_runs(view)
    if not runs:
        return None
    _ = runs["first"].model
    places, test_places = _chosen(sweep), sweep.thinned("test", MOST_IMAGES)
    return Shown(
        runs={role: run for role, run in runs.items() if role == "first" or _has_weights(run)},
        places=places,
        images=sweep.images("test", places),
        test_places=test_places,
        test=sweep.images("test", test_places),
    )


def shown_run(run: Run, places: Sequence[int] | None = None) -> Shown:
    """Return a run of your own choice, with the images that a report shows or those at some places of the test split.

    ResultsError where its weights were not kept, DataError where the images cannot be read, ConfigError for a place
    that is not there.
    """
    sweep = run.sweep
    at = _chosen(sweep) if places is None else check_places(places, sweep.count("test"))
    test_places = sweep.thinned("test", MOST_IMAGES)
    return Shown(
        runs={f"run {run.number}": run},
        places=at,
        images=sweep.images("test", at),
        test_places=test_places,
        test=sweep.images("test", test_places),
    )


def check_places(places: Sequence[int], count: int) -> Int64:
    """Return places in a split of so many images as an array; ConfigError where there is none or one outside."""
    chosen = np.asarray(places, dtype=np.int64)
    if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= count:
        raise ConfigError(f"images must be places in the test split, from 0 to {count - 1}, got {list(places)}")
    return chosen


def _first_runs(view: View) -> dict[str, Run]:
    """The first trial's first run, and its autoencoder twin or else the first run of a trial that sets it off."""
    if view.board.empty:
        return {}
    complete = view.runs[view.runs["state"] == "COMPLETE"]
    firsts = complete.groupby(["trial", "model"])["run"].min().to_dict()
    first = int(view.board["trial"].iloc[0])
    keys = {"first": (first, "vae"), "autoencoder": (first, "ae")}
    if keys["autoencoder"] not in firsts:
        keys |= {role: (trial, "vae") for role, trial in _contrast(view, first).items()}
    runs = {role: view.sweep.run(int(firsts[key])) for role, key in keys.items() if key in firsts}
    return runs if "first" in runs else {}


def _contrast(view: View, first: int) -> dict[str, int]:
    """A trial that sets the first one off: the recommended one, or one that may be as good, or the last."""
    found, last = choice(view), int(view.board["trial"].iloc[-1])
    if found.recommended not in (None, first):
        return {"recommended": int(found.recommended or 0)}
    if found.verdict == "tied":
        return {"tied": found.tied[0]}
    return {"last": last} if last != first else {}


def _has_weights(run: Run) -> bool:
    try:
        return run.model is not None
    except ResultsError:
        return False


def _chosen(sweep: Source) -> Int64:
    """Places of one test image of each class where they have labels, else of evenly spaced ones."""
    factors = sweep.factors("test")
    if factors is not None and factors.shape[1] == 1 and not is_continuous(factors[:, 0]):
        first = np.unique(factors[:, 0], return_index=True)[1]
        if 2 * len(first) >= IMAGES:
            return np.asarray(first[:IMAGES], dtype=np.int64)
    return sweep.thinned("test", IMAGES)
