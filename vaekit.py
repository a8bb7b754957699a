"""What a notebook imports: `import vaekit; vaekit.open("digits").runs`."""

from analysis import metrics
from analysis.frames import Sweep
from analysis.frames import open_sweep as open
from analysis.metrics import score
from analysis.scorer import score_run
from sweeps.coordinator import run_sweep
from sweeps.spec import Spec, make_spec

__all__ = ["Spec", "Sweep", "metrics", "open", "score", "sweep"]


def sweep(**options: object) -> Sweep:
    """Begin a sweep or go on with it, by the options of `vaekit sweep` with underscores, and open it."""
    return open(run_sweep(make_spec(options), scorer=score_run).path)
