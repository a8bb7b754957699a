"""The training loop, an epoch of a stack at a time, and the task that a worker is handed."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vae.columns import ACTIVE_VARIANCE, DIMS, HEALTH, HISTORY, NATS, TOTALS
from vae.config import RunConfig
from vae.convergence import has_converged, most_epochs, patience_epochs, trained_loss
from vae.data import Data, open_data
from vae.device import to_device
from vae.divergence import reason_of_divergence
from vae.evaluation import Evaluation, evaluate, rate_and_distortion, rate_parts_of
from vae.minibatches import noise_minibatches, steps_an_epoch, training_minibatches
from vae.own.stack import OwnStack
from vae.parameters import is_own
from vae.randomness import NOISE, TEST, VALIDATION
from vae.scored import AT_THE_END, TO_LOOK_FOR, scored_codes
from vae.stack.interface import AnyStack
from vae.stack.stack import Stack
from vae.stack.state import RunState, dump_state, load_state, saved_state
from vae.trained import Score, Scored, TrainedRun

Array = npt.NDArray[np.float64]
A_DENORMAL = 1e-38
"""In fp32."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of every run: the columns HISTORY, each (run,)."""

    epoch: int
    values: dict[str, Array]


def train(stack: AnyStack, data: Data, until_epoch: int) -> Iterator[EpochRecord]:
    """Train a stack up to and with `until_epoch`, yielding a record after each epoch.

    The training columns are running means over the epoch's minibatches; validation follows at the epoch's end.
    """
    steps = train_steps(stack, data, until_epoch)
    while stack.epoch < until_epoch:
        with one_thread():
            record = next(record for record in steps if record is not None)
        yield record


def train_steps(stack: AnyStack, data: Data, until_epoch: int) -> Iterator[EpochRecord | None]:
    """Train a stack as `train` does, yielding after every step: there it can be left, and gone on with."""
    noises = list(noise_minibatches(stack.configs, VALIDATION, 0, len(data.validation), stack.device))
    epoch, steps = stack.under_way, steps_an_epoch(data, stack.configs[0].batch_size)
    while stack.epoch < until_epoch:
        minibatches = _minibatches(stack, data)
        while epoch.steps < steps:
            start = time.perf_counter()
            x, noise = next(minibatches)
            epoch.add(*stack.step(to_device(x, stack.device), noise))
            epoch.pass_seconds(time.perf_counter() - start)
            yield None
        start = time.perf_counter()
        rate, distortion = (epoch.sums / len(data.train)).cpu()
        rate[stack.is_ae.cpu()] = torch.nan
        held_out = rate_and_distortion(stack, data, "validation", noises)
        epoch.pass_seconds(time.perf_counter() - start)
        stack.epoch += 1
        record = _record(stack, {"train": (rate.numpy(), distortion.numpy()), "validation": held_out})
        epoch.end()
        yield record


def _minibatches(stack: AnyStack, data: Data) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the images and the noise of the steps that are left of the epoch; an AE's noise is zero."""
    done, batch_size = stack.under_way.steps, stack.configs[0].batch_size
    noises = noise_minibatches(stack.configs, NOISE, stack.epoch, len(data.train), stack.device)
    images = training_minibatches(data, stack.epoch, batch_size, done)
    yield from zip(images, islice(noises, done, None), strict=True)


def _record(stack: AnyStack, measured: Mapping[str, tuple[Array, Array]]) -> EpochRecord:
    values: dict[str, Array] = {}
    for split, (rate, distortion) in measured.items():
        nats = (rate, distortion, -(rate + distortion))
        values |= {f"{split}_{name}": column for name, column in zip(NATS, nats, strict=True)}
    return EpochRecord(stack.epoch, values | {"seconds": np.array(stack.under_way.seconds)})


def train_runs(
    configs: Sequence[RunConfig],
    data_folder: Path,
    device: str = "cpu",
    score: Score | None = None,
    *,
    so_far: Sequence[TrainedRun] | None = None,
    until_epoch: int | None = None,
    zero_rate_nats: float = math.nan,
) -> list[TrainedRun]:
    """Train runs until an epoch or to their end, evaluate and score them: a pure function, any worker's task.

    They begin at their start or, with `so_far`, where that left them, then in the same stack or another. Before their
    end they are measured on validation alone, and have a state in the place of weights. `zero_rate_nats` is D0 on the
    train split, by which a run that diverged is known.
    """
    training = Training(configs, open_data(data_folder), device, so_far=so_far, until_epoch=until_epoch)
    training.advance()
    return training.measured(score, zero_rate_nats)


