"""More seeds where they decide: the best trials of a sweep, and those that cannot be told from the first, get more.

What is chosen is written before it is trained, and nothing more is chosen before all of it is: so a refinement that is
killed goes on with what is missing, and is the same with any number of workers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sweeps.coordination.coordinator import Coordinator, Work
from sweeps.engines.engine import Stop
from sweeps.spec.spec import Spec
from vae.errors import ConfigError, ResultsError
from vae.files.rounds import MOST_SEEDS

TOP, SEEDS = 5, 10
"""Trials that get more seeds in any case, and how many each has afterwards."""


class Choose(Protocol):
    """Returns the trials whose order more seeds would tell.

    `values` are (trial, seed, value of the objective), one a run; `top` the first trials to be among them in any case.
    """

    def __call__(self, values: Sequence[tuple[int, int, float]], top: int, *, is_less_better: bool) -> list[int]:
        """Choose them."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How the best trials get more seeds."""

    choose: Choose
    top: int = TOP
    seeds: int = SEEDS
    note: Callable[[str], None] = lambda line: None
    """Takes a line for the user."""

    def check(self, spec: Spec) -> None:
        """Raise ConfigError where it cannot be done to a sweep."""
        if self.top < 1:
            raise ConfigError(f"top must be at least 1, got {self.top}")
        if not spec.seeds < self.seeds <= MOST_SEEDS:
            raise ConfigError(
                f"seeds must be above the {spec.seeds} that each trial has, and at most {MOST_SEEDS}, got {self.seeds}"
            )
        if len(spec.objectives) > 1:
            raise ConfigError(f"to refine needs one objective, for by several none is best; got {spec.objective!r}")
        if len(spec.model_kinds) > 1:
            raise ConfigError("a comparison is not refined: repeat it with more --seeds under another --name")


def refine(coordinator: Coordinator, stop: Stop, how: Refinement) -> None:
    """Give seeds until the best trials all have them: what looked best with few seeds may fall behind the others.

    Raises TimedOut or Interrupted where it stops before.
    """
    ledger = coordinator.ledger
    if not ledger.complete(coordinator.told):
        raise ResultsError(f"{str(coordinator.folder.path)!r} has no complete trial to refine: run its sweep first")
    is_whole = not ledger.missing_more()
    coordinator.train_more(stop)
    if is_whole and not _lacking(coordinator, how):
        how.note(f"nothing to refine: the trials that decide have {how.seeds} seeds")
    while chosen := _lacking(coordinator, how):
        numbers = ", ".join(map(str, chosen))
        how.note(f"refining: {how.seeds} seeds for trial{'s' if len(chosen) > 1 else ''} {numbers}")
        coordinator.give_seeds(chosen, how.seeds)
        coordinator.train_more(stop)


def work_of(spec: Spec, how: Refinement) -> Work:
    """Return what a sweep does: all its trials and, where its spec says so, the refinement of its best.

    Raises ConfigError where the spec asks for one that cannot be done.
    """
    if not spec.refine:
        return Coordinator.run
    how.check(spec)

    def run_and_refine(coordinator: Coordinator, stop: Stop) -> None:
        coordinator.run(stop)
        if coordinator.ledger.complete(coordinator.told):
            refine(coordinator, stop, how)

    return run_and_refine


def _lacking(coordinator: Coordinator, how: Refinement) -> list[int]:
    """Return the trials that more seeds would tell apart and that do not have them yet."""
    ledger = coordinator.ledger
    values = [
        (trial, *of_seed) for trial in ledger.complete(coordinator.told) for of_seed in ledger.by_seed(trial).items()
    ]
    chosen = how.choose(values, how.top, is_less_better=coordinator.spec.objectives[0].ascending)
    return [trial for trial in chosen if ledger.seeds(trial) < how.seeds]
