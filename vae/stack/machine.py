"""What a training step costs on a processor, and how many runs train best together there: numbers, without torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from vae.config import RunConfig
from vae.networks.padding import Shape
from vae.stack.planning import STANDARD_PASSES, step_cost, step_work, working_set_bytes

MOST_RUNS = 32
"""In a stack: as far as is measured, and calls cost each of so many little."""
AS_GOOD = 1.02
"""Of two stacks that differ by less in the time a run takes, the smaller: it is saved sooner and balanced better."""
SMALL_BYTES = 1.5 * 2**20
"""A working set that is taken to be near the core; larger ones show what the memory behind it costs."""
LARGE_BYTES = 3 * 2**20
"""One of a run that drives even the code of a step from the cache: a hidden layer of 128 on 784 pixels has it."""
MOST_BYTES = 256 * 2**20
"""Of a stack's working set: memory for every worker, where calls have long ceased to matter."""
RUN_BY_RUN = ("conv",)
"""Networks whose products are taken run by run: most calls serve one, so company does not keep their code warm."""


@dataclass(frozen=True)
class Timing:
    """A training step of a stack of equal runs, as it was measured."""

    config: RunConfig
    shape: Shape
    runs: int
    seconds: float


@dataclass(frozen=True)
class Machine:
    """A core of a processor, by how long it takes for what a step of a stack consists of.

    A step takes calls + cold + runs * products * waiting; a product is that of `step_cost`. What waits is what a stack
    touches beyond one of its runs, which waits alone, too.
    """

    call_seconds: float
    """Of a step beside its runs: some eighty calls into torch, and its share of what an epoch costs beside steps."""
    product_seconds: float
    passes: float
    """Products whose time the work on an activation takes."""
    waiting: tuple[tuple[float, float], ...]
    """(Bytes, how many times longer work takes in a working set so large), ascending in both, from 1 on."""
    cold_seconds: float
    """How much longer calls take where the working set of one run is LARGE_BYTES: it has driven what they need, code
    and tables included, from the cache."""

    def __post_init__(self) -> None:
        sizes, factors = zip(*self.waiting, strict=True)
        numbers = (self.call_seconds, self.passes, self.cold_seconds, *sizes, *factors)
        if not (self.product_seconds > 0 and all(0 <= number < math.inf for number in numbers)):
            raise ValueError("costs must be finite, and products must take time")
        if not (
            sizes[0] > 0 and factors[0] >= 1 and list(sizes) == sorted(set(sizes)) and list(factors) == sorted(factors)
        ):
            raise ValueError("waiting must grow with the working set")

    def step_seconds(self, config: RunConfig, shape: Shape, runs: int) -> float:
        """Seconds of a step of so many such runs together."""
        work = runs * config.batch_size * step_cost(config, shape, self.passes) * self.product_seconds
        own = working_set_bytes(config, shape)
        cold = 0.0 if config.network in RUN_BY_RUN else self._cold_seconds(own)
        return self.call_seconds + cold + work * self._waiting(runs * own) / self._waiting(own)

    def best_size(self, config: RunConfig, shape: Shape) -> int:
        """How many such runs train best together: the fewest of which none takes AS_GOOD times longer than at best."""
        most = max(1, min(MOST_RUNS, MOST_BYTES // working_set_bytes(config, shape)))
        of_a_run = {runs: self.step_seconds(config, shape, runs) / runs for runs in range(1, most + 1)}
        return next(runs for runs, seconds in of_a_run.items() if seconds <= AS_GOOD * min(of_a_run.values()))

    def _waiting(self, size: float) -> float:
        sizes, factors = zip(*self.waiting, strict=True)
        return float(np.interp(math.log(size), np.log(sizes), factors))

    def _cold_seconds(self, own: float) -> float:
        between = math.log(SMALL_BYTES), math.log(LARGE_BYTES)
        return float(np.interp(math.log(own), between, (0.0, self.cold_seconds)))


STANDARD = Machine(
    call_seconds=4e-4,
    product_seconds=2e-11,
    passes=STANDARD_PASSES,
    waiting=((4 * 2**20, 1.0), (8 * 2**20, 1.1), (16 * 2**20, 1.2)),
    cold_seconds=5e-4,
)
"""A core of a server, of the order of which most are, where none could be measured."""


def machine_of(timings: Sequence[Timing]) -> Machine:
    """Return the machine on which steps take so long; ValueError where no machine fits.

    Calls, products and passes follow from the stacks of at most SMALL_BYTES, of several shapes; waiting from all of the
    shape of which most were timed; and what is cold from two stacks of a run of LARGE_BYTES or more.
    """
    from scipy.optimize import nnls  # a third of a second that planning does not need

    if not all(math.isfinite(timing.seconds) and timing.seconds > 0 for timing in timings):
        raise ValueError("times must be finite and positive")
    small = [timing for timing in timings if _set_bytes(timing) <= SMALL_BYTES]
    terms = np.array([_terms(timing) for timing in small])
    of_small = np.array([[timing.seconds] for timing in small])
    relative = terms / of_small
    scale = relative.max(axis=0)
    calls, product, activation = nnls(relative / scale, np.ones(len(small)))[0] / scale
    if product <= 0:
        raise ValueError("larger products must take longer")
    exact = Machine(float(calls), float(product), float(activation / product), ((1.0, 1.0),), 0.0)
    warm = replace(exact, waiting=_waiting_of(exact, timings))
    return replace(warm, cold_seconds=_cold_of(warm, timings))


def _own_bytes(timing: Timing) -> int:
    return working_set_bytes(timing.config, timing.shape)


def _set_bytes(timing: Timing) -> int:
    return timing.runs * _own_bytes(timing)


def _terms(timing: Timing) -> tuple[float, float, float]:
    """What a step is the sum of: calls, products, and work on activations."""
    products, activations = step_work(timing.config, timing.shape)
    samples = timing.runs * timing.config.batch_size
    return 1.0, samples * products, samples * activations


def _waiting_of(exact: Machine, timings: Sequence[Timing]) -> tuple[tuple[float, float], ...]:
    """How much longer than `exact` larger stacks take, made to grow with the working set."""
    most = max(timings, key=lambda timing: timing.runs)
    of_most = (timing for timing in timings if (timing.config, timing.shape) == (most.config, most.shape))
    curve = sorted(of_most, key=lambda timing: timing.runs)
    sizes = [float(_set_bytes(timing)) for timing in curve]
    factors = [
        (t.seconds - exact.call_seconds) / (exact.step_seconds(t.config, t.shape, t.runs) - exact.call_seconds)
        for t in curve
    ]
    return tuple(zip(sizes, accumulate([1.0, *factors[1:]], max), strict=True))


def _cold_of(warm: Machine, timings: Sequence[Timing]) -> float:
    """How much longer than `warm` the calls of a large run take: what two stacks of it have in common."""
    few, many = sorted((t for t in timings if _own_bytes(t) >= LARGE_BYTES), key=lambda timing: timing.runs)
    works = [warm.step_seconds(t.config, t.shape, t.runs) - warm.call_seconds for t in (few, many)]
    ratio = works[1] / works[0]
    in_common = (ratio * few.seconds - many.seconds) / (ratio - 1)
    return max(0.0, in_common - warm.call_seconds)