def empty_history() -> dict[str, Array]:
    """Return the history of a run that has not begun."""
    return {name: np.empty(0) for name in HISTORY}


class Training:
    """Runs on their way to an epoch or their end, trained a slice at a time; no bit depends on the slices.

    A run that ends before the others leaves the stack, which is then a smaller one: the bits of the others stay.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        data: Data,
        device: str = "cpu",
        *,
        so_far: Sequence[TrainedRun] | None = None,
        until_epoch: int | None = None,
    ) -> None:
        self.configs, self.data, self.device = configs, data, device
        self.histories = [dict(run.history) for run in so_far] if so_far else [empty_history() for _ in configs]
        self._steps_an_epoch = steps_an_epoch(data, configs[0].batch_size)
        self._looks = until_epoch is None and configs[0].epochs == "auto"
        """Whether runs may end by themselves."""
        last = most_epochs(self._steps_an_epoch) if configs[0].epochs == "auto" else configs[0].epochs
        self._last = until_epoch or last
        self.is_to_end = until_epoch is None or until_epoch == configs[0].epochs
        states = dict(enumerate(load_state(run.state) for run in so_far)) if so_far else None
        self._left = {
            run: state
            for run, state in (states or {}).items()
            if so_far and (so_far[run].has_ended or state.epoch >= self._last)
        }
        self._stack_up(states)

    def _stack_up(self, states: Mapping[int, RunState] | None) -> None:
        """Stack the runs that have not ended, as they stand."""
        self._training = [run for run in range(len(self.configs)) if run not in self._left]
        if self._training:
            of_each = [states[run] for run in self._training] if states else None
            self._stack = make_stack([self.configs[run] for run in self._training], self.data, of_each, self.device)
            self._steps = train_steps(self._stack, self.data, self._last)

    def advance(self, seconds: float = math.inf) -> bool:
        """Train for so long, or until every run has ended; return whether all have."""
        end = time.monotonic() + seconds
        with one_thread():
            while self._training and time.monotonic() < end:
                record = next(self._steps)
                if record is not None:
                    self._take(record)
        return not self._training

    def _take(self, record: EpochRecord) -> None:
        """Lengthen the histories, and let the runs that have ended leave the stack."""
        for place, run in enumerate(self._training):
            history = self.histories[run]
            history |= {name: np.append(history[name], record.values[name][place]) for name in HISTORY}
        is_last = record.epoch >= self._last
        ended = [run for run in self._training if is_last or (self._looks and self._has_converged(run))]
        if ended:
            now = dict(zip(self._training, self._stack.states(), strict=True))
            self._left |= {run: now[run] for run in ended}
            self._stack_up(now)

    def _has_converged(self, run: int) -> bool:
        config, history = self.configs[run], self.histories[run]
        nats = (history[f"validation_{name}"] for name in ("rate_nats", "distortion_nats"))
        losses = trained_loss(config.loss, config.model, config.beta, config.capacity, *nats)
        return has_converged(losses, patience_epochs(self._steps_an_epoch))

    def so_far(self, *, with_states: bool) -> list[TrainedRun]:
        """Return each run as it stands, to be looked at or, with its state, to be gone on with."""
        now = dict(zip(self._training, self._stack.states(), strict=True)) if with_states and self._training else {}
        states = self._left | now if with_states else {}
        seconds = dict(zip(self._training, self._stack.under_way.seconds, strict=True)) if self._training else {}
        return [
            TrainedRun(
                history=dict(history),
                totals=dict.fromkeys(TOTALS, math.nan),
                dims=dict.fromkeys(DIMS, np.empty(0)),
                weights={},
                scores={},
                seconds=float(history["seconds"].sum()) + seconds.get(run, 0.0),
                state=dump_state(states[run]) if with_states else b"",
                steps=0 if run in self._left else self._stack.under_way.steps,
                has_ended=run in self._left,
            )
            for run, history in enumerate(self.histories)
        ]

    def measured(self, score: Score | None = None, zero_rate_nats: float = math.nan) -> list[TrainedRun]:
        """Evaluate and score the runs, all of which have ended: what `train_runs` returns."""
        configs, data, ended = self.configs, self.data, self.is_to_end
        states = [self._left[run] for run in range(len(configs))]
        start = time.perf_counter()
        with one_thread():
            exact = make_stack([replace(config, precision="fp32") for config in configs], data, states, self.device)
            test = evaluate(exact, data, "test", TEST) if ended else None
            parts = rate_parts_of(exact, data, "test", TEST) if ended else {}
            scores = _scores(exact, data, score, ended) if score else [{} for _ in configs]
        seconds = (time.perf_counter() - start) / len(configs)
        patience = patience_epochs(self._steps_an_epoch)
        sigmas, weights = exact.sigmas(), exact.weights() if ended else []
        runs = []
        for r, history in enumerate(self.histories):
            diverged = reason_of_divergence(history, zero_rate_nats, patience) if ended else ""
            run = _measured(configs[r], r, history, test, seconds, diverged)
            further = {"sigma": sigmas[r]} if sigmas else {}
            if configs[r].model == "vae" and not run.error:
                further |= {name: float(nats[r]) for name, nats in parts.items()}
            runs.append(replace(run, totals=run.totals | further))
        return [
            run if run.error else replace(run, scores=scores[r], **_left(states[r], weights[r] if ended else {}))
            for r, run in enumerate(runs)
        ]


def _left(state: RunState, weights: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """What a run leaves: its weights at its end, before that the state from which it goes on."""
    return (
        {"weights": {n: tensor.numpy() for n, tensor in weights.items()}} if weights else {"state": dump_state(state)}
    )


def _scores(stack: AnyStack, data: Data, score: Score, ended: bool) -> list[dict[str, float]]:
    """Scores of every run; before their end no image of test is looked at."""
    codes = scored_codes(stack, data, AT_THE_END if ended else TO_LOOK_FOR)
    return [
        {name: value for split, scored in of_run.items() for name, value in score(split, scored).items()}
        for of_run in codes
    ]


def saved_codes(config: RunConfig, weights: Mapping[str, torch.Tensor], data: Data) -> Scored:
    """Return what the scores of a trained run are of, test held out; DataError for data without factors.

    The same bits as at the run's end, on the same kind of processor. `weights` are the plain module's state.
    """
    with one_thread():
        stack = make_stack([replace(config, precision="fp32")], data, [saved_state(config, data.sample_shape, weights)])
        return next(scored_codes(stack, data, AT_THE_END))["test"]


def make_stack(
    configs: Sequence[RunConfig], data: Data, states: Sequence[RunState] | None = None, device: str = "cpu"
) -> AnyStack:
    """Return the runs as a stack that counts its epochs in this data's minibatches."""
    kind = OwnStack if is_own(configs[0].network) else Stack
    return kind(configs, data.sample_shape, steps_an_epoch(data, configs[0].batch_size), states, device)


