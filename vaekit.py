"""What a notebook imports: `import vaekit; vaekit.open("digits").runs`."""

from analysis import metrics
from analysis.frames.sweep import Sweep
from analysis.frames.sweep import open_sweep as open
from analysis.metrics import score
from analysis.scores.in_sweep import score_run
from sweeps.coordination.coordinator import run_sweep
from sweeps.spec.compare import compare_spec
from sweeps.spec.spec import Spec, make_spec
from vae.files.results import find_folder

__all__ = ["Spec", "Sweep", "compare", "metrics", "open", "score", "sweep"]


def sweep(**options: object) -> Sweep:
    """Begin a sweep or go on with it, by the options of `vaekit sweep` with underscores, and open it."""
    return open(run_sweep(make_spec(options), scorer=score_run).path)


def compare(like: str | None = None, **options: object) -> Sweep:
    """Train VAEs and their autoencoder twins, of a sweep's sizes and data where one is named, and open the result."""
    folder = find_folder(like, str(options.get("out", "results"))) if like else None
    return open(run_sweep(compare_spec(options, folder), scorer=score_run).path)
