"""What choosing the best of many flatters it by, and what refining it costs: the winner's curse on the digits.

    python -m benchmarks.refine                       ten studies of 24 trials x 3 seeds, refined to 10: minutes

Each study has points and seeds of its own. `curse` is by how much the first trial's value at its selection is better
than its mean over the seeds that had no part in choosing it. `cost` is the training time of study and refinement as a
share of what as many seeds for every trial take, from the seconds of the runs.
"""

import tempfile
from typing import Any

import numpy as np
from scipy import stats

import vaekit
from analysis.choice.refined import winners_curse
from analysis.presentation.view import View
from benchmarks.table import options, show

COLUMNS = ("trials", "trial", "value_at_selection", "value", "value_of_others", "curse")


def measure(study: int, epochs: int, seeds: int, out: str) -> dict[str, Any]:
    """One study, refined."""
    given = {"epochs": epochs, "seeds": seeds, "seed": 100 * study, "name": f"study{study}", "out": out}
    path = vaekit.sweep(**given, trials=24, report=False, quiet=True, keep_weights="none").path
    sweep = vaekit.refine(path)
    found = winners_curse(View(sweep)) or {}
    own = sweep.runs["seed"] < 100 * study + seeds
    seconds = sweep.runs["seconds"]
    cost = seconds.sum() / (seconds[own].sum() * found["seeds"] / seeds)
    return {"study": study} | {name: found[name] for name in COLUMNS} | {"cost": float(cost)}


def main() -> None:
    """Parse, measure, print."""
    parser = options(__doc__)
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        rows = [measure(study, arguments.epochs, arguments.seeds, out) for study in range(arguments.studies)]
    curses = np.array([row["curse"] for row in rows])
    width = stats.t.ppf(0.975, len(curses) - 1) * curses.std(ddof=1) / len(curses) ** 0.5 if len(curses) > 1 else np.nan
    show(rows, [f"the winner's curse is {curses.mean():.3f} nats, ± a 95 % interval of {width:.3f}"], arguments.json)


if __name__ == "__main__":
    main()
