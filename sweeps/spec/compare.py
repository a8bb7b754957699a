"""The spec of a comparison: VAEs and their autoencoder twins of equal sizes, seeds and budget, in the same stacks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sweeps.spec.axes import parse_axis
from sweeps.spec.spec import Spec, make_spec
from vae.columns import PARAMETERS
from vae.files.results import Folder

DEFAULTS: dict[str, Any] = {"latent_dim": "2,8,16", "hidden_dim": "128", "beta": "1"}
SHARED = (
    "data", "limit", "size", "binarize", "likelihood", "sigma", "seeds", "epochs", "batch_size", "learning_rate",
    "beta_schedule", "scores", "seed", "device",
    "precision",
)  # fmt: skip
"""What a comparison takes from the sweep that it is to be like."""
TWINS = {"models": "vae,ae", "mode": "explore", "sampler": "grid"}
SUFFIX = "-compare"


def compare_spec(options: Mapping[str, Any], like: Folder | None = None) -> Spec:
    """Return the spec of a comparison: its options, then the sweep it is like, then the defaults.

    From a sweep it takes data, training and sizes: an axis of choices as it is, of a range its ends and middle. Asked
    to be like a comparison, it is that comparison. Raises ConfigError where an option breaks its rule.
    """
    base = _like(like) if like else DEFAULTS
    chosen = {**base, **options, **TWINS}
    spec = make_spec(chosen)
    return spec if "name" in chosen else replace(spec, name=spec.name + SUFFIX)


def _like(folder: Folder) -> dict[str, Any]:
    spec = make_spec(folder.read_spec())
    there = spec.as_dict()
    sizes = {name: _choices(name, there[name]) for name in PARAMETERS if name != "beta"}
    is_comparison = spec.models == TWINS["models"]
    own = {"name": spec.name if is_comparison else spec.name + SUFFIX, "out": str(folder.path.resolve().parent)}
    beta = there["beta"] if is_comparison else DEFAULTS["beta"]
    return {name: there[name] for name in SHARED if name in there} | sizes | own | {"beta": beta}


def _choices(name: str, text: str) -> str:
    """An axis as choices; a range gives its ends and its middle, by ratio: sizes double, they do not count up."""
    axis = parse_axis(name, text)
    if axis.choices:
        return text
    middle = round((axis.low * axis.high) ** 0.5)
    return ",".join(str(int(value)) for value in dict.fromkeys((axis.low, middle, axis.high)))