def _measured(
    config: RunConfig, run: int, history: dict[str, Array], test: Evaluation | None, seconds: float, diverged: str
) -> TrainedRun:
    """A run without its scores and what it leaves; before its end nothing is measured on the test split."""
    seconds += float(history["seconds"].sum())
    nats = "elbo_nats" if config.model == "vae" else "distortion_nats"
    error = _reason_of_failure(history, nats) or diverged
    if test and not error and not math.isfinite(tested := float(getattr(test, nats)[run])):
        error = f"{nats} must be finite on the test split, got {tested}"
    totals, dims = dict.fromkeys(TOTALS, math.nan), dict.fromkeys(DIMS, np.empty(0))
    if not error:
        totals |= {name: float(history[name][-1]) for name in TOTALS if name.startswith("validation_")}
        if test:
            dims = {name: getattr(test, name)[run, : config.latent_dim] for name in DIMS}
            totals |= {name: float(getattr(test, name)[run]) for name in (*NATS, *HEALTH)}
            totals["active_units"] = float((dims["mean_variance"] > ACTIVE_VARIANCE).sum())
    return TrainedRun(history, totals, dims, {}, {}, seconds, error=error)


def _reason_of_failure(history: dict[str, Array], nats: str) -> str:
    for column in (f"train_{nats}", f"validation_{nats}"):
        broken = ~np.isfinite(history[column])
        if broken.any():
            first = int(broken.argmax())
            return f"{column} must stay finite, got {history[column][first]} in epoch {first + 1}"
    return ""


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: bits must not depend on how torch splits work, and two threads are no faster here.

    On a GPU fp32 is fp32: torch would round a convolution's factors to TF32, and leave a product's. Denormal numbers
    are zero: Adam's moments decay to them where a gradient vanished, and processors take many times as long for one.
    """
    threads, rounds, flushes = torch.get_num_threads(), torch.backends.cudnn.allow_tf32, _flushes_denormals()
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = rounds
        torch.set_flush_denormal(flushes)


def _flushes_denormals() -> bool:
    """Whether this thread does; torch does not tell."""
    return not torch.full((1,), A_DENORMAL).mul_(1.0).any()
