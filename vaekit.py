"""What a notebook imports: `import vaekit; vaekit.open("digits").runs`."""

import warnings
from functools import partial
from inspect import Parameter
from typing import Any

from analysis import metrics
from analysis.frames.sweep import Sweep
from analysis.frames.sweep import open_sweep as open
from analysis.metrics import score
from analysis.scores.in_sweep import score_run
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec
from sweeps.spec.options import docstring_of, signature_of
from sweeps.spec.spec import Spec
from vae.files.results import find_folder
from vae.streams import say

__all__ = ["Spec", "Sweep", "compare", "metrics", "open", "score", "sweep"]


def sweep(**options: Any) -> Sweep:
    """Train a sweep, or go on with one, and open it."""
    return _trained(make_spec(options, partial(warnings.warn, stacklevel=3)))


def compare(like: str | None = None, **options: Any) -> Sweep:
    """Train VAEs and their autoencoder twins, with a sweep's data and sizes where one is named, and open the result."""
    folder = find_folder(like, str(options.get("out", "results"))) if like else None
    return _trained(compare_spec(options, folder))


def _trained(spec: Spec) -> Sweep:
    return open(run_sweep(spec, scorer=score_run, note=say).path, network=spec.network)


_LIKE = Parameter("like", Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=str | None)
sweep.__signature__ = signature_of("sweep", returns=Sweep)  # type: ignore[attr-defined]
sweep.__doc__ = docstring_of("sweep", str(sweep.__doc__))
compare.__signature__ = signature_of("compare", [_LIKE], returns=Sweep)  # type: ignore[attr-defined]
compare.__doc__ = docstring_of("compare", str(compare.__doc__))
