"""The spec of a sweep: its options, and what they mean."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from sweeps.spec.address import StorageUrl, parse_storage
from sweeps.spec.axes import Axis, parse_axis, size_of
from sweeps.spec.checks import check_options, parse_timeout
from sweeps.spec.options import Options, names_of
from sweeps.spec.rungs import rungs
from vae.columns import CHEAP_SCORES, Objective, parse_objectives, parse_scores
from vae.config import TRAINING_FIELDS, RunConfig
from vae.convergence import nominal_epochs
from vae.data import Data, DataConfig, default_likelihood
from vae.device import resolve_device
from vae.errors import ConfigError
from vae.parameters import ALWAYS, PARAMETERS

FEWEST_SCORED = 2
"""Images of a split that scores are computed on: one image's codes tell nothing apart."""


@dataclass(frozen=True, kw_only=True)
class Spec(Options):
    """A sweep: what is trained, where it is searched, and how the work is done.

    Raises ConfigError where a value breaks its rule.
    """

    def __post_init__(self) -> None:
        check_options(self)
        if self.storage and not isinstance(self.storage, StorageUrl):
            object.__setattr__(self, "storage", parse_storage(self.storage))  # from here on it has no password in it
        _ = self.axes, self.objectives, parse_scores(self.scores or "none"), self.run_config()
        for network in self.parameters["network"].choices:
            _ = self.run_config(network=network)
        self._check_sampler()

    def _check_sampler(self) -> None:
        by_loss = [axis.name for axis in self.axes if axis.by_loss]
        if by_loss and self.sampler not in ("", "grid"):
            raise ConfigError(f"{by_loss[0]} usual of several losses needs sampler grid, got {self.sampler}")
        for axis in self.axes:
            if self.sampler == "grid" and not axis.choices:
                needed = f", which {by_loss[0]} usual needs," if by_loss else ""
                got = f"got the range {axis.name} = {getattr(self, axis.name)!r}"
                raise ConfigError(f"sampler grid{needed} needs choices a,b,c, {got}")

    @cached_property
    def parameters(self) -> dict[str, Axis]:
        """Every hyperparameter's axis by name, in the order of PARAMETERS."""
        losses = [str(loss) for loss in parse_axis("loss", self.loss).choices]
        return {name: parse_axis(name, getattr(self, name), losses) for name in PARAMETERS}

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The search space: the hyperparameters that have a column, for they always do or the sweep varies them."""
        return tuple(axis for name, axis in self.parameters.items() if name in ALWAYS or not axis.is_fixed)

    @property
    def size_of_space(self) -> int:
        """Points of the search space; of a range of real numbers, those that a computer can tell apart."""
        return size_of(self.axes)

    @property
    def model_kinds(self) -> tuple[str, ...]:
        """The models that each trial trains."""
        return tuple(self.models.split(","))

    @property
    def n_runs(self) -> int:
        """Runs of the whole sweep."""
        return self.trials * len(self.model_kinds) * self.seeds

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What the study optimises."""
        return parse_objectives(self.objective)

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs after which the trials of a batch are compared and the losers pruned."""
        return rungs(self.pruner or "none", nominal_epochs(self.epochs), self.beta_schedule)

    @property
    def score_objectives(self) -> tuple[str, ...]:
        """The scores among the objectives: they are computed on validation too."""
        return tuple(objective.measured for objective in self.objectives if objective.is_score)

    def score_names(self, factors: int, images: int) -> tuple[str, ...]:
        """Return the scores of a run on data with so many factors, those that are objectives included.

        A single factor is a label, which disentanglement says nothing about, and `images`, of validation or test, must
        be two at least. Raises ConfigError where scores are asked of other data.
        """
        objectives = self.score_objectives
        is_asked = bool(objectives) or self.scores not in ("", "none")
        if is_asked and not factors:
            raise ConfigError(f"scores need data with known factors; {self.data!r} has none")
        if is_asked and images < FEWEST_SCORED:
            raise ConfigError(f"scores need {FEWEST_SCORED} validation and test samples, got {images}: raise the limit")
        default = CHEAP_SCORES if factors > 1 and images >= FEWEST_SCORED else ()
        return tuple(dict.fromkeys((*(parse_scores(self.scores) if self.scores else default), *objectives)))

    @property
    def timeout_seconds(self) -> float | None:
        """The timeout, None where there is none."""
        return parse_timeout(self.timeout)

    @property
    def data_config(self) -> DataConfig:
        """The images, and how they are prepared."""
        return DataConfig.of(self.as_dict())

    @property
    def identity(self) -> dict[str, Any]:
        """Every option that changes results, by what it means: two spellings of one axis are equal.

        The images are not among them: their hash says more than their name.
        """
        unread = {"data", "batch" if self.mode == "explore" else "", "sigma" if self.likelihood != "gaussian" else ""}
        unread |= {*names_of("place")}
        given = {name: value for name, value in self.as_dict().items() if name not in unread}
        objective = [(o.column, o.direction) for o in self.objectives]
        device = resolve_device("auto") if self.device == "auto" else self.device  # a GPU may be elsewhere
        return given | self.parameters | {"device": device, "objective": objective}

    def on(self, data: Data) -> "Spec":
        """Return the spec with the default that its data decide: the likelihood."""
        return replace(self, likelihood=self.likelihood or default_likelihood(data))

    def run_config(self, **values: Any) -> RunConfig:
        """Return the config of one run, with a trial's parameters and its seed as `values`."""
        given = self.as_dict()
        shared = {name: given[name] for name in TRAINING_FIELDS if name not in PARAMETERS and name in given}
        fixed = {name: axis.choices[0] for name, axis in self.parameters.items() if axis.is_fixed}
        base: dict[str, Any] = {"data": self.data_config, "seed": self.seed}
        return RunConfig(**(base | shared | fixed | values))

    def as_dict(self) -> dict[str, Any]:
        """Every option that has a value, by its name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != ""}
