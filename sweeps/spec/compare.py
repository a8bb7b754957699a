"""The spec of a comparison: VAEs and their autoencoder twins of equal sizes, seeds and budget, in the same stacks."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sweeps.spec.axes import parse_axis
from sweeps.spec.make import make_spec
from sweeps.spec.options import Options, names_of, of
from sweeps.spec.spec import Spec
from vae.errors import ConfigError
from vae.files.results import Folder
from vae.own.source import check_named
from vae.parameters import PARAMETERS

DEFAULTS: dict[str, Any] = {f.name: of(f).compare_default for f in fields(Options) if of(f).compare_default}
TWINS = {"models": "vae,ae", "mode": "explore", "sampler": "grid"}
SUFFIX = "-compare"


def compare_spec(options: Mapping[str, Any], like: Folder | None = None) -> Spec:
    """Return the spec of a comparison: its options, then the sweep it is like, then the defaults.

    From a sweep it takes data, training and sizes: an axis of choices as it is, of a range its ends and middle. Asked
    to be like a comparison, it is that comparison. Raises ConfigError where an option breaks its rule, and ResultsError
    where the sweep has a network of the user's own that `options` do not name.
    """
    if "preset" in options:
        raise ConfigError(f"compare has no presets, got preset {options['preset']!r}")
    base = _like(like) if like else DEFAULTS
    if like:
        check_named(base["network"], _named(options.get("network")))
    chosen = {**base, **options, **TWINS}
    spec = make_spec(chosen)
    return spec if "name" in chosen else replace(spec, name=spec.name + SUFFIX)


def _like(folder: Folder) -> dict[str, Any]:
    spec = make_spec(folder.read_spec())
    there = spec.as_dict()
    is_comparison = spec.models == TWINS["models"]
    axes = {name: _choices(name, there[name]) for name in PARAMETERS}
    if not is_comparison:
        axes["beta"] = DEFAULTS["beta"]
    own = {"name": spec.name if is_comparison else spec.name + SUFFIX, "out": str(folder.path.resolve().parent)}
    return {name: there[name] for name in names_of("run") if name in there} | axes | own


def _choices(name: str, text: str) -> str:
    """An axis as choices; a range gives its ends and its middle, by ratio: sizes double, they do not count up."""
    axis = parse_axis(name, text)
    if axis.choices:
        return text
    middle = (axis.low * axis.high) ** 0.5
    values = (axis.low, round(middle) if axis.is_integer else float(f"{middle:.3g}"), axis.high)
    return ",".join(map(str, dict.fromkeys(values)))


def _named(network: Any) -> str:
    """What was given for `network`, which in Python may be a list, as text."""
    return ",".join(map(str, network)) if isinstance(network, list | tuple) else str(network or "")
