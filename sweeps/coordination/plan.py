"""From trials to runs, and from runs to stacks."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from sweeps.coordination.roster import Block, Roster
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from sweeps.study.space import Point
from vae.config import RunConfig
from vae.networks.padding import Shape
from vae.parameters import is_own
from vae.stack.planning import stack_key, step_cost, working_set_bytes

Key = tuple[object, ...]
CACHE_BYTES = {"fp32": 16 * 2**20, "bf16": 32 * 2**20}
"""What a stack's weights, gradients, moments and activations may fill: about one core's share of a last-level cache.

Beyond it each elementwise pass waits for memory, and a stack is no faster than its halves; far below it the calls
cost more than the work (benchmarks/stack_size.py prints both ends). Where products are cheap calls weigh more.
"""
CALLS = {"fp32": 130_000 * 128, "bf16": 470_000 * 128}
"""What a step costs beside its runs: some eighty calls into torch, in units of `step_cost`, by the same benchmark."""
PIECES = (1, 2, 3, 4, 6)
"""Into how many stacks, at least, a worker's share of the time is tried to be cut."""
LEAST_RUNS, MOST_RUNS = {"mlp": 4, "conv": 1}, 32
"""Even where one run fills the cache, a few together share the gathering of minibatches; convolutions cost far more."""
GPU_BYTES, GPU_RUNS = 4 * 2**30, 512
"""A GPU has no such cache to stay in, and a step's calls cost it the same for one run as for hundreds."""


def runs_of_trial(spec: Spec, trial: int, point: Point, block: Block | None = None) -> list[Run]:
    """Return the runs of a trial that it was asked with, or of another block, numbered by model and seed."""
    block = block or Roster(spec).own(trial)
    configs = [spec.run_config(**point, model=model, seed=seed) for model in spec.model_kinds for seed in block.seeds]
    return [Run(block.first_run + place, trial, config) for place, config in enumerate(configs)]


def stack_size(config: RunConfig, shape: Shape, device: str = "cpu") -> int:
    """Return how many runs of this shape train best together; a network of the user's own trains alone."""
    if is_own(config.network):
        return 1
    room, most = (GPU_BYTES, GPU_RUNS) if device == "cuda" else (CACHE_BYTES[config.precision], MOST_RUNS)
    return max(LEAST_RUNS[config.network], min(most, room // working_set_bytes(config, shape)))


def plan_stacks(runs: Iterable[Run], shape: Shape, workers: int, device: str = "cpu") -> list[list[Run]]:
    """Group runs of equal shapes that are equally far into stacks, the dearest first.

    Stacks are as large as the cache allows, unless smaller ones let the workers end sooner. A run's result does not
    depend on its stack, so the number of workers may be read here.
    """
    groups: dict[Key, list[Run]] = defaultdict(list)
    for run in runs:
        groups[*stack_key(run.config), *_place(run)].append(run)
    sizes = {key: stack_size(group[0].config, shape, device) for key, group in groups.items()}
    largest = _split(groups, sizes, shape, math.inf)
    share = sum(cost(stack, shape) for stack in largest) / workers
    plans = [largest, *(_split(groups, sizes, shape, share / pieces) for pieces in PIECES)]
    best = min(plans, key=lambda stacks: _makespan([_time(stack, shape) for stack in stacks], workers))
    return sorted(best, key=lambda stack: (-_time(stack, shape), stack[0].run))


def _place(run: Run) -> Key:
    """How far a run is: epochs and minibatches, or at an end of its own."""
    if run.so_far is None:
        return (0, 0)
    return ("end",) if run.so_far.has_ended else (len(run.so_far.history["seconds"]), run.so_far.steps)


def _split(groups: Mapping[Key, list[Run]], sizes: Mapping[Key, int], shape: Shape, limit: float) -> list[list[Run]]:
    """Cut each group into equal stacks of its size at most that, where they can, cost no more than `limit`."""
    stacks = []
    for key, group in groups.items():
        within = max(1.0, limit / cost(group[:1], shape))
        parts = math.ceil(len(group) / min(within, sizes[key]))
        bounds = [k * len(group) // parts for k in range(parts + 1)]
        stacks += [group[start:end] for start, end in pairwise(bounds)]
    return stacks


def _time(stack: Sequence[Run], shape: Shape) -> float:
    """Relative time in which one worker trains a stack to its end."""
    config = stack[0].config
    calls = CALLS[config.precision] / config.batch_size * _left(stack[0])
    return len(stack) * cost(stack[:1], shape) + calls


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
