"""From trials to runs, and from runs to stacks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sweeps.ask import Point
from sweeps.spec import Spec
from sweeps.worker import Run
from vae.config import RunConfig
from vae.shapes import stack_key, step_cost, working_set_bytes

CACHE_BYTES = 16 * 2**20
"""What a stack's weights, gradients, moments and activations may fill: about one core's share of a last-level cache.

Beyond it each elementwise pass waits for memory, and a stack is no faster than its halves; far below it the calls
cost more than the work (benchmarks/stack_size.py prints both ends).
"""
LEAST_RUNS, MOST_RUNS = 4, 32
"""Even where one run fills the cache, a few together share the gathering of minibatches."""


def runs_of_trial(spec: Spec, trial: int, point: Point) -> list[Run]:
    """Return a trial's runs, one a model kind and seed, numbered by trial, model and seed."""
    seeds = range(spec.seed, spec.seed + spec.seeds)
    configs = [spec.run_config(**point, model=model, seed=seed) for model in spec.model_kinds for seed in seeds]
    return [Run(trial * len(configs) + place, trial, config) for place, config in enumerate(configs)]


def stack_size(config: RunConfig, pixels: int) -> int:
    """Return how many runs of this shape train best together."""
    return max(LEAST_RUNS, min(MOST_RUNS, CACHE_BYTES // working_set_bytes(config, pixels)))


def plan_stacks(runs: Iterable[Run], pixels: int, workers: int) -> list[list[Run]]:
    """Group runs of equal shapes into stacks, the dearest first.

    Stacks are as large as the cache allows, but as many as give every worker the same number of each shape. A run's
    result does not depend on its stack, so the number of workers may be read here.
    """
    groups: dict[tuple[object, ...], list[Run]] = defaultdict(list)
    for run in runs:
        groups[stack_key(run.config)].append(run)
    stacks = []
    for group in groups.values():
        least = -(-len(group) // stack_size(group[0].config, pixels))
        parts = min(-(-least // workers) * workers, len(group))
        bounds = [k * len(group) // parts for k in range(parts + 1)]
        stacks += [group[start:end] for start, end in pairwise(bounds)]
    return sorted(stacks, key=lambda stack: (-cost(stack, pixels), stack[0].run))


def cost(runs: Sequence[Run], pixels: int, until_epoch: int | None = None) -> float:
    """Return the relative time that training the runs from where they are to an epoch or their end takes."""
    return sum(step_cost(run.config, pixels) * ((until_epoch or run.config.epochs) - _trained(run)) for run in runs)


def _trained(run: Run) -> int:
    return len(run.so_far.history["seconds"]) if run.so_far else 0
