"""The rules that options keep among themselves; axes, objectives and runs check their own."""

import re

from sweeps.spec.options import Options
from sweeps.spec.rungs import PRUNERS
from vae.config import MODELS, at_least, one_of
from vae.errors import ConfigError
from vae.loss_table import USUAL

SAMPLERS = {"explore": ("qmc", "random", "grid"), "optimize": ("tpe",)}
"""The samplers of each mode, its default first."""
MODEL_SETS = (MODELS[0], ",".join(MODELS))
"""What a trial trains: an AE alone has no rate, so nothing to sweep for."""
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def check_options(options: Options) -> None:
    """Raise ConfigError where an option breaks a rule."""
    at_least(1, seeds=options.seeds, batch=options.batch)
    at_least(0, trials=options.trials)
    if options.stop_after is not None:
        at_least(1, stop_after=options.stop_after)
    one_of(MODEL_SETS, models=options.models)
    _check_search(options)
    _check_place(options)


def _check_search(options: Options) -> None:
    one_of(tuple(SAMPLERS), mode=options.mode)
    if options.sampler:
        one_of(SAMPLERS[options.mode], **{f"the sampler of mode {options.mode}": options.sampler})
    if options.pruner:
        one_of(PRUNERS[options.mode], **{f"the pruner of mode {options.mode}": options.pruner})
    if options.pruner not in ("", "none") and "," in options.objective:
        raise ConfigError(f"pruner must be none with several objectives, got {options.pruner!r}")
    if options.stop_after is not None and "," in options.objective:
        raise ConfigError(f"stop_after needs one objective, got {options.objective!r}")
    if options.capacity not in (Options.capacity, USUAL) and "annealed_vae" not in options.loss:
        raise ConfigError(f"capacity is of --loss annealed_vae, got --loss {options.loss}")


def _check_place(options: Options) -> None:
    one_of(("all", "best", "none"), keep_weights=options.keep_weights)
    one_of(("auto", "cpu", "cuda"), device=options.device)
    one_of(("local", "dask"), engine=options.engine)
    if options.scheduler and options.engine != "dask":
        raise ConfigError(f"scheduler needs engine dask, got engine {options.engine}")
    if options.scheduler and not re.fullmatch(r"(tcp|tls)://\S+:\d+", options.scheduler):
        raise ConfigError(f"scheduler must be tcp://HOST:PORT or tls://HOST:PORT, got {options.scheduler!r}")
    if options.jobs != "auto" and not re.fullmatch(r"0*[1-9][0-9]{0,5}", options.jobs):
        raise ConfigError(f"jobs must be auto or at least 1, got {options.jobs[:40]!r}")
    if options.name and (options.name.startswith(".") or re.search(r"[/\\\x00-\x1f]", options.name)):
        raise ConfigError(f"name must be a single folder name, neither a path nor hidden, got {options.name!r}")
    _ = parse_timeout(options.timeout)


def parse_timeout(text: str) -> float | None:
    """Return a time in seconds, None where there is none; ConfigError where the text is no time."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise ConfigError(f"timeout must be a time such as 90s, 30m or 2h, got {text!r}")
    return float(match[1]) * SECONDS[match[2]]
