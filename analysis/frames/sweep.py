"""A sweep's folder as four plain frames, and its runs as plain torch modules."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from analysis.frames.run import Run
from vae.columns import (
    ACTIVE_VARIANCE,
    BETA_NORMALISED,
    DIMS,
    FURTHER,
    HISTORY,
    IDENTITY,
    SAMPLED,
    SCORES,
    TOTALS,
    Objective,
    parse_objectives,
    value_columns,
)
from vae.errors import ResultsError, VaekitError
from vae.files.records import DIMS_PREFIX, HISTORY_PREFIX, PARAMETER_PREFIX, SCORE_PREFIX
from vae.files.results import Folder, find_folder
from vae.own.source import NotNamedError, check_named, check_unchanged
from vae.parameters import ALWAYS, PARAMETERS, is_own

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    import torch

    from vae.config import RunConfig
    from vae.data import Data
    from vae.networks.padding import Shape
    from vae.trained import Scored

SIZES = ("latent_dim", "hidden_dim", "depth", "batch_size", "seed")
"""Numbers of a run that its network or its codes depend on; sweeps of the first version have no depth."""


LOOKED_AT = 1_000
"""Images by whose values pictures of scaled ones are drawn."""


class Sweep:
    """What a sweep measured, read from its folder when it is first asked for and kept."""

    def __init__(self, folder: Folder, network: str | None = None) -> None:
        self._folder = folder
        self.network = network
        """The networks of the user's own, a,b,c, that may be imported to read weights: a folder itself imports none."""
        self.path: Path = folder.path
        self.name: str = folder.path.resolve().name

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r})"

    @property
    def folder(self) -> Folder:
        """The names of the sweep's files."""
        return self._folder

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The resolved spec: option names with underscores to values."""
        return self._folder.read_spec()

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, machine, seeds and command of the sweep; empty where none was written."""
        return self._folder.read_provenance()

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """The validation columns that the study improves."""
        return parse_objectives(self.spec["objective"])

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row a trial: state, parameters, `beta_normalised`, value(s), seconds, error."""
        trials = _frame(self._folder.read_trials().sort_by("trial"))
        return self._with_beta(trials.rename(columns=lambda name: name.removeprefix(PARAMETER_PREFIX)))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The hyperparameters that have a column in `trials` and `runs`, in the order of the columns."""
        names = tuple(name for name in PARAMETERS if name in self.trials)
        lacking = [name for name in names if name not in self.runs]
        if lacking:
            raise ResultsError(f"the runs of {str(self.path)!r} have no column {lacking[0]}, which its trials have")
        return names

    @property
    def best(self) -> pd.Series:
        """The row of `trials` that is best by the objective; ResultsError where none is COMPLETE or there are several.

        With several objectives nothing is best.
        """
        if len(self.objectives) > 1:
            raise ResultsError(
                f"{str(self.path)!r} has several objectives ({self.spec['objective']}), so no single best trial: "
                "see the leaderboard"
            )
        complete = self.trials[self.trials["state"] == "COMPLETE"]
        if complete.empty:
            raise ResultsError(f"{str(self.path)!r} has no best trial: none is complete")
        values = complete[value_columns(self.objectives)[0]].to_numpy()
        return complete.iloc[int(values.argmin() if self.objectives[0].ascending else values.argmax())]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: RUNS and a column a further parameter, number of FURTHER, score; nats are per image."""
        table = self._table
        further = [name for name in table.column_names if name.startswith(PARAMETER_PREFIX)]
        scores = [name for name in table.column_names if name.startswith(SCORE_PREFIX)]
        measured = [name for name in FURTHER if name in table.column_names]
        runs = _frame(table.select([*IDENTITY, *ALWAYS, *further, *TOTALS, *measured, *scores, "seconds"]))
        runs = runs.rename(columns=lambda name: name.removeprefix(SCORE_PREFIX).removeprefix(PARAMETER_PREFIX))
        for objective in self.objectives:
            if objective.column not in runs:  # a score that no run has yet
                runs.insert(len(runs.columns) - 1, objective.column, np.nan)
        return self._with_beta(runs)

    def _with_beta(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put `beta_normalised` after a frame's hyperparameters; NaN where the number of features is not known."""
        place = 1 + max(list(frame.columns).index(name) for name in PARAMETERS if name in frame)
        frame.insert(place, BETA_NORMALISED, frame["beta"] * frame["latent_dim"] / self._features)
        return frame

    @cached_property
    def _features(self) -> float:
        """How many numbers a sample has, by the provenance, or by the data of a sweep of the first version."""
        try:
            return float(math.prod(self._sample_shape))
        except VaekitError:
            return math.nan

    @property
    def scores(self) -> list[str]:
        """Columns of `runs` that are scores; of which images, `vae.scored` says."""
        return [name for name in self.runs.columns.astype(str) if name.removesuffix(SAMPLED) in SCORES]

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row a run and epoch (from 1) with the columns HISTORY, in nats per image and seconds.

        Runs in training are there too, up to their last epoch.
        """
        ended = _flatten(self._table, HISTORY_PREFIX, HISTORY, "epoch", first=1)
        if self.running is None:
            return ended
        both = [ended, _flatten(self.running, HISTORY_PREFIX, HISTORY, "epoch", first=1)]
        frame: pd.DataFrame = pd.concat(both).sort_values(["run", "epoch"], ignore_index=True)
        return frame

    @cached_property
    def running(self) -> pa.Table | None:
        """The runs in training, as they were last written; None where there are none."""
        table = self._folder.read_running()
        if table is None:
            return None
        left = table.filter(pc.invert(pc.is_in(table["run"], self._table["run"].combine_chunks())))
        return left if len(left) else None

    @cached_property
    def dims(self) -> pd.DataFrame:
        """One row a run and latent dimension (from 0): KL in nats per image, variance of means, active."""
        frame = _flatten(self._table, DIMS_PREFIX, DIMS, "dim", first=0)
        return frame.assign(active=frame["mean_variance"] > ACTIVE_VARIANCE)

    def model(self, run: int) -> torch.nn.Module:
        """Return the trained plain module of a run, in eval mode; ResultsError where there is no such run.

        One of the user's own is built anew, where it was named when the sweep was opened.
        """
        from vae.model import model_of

        config = self._config(self._known(run))
        weights = self._folder.read_weights(run, self._weight_files)
        if is_own(config.network):
            from vae.own.model import saved_model

            self._check_own(config.network)
            return saved_model(config, self._sample_shape, weights)
        return model_of(config, self._sample_shape, weights)

    def weight_count(self, run: int) -> int | None:
        """Return how many numbers the network of a run trains; None of one of the user's own, which only it knows."""
        from vae.networks import network_of

        config = self._config(self._known(run))
        if is_own(config.network):
            return None
        return sum(math.prod(shape) for shape in network_of(config, self._sample_shape).shapes.values())

    def _check_own(self, network: str) -> None:
        """Raise a VaekitError unless a network of the user's own was named, and is what was trained."""
        check_named(network, self.network)
        check_unchanged(network, self.provenance.get("networks", {}).get(network))

    @property
    def unnamed(self) -> str:
        """Why the weights of the user's own networks cannot be read; empty where they can, or there are none."""
        try:
            check_named(str(self.spec.get("network", "")), self.network)
        except NotNamedError as error:
            return str(error)
        return ""

    def run(self, number: int) -> Run:
        """Return one run to look into: its posterior, decoder, traversals; ResultsError where there is none."""
        return Run(self, self._known(number))

    def _known(self, run: int) -> int:
        if not (self.runs["run"] == run).any():
            raise ResultsError(f"{str(self.path)!r} has no run {run}")
        return run

    def codes(self, run: int, split: str = "test") -> np.ndarray:
        """Return the posterior means of a run on a split, float32 (sample, latent)."""
        return self.run(run).encode(self.images(split))[0]

    def scored_codes(self, run: int) -> Scored:
        """Return the codes and factors that the sweep scored a run on, to the bit; DataError without factors.

        `codes` are the plain module's, whose sums run in another order.
        """
        from vae.training import saved_codes

        module = self.model(run)  # its shapes are checked
        return saved_codes(self._config(run), module.state_dict(), self._data)

    def _config(self, run: int) -> RunConfig:
        """What the network of a trained run, and its codes, depend on."""
        from vae.config import RunConfig

        of_run: dict[Any, Any] = self.runs.loc[self.runs["run"] == run].to_dict(orient="records")[0]
        values = self.spec | of_run
        try:
            sizes: dict[str, Any] = {n: int(values[n]) for n in SIZES if n in values}
        except (TypeError, ValueError) as error:
            raise ResultsError(f"{str(self._folder.spec)!r}: sizes must be whole numbers ({error}): mend it") from None
        words = {n: values[n] for n in ("model", "likelihood", "network") if n in values}
        return RunConfig(sigma=self.spec.get("sigma", "learned"), **sizes, **words)

    @property
    def _sample_shape(self) -> Shape:
        """As trained on, without the data themselves where the provenance says it."""
        return tuple(self.provenance.get("data", {}).get("image_shape", ())) or self.image_shape

    def images(self, split: str = "test", at: npt.NDArray[np.int64] | None = None) -> np.ndarray:
        """Return the images of a split (at some places in it) as the runs saw them.

        float32 (image, height, width[, channel]), of a table (sample, feature).
        """
        chosen = self._data.split(split)
        pixels = self._data.pixels(chosen if at is None else chosen[at])
        return np.asarray(pixels).reshape(-1, *self.image_shape)

    def count(self, split: str) -> int:
        """Return how many images a split has."""
        return len(self._data.split(split))

    def thinned(self, split: str, most: int) -> npt.NDArray[np.int64]:
        """Return places in a split for `images`: all of them, or `most` evenly spaced ones where there are more."""
        count = self.count(split)
        return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width), (height, width, channel) or of a table (feature,)."""
        return self._data.sample_shape

    @property
    def is_table(self) -> bool:
        """Whether samples are rows of features, and no images; known without the data."""
        return len(self.provenance.get("data", {}).get("image_shape", ())) == 1

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One a feature of a table."""
        return self._data.feature_names

    def given(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return values (..., *image_shape) as the user gave them: what scaling did is undone."""
        return self._data.given(values)

    def brightness(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return images as they are drawn, black 0 and white 1: scaled ones from the least to the largest given value.

        Others are drawn as they are.
        """
        if self._data.unit is None:
            return images
        low, high = self._given_range
        return ((self.given(images) - low) / ((high - low) or 1.0)).astype(np.float32)

    @cached_property
    def _given_range(self) -> tuple[float, float]:
        given = self.given(self.images("train", self.thinned("train", LOOKED_AT)))
        return float(given.min()), float(given.max())

    def factors(self, split: str = "test") -> np.ndarray | None:
        """Return the known factors of a split, (image, factor); None where the data have none.

        int64, or float64 where one is continuous.
        """
        known = self._data.factors
        return None if known is None else np.asarray(known[self._data.split(split)])

    @property
    def factor_names(self) -> tuple[str, ...]:
        """One name a factor."""
        return self._data.factor_names

    @property
    def factor_levels(self) -> dict[str, tuple[str, ...]]:
        """What the values 0, 1, ... of a factor are called, where they were names."""
        return dict(self._data.factor_levels)

    @cached_property
    def _data(self) -> Data:
        from vae.data import DataConfig, load_data

        data = load_data(DataConfig.of(self.spec))
        trained_on = self.provenance.get("data", {}).get("hash", data.content_hash)
        if data.content_hash != trained_on:
            what = f"the {'samples' if self.is_table else 'images'} of {self.spec['data']!r}"
            raise ResultsError(f"{what} have changed since training (hash {data.content_hash[:12]}): restore them")
        return data

    @cached_property
    def _weight_files(self) -> dict[int, Path]:
        return self._folder.weight_files()

    @cached_property
    def _table(self) -> pa.Table:
        if self._folder.trials.exists():
            _ = self.trials  # before the runs: a sweep that goes on writes a run before it tells of its trial
        return self._folder.read_runs()


def open_sweep(where: str | Path, out: str | Path = "results", network: str | None = None) -> Sweep:
    """Return the sweep of that NAME (under `out`) or PATH; ResultsError where there is none.

    `network` names the networks of the user's own, MODULE:FUNCTION, that may be imported to read its weights.
    """
    return Sweep(find_folder(where, out), network)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _flatten(table: pa.Table, prefix: str, names: Sequence[str], counter: str, first: int) -> pd.DataFrame:
    """One row an element of the list columns, without a Python loop over runs."""
    lengths = pc.list_value_length(table[prefix + names[0]]).to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    columns = {
        "run": np.repeat(table["run"].to_numpy(), lengths),
        counter: np.arange(lengths.sum()) - np.repeat(starts, lengths) + first,
    }
    flat = {name: pc.list_flatten(table[prefix + name]).to_numpy() for name in names}
    return pd.DataFrame(columns | flat)
