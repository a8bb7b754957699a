"""What a notebook imports: `import vaekit; vaekit.open("digits").runs`."""

import warnings
from functools import partial
from inspect import Parameter
from pathlib import Path
from typing import Any

from analysis import metrics
from analysis.choice.choose import Choice
from analysis.choice.more_seeds import worth_more_seeds
from analysis.metrics import score
from analysis.notebook.run import Run
from analysis.notebook.sweep import Sweep
from analysis.notebook.sweep import open_sweep as open
from analysis.scores.in_sweep import score_run
from sweeps.coordination import refine as _refining
from sweeps.coordination.coordinator import Work, run_sweep
from sweeps.coordination.progress import live_progress
from sweeps.presets.presets import with_preset
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec, spec_in
from sweeps.spec.options import docstring_of, signature_of
from sweeps.spec.spec import Spec
from vae.data.memory import with_files
from vae.files.results import find_folder
from vae.own.source import check_named
from vae.streams import say

__all__ = ["Choice", "Run", "Spec", "Sweep", "compare", "metrics", "open", "refine", "score", "sweep"]


def sweep(**options: Any) -> Sweep:
    """Train a sweep, or go on with one, and open it.

    `data` may be an array or tensor (sample, ...), with `factors` an array too, or a data frame.
    """
    spec = make_spec(with_preset(with_files(options)), partial(warnings.warn, stacklevel=3))
    work = _refining.work_of(spec, _refining.Refinement(choose=worth_more_seeds))
    return _trained(spec, work)


def refine(
    where: str | Path,
    top: int = _refining.TOP,
    seeds: int = _refining.SEEDS,
    out: str = "results",
    network: str | None = None,
) -> Sweep:
    """Give the best trials of a sweep, and those that may be as good, so many seeds each, and open it.

    `network` names the networks of your own that it may import. Raises a VaekitError where there is no such sweep, none
    of its trials is complete or the seeds are no more than those that each trial has.
    """
    spec = spec_in(find_folder(where, out))
    check_named(spec.network, network)
    how = _refining.Refinement(choose=worth_more_seeds, top=top, seeds=seeds)
    how.check(spec)
    return _trained(spec, partial(_refining.refine, how=how))


def compare(like: str | None = None, **options: Any) -> Sweep:
    """Train VAEs and their autoencoder twins, with a sweep's data and sizes where one is named, and open the result."""
    folder = find_folder(like, str(options.get("out", "results"))) if like else None
    return _trained(compare_spec(with_files(options), folder))


def _trained(spec: Spec, work: Work | None = None) -> Sweep:
    with live_progress(spec.objectives[0].name, quiet=spec.quiet) as show:
        path = run_sweep(spec, show, scorer=score_run, note=say, work=work).path
    return open(path, network=spec.network)


_LIKE = Parameter("like", Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=str | None)
sweep.__signature__ = signature_of("sweep", returns=Sweep)  # type: ignore[attr-defined]
sweep.__doc__ = docstring_of("sweep", str(sweep.__doc__))
compare.__signature__ = signature_of("compare", [_LIKE], returns=Sweep)  # type: ignore[attr-defined]
compare.__doc__ = docstring_of("compare", str(compare.__doc__))
