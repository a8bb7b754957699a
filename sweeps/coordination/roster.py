"""Which seeds each trial has, and the numbers of their runs: its own, and those that rounds of refinement gave it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sweeps.spec.spec import Spec
from vae.files.rounds import Round


class Block(NamedTuple):
    """Runs of a trial that were asked for together, numbered one after another by model and seed."""

    first_run: int
    seeds: range


class Roster:
    """The blocks of every trial.

    A trial's own runs are numbered by trial; those of a round come after the runs of all trials that were asked by
    then, and trials that are asked later come after them. So no number changes that was ever given.
    """

    def __init__(self, spec: Spec, rounds: Sequence[Round] = ()) -> None:
        self._own = range(spec.seed, spec.seed + spec.seeds)
        self._runs_a_trial = len(spec.model_kinds) * spec.seeds
        self._more: dict[int, list[Block]] = defaultdict(list)
        self._given: list[tuple[int, int]] = []
        for made in rounds:
            first = self.own(made.asked).first_run
            for trial in made.trials:
                block = Block(first, range(self._own.start + self.seeds(trial), self._own.start + made.seeds))
                if block.seeds:
                    self._more[trial].append(block)
                    first += len(spec.model_kinds) * len(block.seeds)
            self._given.append((made.asked, first - made.asked * self._runs_a_trial))

    def own(self, trial: int) -> Block:
        """Return the block that a trial was asked with."""
        given = max((runs for asked, runs in self._given if asked <= trial), default=0)
        return Block(trial * self._runs_a_trial + given, self._own)

    def more(self, trial: int) -> list[Block]:
        """Return the blocks that rounds of refinement gave a trial, in their order."""
        return self._more.get(trial, [])

    def seeds(self, trial: int) -> int:
        """Return how many seeds a trial has."""
        return len(self._own) + sum(len(block.seeds) for block in self.more(trial))
