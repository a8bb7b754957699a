"""How far a sweep is, and the stacks in flight: what can be said between two finished trials."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, nan
from pathlib import Path

import numpy as np

from sweeps.coordination.plan import cost
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from vae.columns import HISTORY
from vae.convergence import expected_epochs, patience_epochs
from vae.networks.padding import Shape
from vae.parameters import PARAMETERS
from vae.trained import TrainedRun


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a sweep is."""

    path: Path
    """Its folder."""
    trials: int
    """Trials asked so far."""
    goal: int
    """Trials that the spec wants."""
    complete: int
    pruned: int
    failed: int
    best: float
    """Best value of the first objective so far; NaN before the first."""
    share: float
    """Share of this call's work that is done, in [0, 1]; what is not asked yet is taken to cost as much as the rest."""
    running: int = 0
    """Trials in training."""
    best_running: float = nan
    """Best value of a trial in training, as of its last epoch; NaN where there is none, or the objective is a score."""
    seconds_left: float = nan
    """From measured training; NaN before the first slice."""
    in_flight: tuple[str, ...] = ()
    """What trains now, in words, a stack each."""
    refining: int = 0
    """Trials that are given more seeds now."""
    since_best: int = 0
    """Trials told since the best one."""
    first_error: str = ""
    timed_out: bool = False
    interrupted: bool = False

    @property
    def told(self) -> int:
        """Trials that are told."""
        return self.complete + self.pruned + self.failed


@dataclass
class _Stack:
    runs: Sequence[Run]
    so_far: Sequence[TrainedRun]
    cost: float
    share: float
    until: int | None

    @property
    def seconds(self) -> float:
        """Of training, in this call."""
        before = sum(run.so_far.seconds for run in self.runs if run.so_far)
        return sum(trained.seconds for trained in self.so_far) - before


@dataclass
class UnderWay:
    """The stacks in flight, and the work of this call: its cost, what of it is done, and the seconds that took."""

    spec: Spec
    shape: Shape
    samples: int
    """Of an epoch."""
    total: float = 0.0
    """Cost of this call's work, as far as it is known."""
    done: float = 0.0
    """Cost of the stacks that have ended."""
    _seconds: float = 0.0
    _stacks: dict[int, _Stack] = field(default_factory=dict)
    _lengths: list[int] = field(default_factory=list)

    def hear(self, stack: Sequence[Run], so_far: Sequence[TrainedRun], until: int | None) -> None:
        """Take in how far a stack is."""
        parts = [self._share(run, trained, until) for run, trained in zip(stack, so_far, strict=True)]
        self._stacks[stack[0].run] = _Stack(
            stack, so_far, cost(stack, self.shape, until), sum(parts) / len(parts), until
        )

    def end(self, stack: Sequence[Run], trained: Sequence[TrainedRun], until: int | None) -> None:
        """Take in a stack that has ended, with no results where it failed."""
        self.done += cost(stack, self.shape, until)
        known = self._stacks.pop(stack[0].run, None)
        if trained:
            known = _Stack(stack, trained, 0.0, 1.0, until)
            self._lengths += [len(run.history["seconds"]) for run in trained if not until]
        self._seconds += known.seconds if known else 0.0

    def rest(self) -> None:
        """Take in that nothing is in flight any more."""
        self._stacks.clear()

    @property
    def stacks(self) -> list[tuple[Sequence[Run], Sequence[TrainedRun]]]:
        """Runs in flight and how far they are."""
        return [(stack.runs, stack.so_far) for stack in self._stacks.values()]

    @property
    def share(self) -> float:
        """Share of this call's work that is done, in [0, 1]."""
        return min(1.0, self._cost / self.total) if self.total else 0.0

    def seconds_left(self, workers: int) -> float:
        """Return how long the rest takes so many workers, by the speed of what is done; NaN before it is known."""
        if not self._cost:
            return nan
        speed = (self._seconds + sum(stack.seconds for stack in self._stacks.values())) / self._cost
        longest = max(((1 - stack.share) * stack.cost for stack in self._stacks.values()), default=0.0)
        return speed * max(longest, (self.total - self._cost) / workers)

    @property
    def _cost(self) -> float:
        return self.done + sum(stack.share * stack.cost for stack in self._stacks.values())

    def trials(self) -> list[int]:
        """Return the trials in training."""
        return sorted({run.trial for stack in self._stacks.values() for run in stack.runs})

    def values(self) -> dict[int, tuple[int, float]]:
        """Return, for each trial in training, the last epoch that all its VAEs in flight have, and its value there.

        Nothing where the objective is no column of histories.
        """
        column = self.spec.objectives[0].column
        curves: dict[int, list[np.ndarray]] = {}
        for stack in self._stacks.values() if column in HISTORY else ():
            for run, trained in zip(stack.runs, stack.so_far, strict=True):
                if run.config.model == "vae":
                    curves.setdefault(run.trial, []).append(trained.history[column])
        epochs = {trial: min(map(len, of_seeds)) for trial, of_seeds in curves.items()}
        return {
            trial: (epochs[trial], float(np.mean([curve[epochs[trial] - 1] for curve in of_seeds])))
            for trial, of_seeds in curves.items()
            if epochs[trial]
        }

    def words(self) -> tuple[str, ...]:
        """Say what trains now, a stack each."""
        return tuple(self._words(stack) for _, stack in sorted(self._stacks.items()))

    def _words(self, stack: _Stack) -> str:
        trials = sorted({run.trial for run in stack.runs})
        config = stack.runs[0].config
        shaping = [axis.name for axis in self.spec.axes if PARAMETERS[axis.name].shapes_stack and not axis.is_fixed]
        shape = ", ".join(f"{name} {getattr(config, name)}" for name in shaping if name != "latent_dim")
        who = f"trial{'s'[: len(trials) > 1]} {_numbers(trials)}" + (f" ({shape})" if shape else "")
        epoch = min(len(trained.history["seconds"]) + (not trained.has_ended) for trained in stack.so_far)
        last = stack.until or config.epochs
        return f"{who} in epoch {epoch}" if last == "auto" else f"{who} in epoch {min(epoch, last)} of {config.epochs}"

    def _share(self, run: Run, trained: TrainedRun, until: int | None) -> float:
        """Share of a run's way from where this call found it, in [0, 1]."""
        if trained.has_ended:
            return 1.0
        steps = ceil(self.samples / run.config.batch_size)
        begun = len(run.so_far.history["seconds"]) if run.so_far else 0
        now = len(trained.history["seconds"]) + trained.steps / steps
        end: float = until or (0 if run.config.epochs == "auto" else run.config.epochs)
        if not end:
            guess = float(np.mean(self._lengths)) if self._lengths else expected_epochs(steps)
            end = max(guess, now + patience_epochs(steps) / 2)
        return max(0.0, min(1.0, (now - begun) / max(1.0, end - begun)))


def _numbers(trials: Sequence[int]) -> str:
    if len(trials) > 4:
        return f"{trials[0]} to {trials[-1]}"
    return ", ".join(map(str, trials))


def duration(seconds: float) -> str:
    """Return seconds as a sentence has them: in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
