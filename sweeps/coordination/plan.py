"""From trials to runs, and from runs to stacks."""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from sweeps.coordination.roster import Block, Roster
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from sweeps.study.space import Point
from vae.config import RunConfig
from vae.networks.padding import Shape
from vae.parameters import is_own
from vae.stack.machine import STANDARD, Machine
from vae.stack.planning import stack_key, step_cost, working_set_bytes

Key = tuple[object, ...]
PIECES = (1, 2, 3, 4, 6)
"""Into how many stacks, at least, a worker's share of the time is tried to be cut."""
GPU_BYTES, GPU_RUNS = 4 * 2**30, 512
"""A GPU has no cache to stay in, and a step's calls cost it the same for one run as for hundreds."""


def runs_of_trial(spec: Spec, trial: int, point: Point, block: Block | None = None) -> list[Run]:
    """Return the runs of a trial that it was asked with, or of another block, numbered by model and seed."""
    block = block or Roster(spec).own(trial)
    configs = [spec.run_config(**point, model=model, seed=seed) for model in spec.model_kinds for seed in block.seeds]
    return [Run(block.first_run + place, trial, config) for place, config in enumerate(configs)]


def stack_size(config: RunConfig, shape: Shape, device: str = "cpu", machine: Machine = STANDARD) -> int:
    """Return how many runs of this shape train best together; a network of the user's own trains alone."""
    if is_own(config.network):
        return 1
    if device == "cuda":
        return max(1, min(GPU_RUNS, GPU_BYTES // working_set_bytes(config, shape)))
    return machine.best_size(config, shape)


def plan_stacks(
    runs: Iterable[Run], shape: Shape, workers: int, device: str = "cpu", machine: Machine = STANDARD
) -> list[list[Run]]:
    """Group runs of equal shapes that are equally far into stacks, the dearest first.

    Stacks are of the size that suits the machine, unless smaller ones let the workers end sooner. A run's result does
    not depend on its stack, so the machine and the number of workers may be read here.
    """
    groups: dict[Key, list[Run]] = defaultdict(list)
    for run in runs:
        groups[*stack_key(run.config), *_place(run)].append(run)
    sizes = {key: stack_size(group[0].config, shape, device, machine) for key, group in groups.items()}

    def seconds(stack: Sequence[Run]) -> float:
        """Of one worker, for a stack to its end, as many as there are samples."""
        config = stack[0].config
        return machine.step_seconds(config, shape, len(stack)) / config.batch_size * _left(stack[0])

    def cut(limit: float) -> list[list[Run]]:
        """Cut groups into equal stacks of their size at most that, where they can, take no longer than the limit."""
        return [part for key, group in groups.items() for part in _parts(group, sizes[key], limit, seconds)]

    largest = cut(math.inf)
    share = sum(map(seconds, largest)) / workers
    plans = [largest, *(cut(share / pieces) for pieces in PIECES)]
    best = min(plans, key=lambda stacks: _makespan(map(seconds, stacks), workers))
    return sorted(best, key=lambda stack: (-seconds(stack), stack[0].run))


def _place(run: Run) -> Key:
    """How far a run is: epochs and minibatches, or at an end of its own."""
    if run.so_far is None:
        return (0, 0)
    return ("end",) if run.so_far.has_ended else (len(run.so_far.history["seconds"]), run.so_far.steps)


def _parts(group: list[Run], size: int, limit: float, seconds: Callable[[Sequence[Run]], float]) -> list[list[Run]]:
    """Cut a group into equal stacks of a size at most that, where they can, take no longer than a limit."""
    largest = group[:size]
    within = max(1.0, min(size, limit / (seconds(largest) / len(largest))))
    parts = math.ceil(len(group) / within)
    bounds = [k * len(group) // parts for k in range(parts + 1)]
    return [group[start:end] for start, end in pairwise(bounds)]


def _makespan(times: Iterable[float], workers: int) -> float:
    """When the last worker ends if each takes the dearest stack that is left."""
    ends = [0.0] * workers
    for time in sorted(times, reverse=True):
        heapq.heapreplace(ends, ends[0] + time)
    return max(ends)


def cost(runs: Sequence[Run], shape: Shape, until_epoch: int | None = None) -> float:
    """Return the relative time that training the runs from where they are to an epoch or their end takes."""
    return sum(step_cost(run.config, shape) * _left(run, until_epoch) for run in runs)


def _left(run: Run, until_epoch: int | None = None) -> int:
    """Epochs from where a run is to another or its end; a run that nobody knows the end of has at least one left."""
    trained = len(run.so_far.history["seconds"]) if run.so_far else 0
    return max(1, (until_epoch or run.config.nominal_epochs) - trained)
