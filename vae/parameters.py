"""The hyperparameters that a sweep can search: the one table that knows what each is called and what it may be."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vae.errors import ConfigError
from vae.loss_table import LOSSES

Value = int | float | str
"""Of a hyperparameter; a text is a name."""

LARGEST_DIM = 2**16
"""Of z and of a hidden layer: beyond it, one run's weights fill a machine."""
LARGEST_BATCH = 2**20
OWN_NETWORK = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""MODULE:FUNCTION, as Python spells them."""
MOST_LAYERS = 64
"""On either side; deeper ones do not train without skip connections."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One hyperparameter: its rule, its words, and what it means for stacks and ranges."""

    name: str
    """The option's, the spec's and the column's."""
    kind: Literal["integer", "real", "name"]
    least: float = 0
    """The smallest value; excluded where `above` says so."""
    above: bool = False
    """Whether `least` itself breaks the rule."""
    most: float = math.inf
    names: tuple[str, ...] = ()
    """All that a name may be; any where empty."""
    may_be_own: bool = False
    """Whether a name may also be the user's own, MODULE:FUNCTION."""
    words: str
    """In a sentence: "latent dimensions"."""
    unit: str
    """On an axis, in parentheses: "count"."""
    shapes_stack: bool
    """Whether runs must agree on it to be trained in one stack."""
    enlarges: bool = False
    """Whether a larger value is a larger network."""
    powers_of_two: bool = False
    """Whether a range means the powers of two within it: each value has stacks of its own."""
    of_loss: bool = False
    """Whether each loss has values of its own that are usual."""

    @property
    def label(self) -> str:
        """Words and unit, as an axis of a figure has them."""
        return f"{self.words} ({self.unit})"

    def check(self, value: object) -> None:
        """Raise ConfigError where a value breaks the rule."""
        if self.kind == "name":
            if self.may_be_own and is_own(str(value)):
                if not OWN_NETWORK.fullmatch(str(value)):
                    raise ConfigError(f"a {self.name} of your own must be MODULE:FUNCTION, got {value!r}")
            elif self.names and value not in self.names:
                own = " or MODULE:FUNCTION" if self.may_be_own else ""
                raise ConfigError(f"{self.name} must be one of {', '.join(self.names)}{own}, got {value!r}")
            return
        out_of_reach = not isinstance(value, int | float) or not math.isfinite(value) or value < self.least
        if out_of_reach or (self.above and value == self.least):
            raise ConfigError(f"{self.name} must be {'above' if self.above else 'at least'} {self.least}, got {value}")
        if isinstance(value, int | float) and value > self.most:
            raise ConfigError(f"{self.name} must be at most {self.most}, got {value}")


PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            name="latent_dim", kind="integer", least=1, most=LARGEST_DIM, words="latent dimensions", unit="count",
            shapes_stack=False, enlarges=True,
        ),
        Parameter(
            name="beta", kind="real", least=0, words="beta", unit="weight", shapes_stack=False, of_loss=True,
        ),
        Parameter(
            name="hidden_dim", kind="integer", least=1, most=LARGEST_DIM, words="hidden width", unit="units",
            shapes_stack=True, enlarges=True, powers_of_two=True,
        ),
        Parameter(
            name="network", kind="name", names=("mlp", "conv"), may_be_own=True, words="network", unit="kind",
            shapes_stack=True,
        ),
        Parameter(
            name="depth", kind="integer", least=1, most=MOST_LAYERS, words="depth", unit="hidden layers",
            shapes_stack=True, enlarges=True,
        ),
        Parameter(
            name="loss", kind="name", names=tuple(LOSSES), words="loss", unit="kind", shapes_stack=True,
        ),
        Parameter(
            name="capacity", kind="real", least=0, words="capacity", unit="nats", shapes_stack=False, of_loss=True,
        ),
        Parameter(
            name="learning_rate", kind="real", least=0, above=True, words="learning rate", unit="step size of Adam",
            shapes_stack=False,
        ),
        Parameter(
            name="batch_size", kind="integer", least=1, most=LARGEST_BATCH, words="batch size", unit="examples",
            shapes_stack=True, powers_of_two=True,
        ),
    )
}  # fmt: skip
"""By name, in the order of the frames' columns."""
ALWAYS = ("latent_dim", "beta", "hidden_dim")
"""Parameters that have a column in every sweep's frames; the others have one where the sweep varies them."""


def is_own(network: str) -> bool:
    """Whether a network is the user's own, MODULE:FUNCTION."""
    return ":" in network
