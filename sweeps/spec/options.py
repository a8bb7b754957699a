"""The options of a sweep, each declared once: the commands, their help, TOML and Python read them from here."""

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from inspect import Parameter, Signature, cleandoc
from typing import Any, Literal

from vae.data_config import DataConfig
from vae.loss_table import LOSSES
from vae.parameters import PARAMETERS

Command = Literal["sweep", "compare", "data info"]
Part = Literal["run", "search", "place"]
"""Of a sweep: what each run is, where it is searched, and how the work is done, which changes no result."""
KEY = "option"


@dataclass(frozen=True, kw_only=True)
class Option:
    """What is known of an option beside its name, its type and its default."""

    help: str
    part: Part
    shown: str = ""
    """The default in words, where other options decide it."""
    numeric: bool = False
    """Whether a file may give a number where the option is text."""
    compare: bool = True
    """Whether `vaekit compare` has it."""
    compare_default: str = ""
    """The default of `vaekit compare`, where it is another one."""
    compare_shown: str = ""
    compare_help: str = ""


def option(default: Any, part: Part, help: str, **known: Any) -> Any:  # noqa: A002
    """Declare an option as a field."""
    return field(default=default, metadata={KEY: Option(help=help, part=part, **known)})


_AXIS = "low:high[:log], a,b,c or one value"
_CHOICES = "choices a,b,c or one value"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Every option of a sweep, by the name that it has in TOML and in Python."""

    preset: str = option(
        "", "place", "Options that go together, by name or FILE.toml; others win. `vaekit presets` lists them.",
        compare=False,
    )  # fmt: skip
    data: str = option("digits", "run", "Name, folder or file; `vaekit data list` lists names and formats.")
    limit: int | None = option(None, "run", "Number of samples (images, or rows of a table) to use, drawn at random.")
    size: int | None = option(None, "run", "Side length in pixels to shrink images to, by averaging.")
    binarize: str = option("none", "run", "Make pixels 0 or 1: none, threshold (at 0.5) or sample (anew each epoch).")
    white: float | None = option(
        None, "run", "The integer that is white, pixel value 1.", shown="1, 255 or 65535, by the brightest pixel"
    )
    key: str = option("", "run", "Name of the array in a file of several.", shown="the one that can be meant")
    scale: str = option(
        "", "run", "Scale values that are no pixels: standard (by mean and deviation), unit (to [0, 1]) or a divisor.",
        shown="standard for tables, none for images", numeric=True,
    )  # fmt: skip
    factors: str = option("", "run", "Columns of a table that are known factors or labels: a,b,c.")
    drop: str = option("", "run", "Columns of a table to leave out: a,b,c.")
    likelihood: str = option(
        "", "run", "p(x|z): bernoulli, continuous_bernoulli or gaussian.", shown="bernoulli, for a table gaussian"
    )
    sigma: float | Literal["learned"] = option(
        "learned", "run", "Standard deviation of gaussian: learned (the optimal one) or a number."
    )
    models: str = option("vae", "search", "vae, or vae,ae to train an autoencoder twin beside each VAE.", compare=False)
    trials: int = option(
        0, "place", "Points of the search space to train, none twice.", shown="24, or the whole grid", compare=False
    )
    stop_after: int | None = option(
        None, "place", "End the study once so many trials in a row have not improved the best.", compare=False
    )
    seeds: int = option(3, "run", "Runs per trial, with consecutive seeds from --seed on.")
    epochs: int | Literal["auto"] = option(
        "auto", "run", "Passes over the training samples, or auto: until the loss on validation stops improving."
    )
    network: str = option(
        "mlp", "run", "mlp, conv for images, or your own torch module, MODULE:FUNCTION; or choices a,b."
    )
    depth: str = option("1", "run", f"Hidden layers on either side: {_AXIS}.")
    batch_size: str = option("128", "run", f"Samples in a minibatch: {_AXIS}; a range means powers of two.")
    learning_rate: str = option("0.001", "run", f"Step size of Adam: {_AXIS}.")
    loss: str = option("beta_vae", "run", f"What is minimised: {', '.join(LOSSES)}; several are an axis.")
    capacity: str = option("25", "run", f"Nats of rate that annealed_vae ends at: {_AXIS}, or usual.")
    beta_schedule: str = option(
        "constant", "run", "constant, linear:F (warm-up over a fraction F of training) or cyclic:N (N warm-ups)."
    )
    latent_dim: str = option(
        "2:32", "search", f"Dimensions of z: {_AXIS}.",
        compare_default="2,8,16", compare_help=f"Dimensions of z: {_CHOICES}.",
    )  # fmt: skip
    beta: str = option(
        "0.1:16:log", "search", f"Weight of the rate, or of what another --loss weighs: {_AXIS}, or usual.",
        compare_default="1", compare_help=f"Weight of the VAE's rate: {_CHOICES}.",
    )  # fmt: skip
    hidden_dim: str = option(
        "64,128,256", "search", f"Width of the hidden layer: {_AXIS}; a range means powers of two.",
        compare_default="128", compare_help=f"Width of the hidden layer: {_CHOICES}.",
    )  # fmt: skip
    mode: str = option(
        "explore", "search", "explore to cover the space evenly, optimize to find the best trial.", compare=False
    )
    sampler: str = option(
        "", "search", "qmc, random or grid to explore; tpe to optimize.", shown="qmc or tpe", compare=False
    )
    pruner: str = option(
        "", "search", "none, or to optimize also halving or median.", shown="none or halving", compare=False
    )
    batch: int = option(16, "search", "Trials per batch, to optimize.", compare=False)
    refine: bool = option(
        False, "place", "Give the best trials more seeds at the end, as `vaekit refine` does.", compare=False
    )
    objective: str = option(
        "elbo", "search", "elbo, NAME:min or NAME:max (nats or a score, on validation), or several: a,b.", compare=False
    )
    scores: str = option(
        "", "run", "Disentanglement scores by name, a,b,c, or none.", shown="cheap ones on data with factors"
    )
    seed: int = option(0, "run", "First seed of the runs, and seed of the sampler.")
    name: str = option(
        "", "place", "Name of the sweep, its folder under --out.", shown="the data's name",
        compare_shown="the data's or sweep's name, with -compare",
    )  # fmt: skip
    out: str = option("results", "place", "Folder that holds the sweeps.")
    jobs: str = option("auto", "place", "Worker processes with one thread each; auto takes one per core.", numeric=True)
    engine: str = option("local", "place", "local (processes on this machine) or dask (a cluster).")
    scheduler: str = option("", "place", "Dask scheduler, tcp://HOST:PORT; without it, a cluster on this machine.")
    storage: str = option(
        "", "place", "Database for the study, postgresql+psycopg://USER@HOST/DATABASE, instead of a journal."
    )
    device: str = option("auto", "run", "auto, cpu or cuda.")
    precision: str = option("fp32", "run", "fp32, or bf16 for faster matrix products in training.")
    keep_weights: str = option("all", "place", "Weights to keep: all, best (trials) or none.", compare=False)
    timeout: str = option("", "place", "Stop after a time such as 90s, 30m or 2h.", numeric=True)
    report: bool = option(True, "place", "Write the report at the end.")
    quiet: bool = option(False, "place", "Show no progress.")


def of(declared: "Field[Any]") -> Option:
    """Return what is known of a field of Options."""
    known: Option = declared.metadata[KEY]
    return known


def names_of(part: Part) -> tuple[str, ...]:
    """Return the options of one part of a sweep."""
    return tuple(f.name for f in fields(Options) if of(f).part == part)


def of_command(command: Command) -> "list[Field[Any]]":
    """Return the options that a command has, in the order of its help."""
    if command == "data info":
        return [f for f in fields(Options) if f.name in {known.name for known in fields(DataConfig)}]
    return [f for f in fields(Options) if command == "sweep" or of(f).compare]


def default_of(declared: "Field[Any]", command: Command) -> Any:
    """Return the value that a command takes where an option is not given."""
    return (command == "compare" and of(declared).compare_default) or declared.default


def help_of(declared: "Field[Any]", command: Command) -> tuple[str, str]:
    """Return an option's help, and its default in words (empty where there is none)."""
    known = of(declared)
    if command == "compare" and (known.compare_help or known.compare_shown):
        return known.compare_help or known.help, known.compare_default or known.compare_shown
    return known.help, known.shown or ("" if declared.default is None else str(declared.default))


def signature_of(command: Command, first: Sequence[Parameter] = (), returns: Any = Signature.empty) -> Signature:
    """Return the signature of a command in Python: what comes first, then its options by keyword."""
    options = [
        Parameter(f.name, Parameter.KEYWORD_ONLY, default=default_of(f, command), annotation=_annotation(f))
        for f in of_command(command)
    ]
    return Signature([*first, *options], return_annotation=returns)


def docstring_of(command: Command, summary: str) -> str:
    """Return the docstring of a command in Python: what it does, then a line an option."""
    lines = []
    for declared in of_command(command):
        help_text, shown = help_of(declared, command)
        lines.append(f"    {declared.name}: {help_text}{f' [default: {shown}]' if shown else ''}")
    return "\n".join([cleandoc(summary), "", "Options:", *lines, ""])


def _annotation(declared: "Field[Any]") -> Any:
    return str | float | Sequence[str | float] if declared.name in PARAMETERS else declared.type
