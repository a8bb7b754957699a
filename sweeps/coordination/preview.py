"""What a sweep would do: its trials, its stacks, and how long they would take."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from sweeps.coordination.machine import machine_here
from sweeps.coordination.networks import check_networks, own_sources
from sweeps.coordination.plan import cost, plan_stacks, runs_of_trial
from sweeps.coordination.status import duration
from sweeps.engines.engine import count_workers
from sweeps.engines.worker import Run
from sweeps.spec.spec import Spec
from sweeps.study import ask
from sweeps.study.pruning import share_trained
from sweeps.study.space import Point
from vae.config import RunConfig
from vae.convergence import expected_epochs, nominal_epochs
from vae.data import SPLITS, Data, check_likelihood, load_data
from vae.device import resolve_device
from vae.parameters import PARAMETERS, Value, is_own
from vae.stack.machine import Machine
from vae.stack.planning import step_cost, working_set_bytes

START_SECONDS = 3.0
"""Workers start and import torch."""
TIMED_SECONDS = 0.1
"""Of steps in an epoch that is timed, as the machine's measure has it; LEAST_STEPS where they take longer."""
LEAST_STEPS, TIMED_EPOCHS = 3, 3
UNKNOWN_LENGTH = "; with --epochs auto it depends on when the runs stop improving"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The trials that are known before anything is trained, their stacks, and an estimate for the whole sweep."""

    spec: Spec
    points: list[Point]
    """All of them to explore; the first batch to optimize."""
    stacks: list[list[Run]]
    seconds: float
    workers: int
    notes: tuple[str, ...]
    """What was guessed of the data."""

    @property
    def trial_rows(self) -> list[dict[str, object]]:
        """One row a trial that is known."""
        return [{"trial": trial, **point} for trial, point in enumerate(self.points)]

    @property
    def stack_rows(self) -> list[dict[str, object]]:
        """One row a stack, in the order in which workers take them."""
        return [
            {
                "stack": number,
                "runs": len(stack),
                **{axis.name: _span([getattr(run.config, axis.name) for run in stack]) for axis in self.spec.axes},
            }
            for number, stack in enumerate(self.stacks)
        ]

    @property
    def totals(self) -> dict[str, object]:
        """The sweep in a few numbers; the estimate is of seconds."""
        own = [name for name in map(str, self.spec.parameters["network"].choices) if is_own(name)]
        length = UNKNOWN_LENGTH if self.spec.epochs == "auto" else ""
        return {
            "trials": self.spec.trials,
            "runs": self.spec.n_runs,
            "workers": self.workers,
            **{f"network {name}": "trained one run at a time, by autograd" for name in own},
            "seconds": f"about {self.seconds:.0f}{_in_words(self.seconds)}{length}",
        }


def preview_sweep(spec: Spec, note: Callable[[str], None] = lambda line: None) -> Preview:
    """Plan a sweep and time a few training steps of each kind of stack.

    Nothing is written but, once, how fast this machine is; `note` is told of that.
    """
    data = load_data(spec.data_config)
    spec = spec.on(data)
    check_likelihood(data, spec.likelihood)
    check_networks(spec, data.sample_shape)
    workers = count_workers(spec.jobs)
    if spec.mode == "explore":
        points = ask.explore(spec, [], spec.trials)
    else:
        points = ask.optimize(spec, [], min(spec.batch, spec.trials))
    runs = [run for trial, point in enumerate(points) for run in runs_of_trial(spec, trial, point)]
    device = resolve_device(spec.device)
    _ = own_sources(spec, data, device)
    machine = machine_here(spec.precision, spec.device, workers, note)
    stacks = plan_stacks(runs, data.sample_shape, workers, device, machine)
    training = _training_seconds(stacks, data, device, machine) / min(workers, len(stacks))
    training *= share_trained(spec.pruner, len(points), nominal_epochs(spec.epochs), spec.rungs)
    notes = (*data.notes, *_discriminators(stacks, data))
    seconds = START_SECONDS + training * spec.trials / len(points)
    return Preview(spec=spec, points=points, stacks=stacks, seconds=seconds, workers=workers, notes=notes)


def _discriminators(stacks: list[list[Run]], data: Data) -> Iterator[str]:
    """Say what FactorVAE's discriminators take, if any run has one."""
    of_stacks = [[run.config for run in stack if run.config.loss == "factor_vae"] for stack in stacks]
    if not any(of_stacks):
        return
    needed = max(sum(working_set_bytes(config, data.sample_shape) for config in configs) for configs in of_stacks)
    alone = replace(next(config for configs in of_stacks for config in configs), loss="beta_vae")
    dearer = step_cost(replace(alone, loss="factor_vae"), data.sample_shape) / step_cost(alone, data.sample_shape)
    yield (
        f"factor_vae trains a discriminator beside each run: its largest stack takes {needed / 2**30:.1f} GiB, and a "
        f"step about {dearer:.0f} times the arithmetic of beta_vae's"
    )


def _training_seconds(stacks: list[list[Run]], data: Data, device: str, machine: Machine) -> float:
    """Seconds that one worker would train, from a few steps of a stack of each shape."""
    dearest = {_shape(stack): stack for stack in reversed(stacks)}
    seconds_a_flop = {
        shape: _stack_seconds(stack, data, device, machine) / cost(stack, data.sample_shape)
        for shape, stack in dearest.items()
    }
    return sum(cost(stack, data.sample_shape) * seconds_a_flop[_shape(stack)] for stack in stacks)


def _shape(stack: list[Run]) -> tuple[Value, ...]:
    return tuple(getattr(stack[0].config, name) for name, p in PARAMETERS.items() if p.shapes_stack)


def _in_words(seconds: float) -> str:
    """Minutes or hours beside seconds that are many."""
    words = duration(seconds)
    return "" if words.endswith(" s") else f" ({words})"


def _span(values: list[Value]) -> str:
    """Put the values of a stack's runs into a cell of a table."""
    if any(isinstance(value, str) for value in values):
        return ", ".join(map(str, dict.fromkeys(values)))
    low, high = min(values), max(values)
    return f"{low:.6g}" if low == high else f"{low:.3g} to {high:.3g}"


def _stack_seconds(runs: list[Run], data: Data, device: str, machine: Machine) -> float:
    """Seconds from a stack's begin to its end."""
    configs = [run.config for run in runs]
    a_step = machine.step_seconds(configs[0], data.sample_shape, len(runs))
    steps = -(-len(data.train) // configs[0].batch_size)
    timed = min(steps, max(LEAST_STEPS, round(TIMED_SECONDS / a_step)))
    training, measuring = _timed(configs, data, device, timed)
    epochs = expected_epochs(steps) if configs[0].epochs == "auto" else configs[0].epochs
    return steps / timed * (training * epochs + measuring)


def _timed(configs: list[RunConfig], data: Data, device: str, steps: int) -> tuple[float, float]:
    """Seconds of an epoch of so many steps, with its validation, and of the measures at the end, on as much of test."""
    from vae.training import Training

    share = min(1.0, steps * configs[0].batch_size / len(data.train))
    train, validation, test = (data.split(name)[: math.ceil(share * len(data.split(name)))] for name in SPLITS)
    part = replace(data, train=train, validation=validation, test=test)
    short = [replace(config, epochs=TIMED_EPOCHS) for config in configs]
    training = Training(short, part, device)
    training.advance()
    epochs = np.sum([history["seconds"] for history in training.histories], axis=0)
    begun = perf_counter()
    training.measured()
    return float(np.min(epochs[1:])), perf_counter() - begun
