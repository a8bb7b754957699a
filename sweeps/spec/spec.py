"""The spec of a sweep: every option, checked, from TOML and the command line to the resolved sweep.toml."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from sweeps.spec.address import StorageUrl, parse_storage
from sweeps.spec.axes import Axis, parse_axis
from sweeps.study.pruning import PRUNERS, rungs
from vae.columns import CHEAP_SCORES, PARAMETERS, Objective, parse_objectives, parse_scores
from vae.config import MODELS, TRAINING_FIELDS, RunConfig, at_least, one_of
from vae.data import SOURCES, DataConfig, source_name
from vae.device import resolve_device
from vae.errors import ConfigError
from vae.files.texts import read_toml

SAMPLERS = {"explore": ("qmc", "random", "grid"), "optimize": ("tpe",)}
"""The samplers of each mode, its default first."""
DEFAULT_TRIALS = 24
MODEL_SETS = (MODELS[0], ",".join(MODELS))
"""What a trial trains: an AE alone has no rate, so nothing to sweep for."""
PLACE = ("trials", "name", "out", "jobs", "engine", "scheduler", "storage", "timeout", "keep_weights", "report")
"""Fields that do not change results: not part of a sweep's identity."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A sweep: what is trained, where it is searched, and how the work is done. The option's name is the field's.

    Raises ConfigError where a value breaks its rule.
    """

    data: str = "digits"
    """A name, a folder of IDX files, or an .npz file."""
    limit: int | None = None
    """Images to keep, a uniform subsample."""
    size: int | None = None
    """Side of the images after averaging blocks of pixels."""
    binarize: str = "none"
    """none, threshold or sample."""
    likelihood: str = "bernoulli"
    """p(x|z): bernoulli, continuous_bernoulli or gaussian."""
    sigma: float | Literal["learned"] = "learned"
    """Standard deviation of a gaussian likelihood."""
    models: str = "vae"
    """vae, or vae,ae: each run with its autoencoder twin."""
    seeds: int = 3
    """Runs of every trial and model, with seeds from `seed` on."""
    epochs: int = 40
    """Passes over the training images."""
    batch_size: int = 128
    """Images in a minibatch."""
    learning_rate: float = 1e-3
    """Step size of Adam."""
    beta_schedule: str = "constant"
    """constant, linear:F or cyclic:N."""
    latent_dim: str = "2:32"
    """Axis: low:high[:log], a,b,c or one value."""
    beta: str = "0.1:16:log"
    """Axis: low:high[:log], a,b,c or one value."""
    hidden_dim: str = "64,128,256"
    """Axis: a,b,c or one value; a range means the powers of two within it."""
    mode: str = "explore"
    """explore covers the space, optimize looks for the best."""
    sampler: str = ""
    """qmc, random or grid to explore, tpe to optimize."""
    batch: int = 16
    """Trials asked at once when optimizing."""
    pruner: str = ""
    """none to explore; halving, median or none to optimize."""
    objective: str = "elbo"
    """elbo, COLUMN:min, COLUMN:max, a score, or several with commas."""
    scores: str = ""
    """Scores with commas, or none; the cheap ones where empty and the data have several factors."""
    seed: int = 0
    """First seed of the runs, and the sampler's."""
    device: str = "auto"
    """auto, cpu or cuda."""
    precision: str = "fp32"
    """fp32, or bf16 for the matrix products of training."""
    trials: int = 0
    """Trials of the study; 0 means the whole grid, or 24."""
    name: str = ""
    """Folder under `out`; the data's name where empty."""
    out: str = "results"
    """Where sweeps land."""
    jobs: str = "auto"
    """Worker processes."""
    engine: str = "local"
    """local processes or dask."""
    scheduler: str = ""
    """Address of a Dask scheduler; a cluster of our own on this machine where empty."""
    storage: str = ""
    """postgresql+psycopg://USER@HOST/DATABASE; the journal in the sweep's folder where empty."""
    timeout: str = ""
    """Stop after this time: 90s, 30m, 2h."""
    keep_weights: str = "all"
    """all, best or none."""
    report: bool = True
    """Whether to end with the report."""

    def __post_init__(self) -> None:
        at_least(1, seeds=self.seeds, batch=self.batch)
        at_least(0, trials=self.trials)
        one_of(MODEL_SETS, models=self.models)
        one_of(tuple(SAMPLERS), mode=self.mode)
        if self.sampler:
            one_of(SAMPLERS[self.mode], **{f"the sampler of mode {self.mode}": self.sampler})
        if self.pruner:
            one_of(PRUNERS[self.mode], **{f"the pruner of mode {self.mode}": self.pruner})
        if self.pruner not in ("", "none") and len(self.objectives) > 1:
            raise ConfigError(f"a study of several objectives must have the pruner none, got {self.pruner!r}")
        one_of(("all", "best", "none"), keep_weights=self.keep_weights)
        one_of(("auto", "cpu", "cuda"), device=self.device)
        one_of(("local", "dask"), engine=self.engine)
        if self.scheduler and self.engine != "dask":
            raise ConfigError(f"scheduler needs engine dask, got engine {self.engine}")
        if self.scheduler and not re.fullmatch(r"(tcp|tls)://\S+:\d+", self.scheduler):
            raise ConfigError(f"scheduler must be tcp://HOST:PORT or tls://HOST:PORT, got {self.scheduler!r}")
        if self.storage and not isinstance(self.storage, StorageUrl):
            object.__setattr__(self, "storage", parse_storage(self.storage))  # from here on it has no password in it
        if self.jobs != "auto" and not (self.jobs.isdecimal() and int(self.jobs) >= 1):
            raise ConfigError(f"jobs must be auto or at least 1, got {self.jobs!r}")
        if self.name and (self.name.startswith(".") or re.search(r"[/\\\x00-\x1f]", self.name)):
            raise ConfigError(f"name must be one folder name, not a path or hidden, got {self.name!r}")
        _ = self.axes, self.objectives, parse_scores(self.scores or "none"), self.timeout_seconds, self.run_config()
        self._check_grid()

    def _check_grid(self) -> None:
        if self.sampler != "grid":
            return
        for axis in self.axes:
            if not axis.choices:
                raise ConfigError(f"grid needs choices, got the range {axis.name} = {getattr(self, axis.name)!r}")
        if self.trials > self.grid_size:
            raise ConfigError(f"trials must be at most the grid's {self.grid_size} points, got {self.trials}")

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The search space, in the order of PARAMETERS."""
        return tuple(parse_axis(name, getattr(self, name)) for name in PARAMETERS)

    @property
    def grid_size(self) -> int:
        """Points of the grid that the choices span."""
        size = 1
        for axis in self.axes:
            size *= len(axis.choices)
        return size

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
        return rungs(self.pruner or "none", self.epochs, self.beta_schedule)

    @property
    def score_objectives(self) -> tuple[str, ...]:
        """The scores among the objectives: they are computed on validation too."""
        return tuple(objective.measured for objective in self.objectives if objective.is_score)

    def score_names(self, factors: int) -> tuple[str, ...]:
        """Return the scores of a run on data with so many factors, those that are objectives included.

        A single factor is a label, which disentanglement says nothing about. Raises ConfigError where scores are asked
        of data without factors.
        """
        objectives = self.score_objectives
        if not factors and (objectives or self.scores not in ("", "none")):
            raise ConfigError(f"scores need data with factors, got {self.data!r}, which has none")
        default = CHEAP_SCORES if factors > 1 else ()
        return tuple(dict.fromkeys((*(parse_scores(self.scores) if self.scores else default), *objectives)))

    @property
    def timeout_seconds(self) -> float | None:
        """The timeout, None where there is none."""
        if not self.timeout:
            return None
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", self.timeout)
        if not match:
            raise ConfigError(f"timeout must be a time such as 90s, 30m or 2h, got {self.timeout!r}")
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]

    @property
    def data_config(self) -> DataConfig:
        """The images, and how they are prepared."""
        return DataConfig(source=self.data, limit=self.limit, size=self.size, binarize=self.binarize)

    @property
    def identity(self) -> dict[str, Any]:
        """Every field that changes results, by what it means: two spellings of one axis are equal.

        The images are not among them: their hash says more than their name.
        """
        unread = {"data", "batch" if self.mode == "explore" else "", "sigma" if self.likelihood != "gaussian" else ""}
        given = {name: value for name, value in self.as_dict().items() if name not in {*PLACE, *unread}}
        meant = {axis.name: axis for axis in self.axes} | {"device": resolve_device(self.device)}
        return given | meant | {"objective": [(o.column, o.direction) for o in self.objectives]}

    def run_config(self, **values: Any) -> RunConfig:
        """Return the config of one run, with a trial's parameters and its seed as `values`."""
        shared = {name: getattr(self, name) for name in TRAINING_FIELDS if name not in PARAMETERS}
        base: dict[str, Any] = {"data": self.data_config, "seed": self.seed}
        return RunConfig(**(base | shared | values))

    def resolved(self) -> "Spec":
        """Return the spec with every default that depends on another field filled in."""
        sampler = self.sampler or SAMPLERS[self.mode][0]
        trials = self.trials or (self.grid_size if sampler == "grid" else DEFAULT_TRIALS)
        name = self.name or source_name(self.data)
        pruner = self.pruner or (PRUNERS[self.mode][0] if len(self.objectives) == 1 else "none")
        return replace(self, sampler=sampler, pruner=pruner, trials=trials, data=_absolute(self.data), name=name)

    def as_dict(self) -> dict[str, Any]:
        """Every field that has a value, by its option's name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != ""}


def make_spec(options: Mapping[str, Any]) -> Spec:
    """Build a resolved spec from options (TOML's or the command line's); ConfigError for a wrong name or type."""
    kinds = {f.name: f.type for f in fields(Spec)}
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigError(f"a spec's keys must be options of vaekit sweep, got {name!r}{hint}")
        values[name] = _typed(name, kinds[name], value)
    if "trials" in values:
        at_least(1, trials=values["trials"])  # 0 is the default's way of saying that none were asked
    return Spec(**values).resolved()


def _absolute(data: str) -> str:
    """The path of data that go by a path and are there, so that a sweep goes on from any folder."""
    path = Path(data).expanduser()
    try:
        return str(path.resolve()) if data not in SOURCES and path.exists() else data
    except OSError:
        return data  # what is wrong with it is said where it is read


def read_spec(path: Path) -> dict[str, Any]:
    """Read the options in a TOML file; ConfigError where it is missing or no TOML."""
    return read_toml(path, "a spec", ConfigError)


def _typed(name: str, kind: Any, value: Any) -> Any:
    """Take the value as the field's type, where TOML has a more natural one (a number, a list) for an axis."""
    if name in PARAMETERS and isinstance(value, list):
        return ",".join(str(item) for item in value)
    if name in (*PARAMETERS, "jobs", "timeout") and isinstance(value, int | float):
        return str(value)
    if name == "sigma":
        return _sigma(value)
    wanted: tuple[type, ...] = {int: (int,), int | None: (int,), float: (int, float), bool: (bool,)}.get(kind, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        names = " or ".join(t.__name__ for t in wanted)
        raise ConfigError(f"{name} must be of type {names}, got {value!r}")
    return float(str(value)) if kind is float else value


def _sigma(value: Any) -> float | Literal["learned"]:
    try:
        return "learned" if value == "learned" else float(str(value))
    except ValueError:
        raise ConfigError(f"sigma must be learned or a number, got {value!r}") from None
