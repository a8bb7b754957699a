"""The training loop, an epoch of a stack at a time, and the task that a worker is handed."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vae.columns import ACTIVE_VARIANCE, DIMS, HEALTH, HISTORY, NATS, TOTALS
from vae.config import RunConfig
from vae.convergence import has_converged, most_epochs, patience_epochs, trained_loss
from vae.data import Data, open_data
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


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of every run: the columns HISTORY, each (run,)."""

    epoch: int
    values: dict[str, Array]


def train(stack: AnyStack, data: Data, until_epoch: int) -> Iterator[EpochRecord]:
    """Train a stack up to and with `until_epoch`, yielding a record after each epoch.

    The training columns are running means over the epoch's minibatches; validation follows at the epoch's end.
    """
    noises = list(noise_minibatches(stack.configs, VALIDATION, 0, len(data.validation), stack.device))
    while stack.epoch < until_epoch:
        with one_thread():
            start = time.perf_counter()
            measured = {
                "train": _train_epoch(stack, data),
                "validation": rate_and_distortion(stack, data, "validation", noises),
            }
            seconds = (time.perf_counter() - start) / len(stack)
        values: dict[str, Array] = {}
        for split, (rate, distortion) in measured.items():
            nats = (rate, distortion, -(rate + distortion))
            values |= {f"{split}_{name}": column for name, column in zip(NATS, nats, strict=True)}
        values["seconds"] = np.full(len(stack), seconds)
        yield EpochRecord(stack.epoch, values)


def _train_epoch(stack: AnyStack, data: Data) -> tuple[Array, Array]:
    """Rate and distortion of the epoch in nats, means over its examples, each (run,); an AE's rate is NaN."""
    config = stack.configs[0]
    samples = len(data.train)
    rates, distortions = (torch.zeros(len(stack), dtype=torch.float64, device=stack.device) for _ in range(2))
    noises = noise_minibatches(stack.configs, NOISE, stack.epoch, samples, stack.device)
    for x, noise in zip(training_minibatches(data, stack.epoch, config.batch_size), noises, strict=True):
        rate, distortion = stack.step(x.to(stack.device), noise)
        rates += rate.double().sum(dim=1)
        distortions += distortion.double().sum(dim=1)
    stack.epoch += 1
    rates[stack.is_ae] = torch.nan
    return (rates / samples).cpu().numpy(), (distortions / samples).cpu().numpy()


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
    data = open_data(data_folder)
    histories = [dict(run.history) for run in so_far] if so_far else [empty_history() for _ in configs]
    states = [load_state(run.state) for run in so_far] if so_far else None
    states = _trained(configs, data, histories, states, until_epoch, device)
    ended = until_epoch is None or until_epoch == configs[0].epochs
    start = time.perf_counter()
    with one_thread():
        exact = make_stack([replace(config, precision="fp32") for config in configs], data, states, device)
        test = evaluate(exact, data, "test", TEST) if ended else None
        parts = rate_parts_of(exact, data, "test", TEST) if ended else {}
        scores = _scores(exact, data, score, ended) if score else [{} for _ in configs]
    seconds = (time.perf_counter() - start) / len(configs)
    patience = patience_epochs(steps_an_epoch(data, configs[0].batch_size))
    sigmas, weights = exact.sigmas(), exact.weights() if ended else []
    runs = []
    for r, history in enumerate(histories):
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


def empty_history() -> dict[str, Array]:
    """Return the history of a run that has not begun."""
    return {name: np.empty(0) for name in HISTORY}


def _trained(
    configs: Sequence[RunConfig],
    data: Data,
    histories: Sequence[dict[str, Array]],
    states: Sequence[RunState] | None,
    until_epoch: int | None,
    device: str,
) -> list[RunState]:
    """Train each run until that epoch or its end, lengthen its history, and return its state.

    A run that ends before the others leaves the stack, which is then a smaller one: the bits of the others stay.
    """
    left: dict[int, RunState] = {}
    training = list(range(len(configs)))
    stack = make_stack(configs, data, states, device)
    while training:
        ended = _next_to_end(stack, data, [histories[run] for run in training], until_epoch)
        now = dict(zip(training, stack.states(), strict=True))
        left |= {training[place]: now[training[place]] for place in ended}
        training = [run for run in training if run not in left]
        if training:
            stack = make_stack([configs[run] for run in training], data, [now[run] for run in training], device)
    return [left[run] for run in range(len(configs))]


def _next_to_end(
    stack: AnyStack, data: Data, histories: Sequence[dict[str, Array]], until_epoch: int | None
) -> list[int]:
    """Train until any run of the stack ends, lengthen the histories, and return the places of those that do."""
    config = stack.configs[0]
    steps = steps_an_epoch(data, config.batch_size)
    last = until_epoch or (most_epochs(steps) if config.epochs == "auto" else config.epochs)
    everyone = list(range(len(stack)))
    for record in train(stack, data, last):
        for run, history in enumerate(histories):
            history |= {name: np.append(history[name], record.values[name][run]) for name in HISTORY}
        if until_epoch is None and config.epochs == "auto":
            ended = [run for run in everyone if _has_converged(stack.configs[run], histories[run], steps)]
            if ended and stack.epoch < last:
                return ended
    return everyone


def _has_converged(config: RunConfig, history: Mapping[str, Array], steps: int) -> bool:
    nats = (history[f"validation_{name}"] for name in ("rate_nats", "distortion_nats"))
    losses = trained_loss(config.loss, config.model, config.beta, config.capacity, *nats)
    return has_converged(losses, patience_epochs(steps))


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
    """Compute in one thread: bits must not depend on how torch splits work, and two threads are no faster here."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
