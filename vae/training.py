"""The training loop, an epoch of a stack at a time, and the task that a worker is handed."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vae.columns import ACTIVE_VARIANCE, DIMS, HISTORY, NATS, TOTALS
from vae.config import RunConfig
from vae.data import Data, open_data
from vae.evaluation import Evaluation, evaluate, posterior
from vae.minibatches import noise_minibatches, steps_an_epoch, training_minibatches
from vae.padding import RunState, own_parameters
from vae.randomness import NOISE, TEST, VALIDATION
from vae.stack import Stack
from vae.trained import Score, TrainedRun

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of every run: the columns HISTORY, each (run,)."""

    epoch: int
    values: dict[str, Array]


def train(stack: Stack, data: Data, until_epoch: int) -> Iterator[EpochRecord]:
    """Train a stack up to and with `until_epoch`, yielding a record after each epoch.

    The training columns are running means over the epoch's minibatches; validation follows at the epoch's end.
    """
    while stack.epoch < until_epoch:
        with one_thread():
            start = time.perf_counter()
            training = _train_epoch(stack, data)
            validation = evaluate(stack, data, "validation", VALIDATION)
            seconds = (time.perf_counter() - start) / len(stack)
        values = dict(zip((f"train_{name}" for name in NATS), training, strict=True))
        values |= {f"validation_{name}": getattr(validation, name) for name in NATS}
        values["seconds"] = np.full(len(stack), seconds)
        yield EpochRecord(stack.epoch, values)


def _train_epoch(stack: Stack, data: Data) -> tuple[Array, Array, Array]:
    """Rate, distortion and ELBO of the epoch, means over its examples, each (run,)."""
    config = stack.configs[0]
    samples = len(data.train)
    rates, distortions = (torch.zeros(len(stack), dtype=torch.float64, device=stack.device) for _ in range(2))
    noises = noise_minibatches(stack.configs, NOISE, stack.epoch, samples, stack.device)
    for x, noise in zip(training_minibatches(data, stack.epoch, config.batch_size), noises, strict=True):
        rate, distortion = stack.step(x.to(stack.device), noise)
        rates += rate.double().sum(dim=1)
        distortions += distortion.double().sum(dim=1)
    stack.epoch += 1
    rates[[r for r, c in enumerate(stack.configs) if c.model == "ae"]] = torch.nan
    rate_nats, distortion_nats = (rates / samples).cpu().numpy(), (distortions / samples).cpu().numpy()
    return rate_nats, distortion_nats, -(rate_nats + distortion_nats)


def advance(
    configs: Sequence[RunConfig],
    data_folder: Path,
    states: Sequence[RunState] | None,
    until_epoch: int,
    device: str = "cpu",
) -> tuple[list[EpochRecord], list[RunState]]:
    """Train runs from their states (None: from the start) until an epoch: a pure function, any worker's task."""
    data = open_data(data_folder)
    stack = make_stack(configs, data, states, device)
    return list(train(stack, data, until_epoch)), stack.states()


def finish(
    configs: Sequence[RunConfig],
    data_folder: Path,
    records: list[EpochRecord],
    states: Sequence[RunState],
    device: str = "cpu",
    score: Score | None = None,
) -> list[TrainedRun]:
    """Evaluate runs at their end on the test split, score them, and join that with their history."""
    data = open_data(data_folder)
    stack = make_stack(configs, data, states, device)
    start = time.perf_counter()
    with one_thread():
        test = evaluate(stack, data, "test", TEST)
        scores = _scores(stack, data, score) if score else [{} for _ in configs]
    seconds = (time.perf_counter() - start) / len(configs)
    runs = (_finished(config, run, records, test, seconds) for run, config in enumerate(configs))
    return [
        run if run.error else replace(run, scores=scores[r], weights=_weights(configs[r], data.n_pixels, states[r]))
        for r, run in enumerate(runs)
    ]


def _scores(stack: Stack, data: Data, score: Score) -> list[dict[str, float]]:
    scores: list[dict[str, float]] = [{} for _ in stack.configs]
    if data.factors is not None:
        for split, stream in (("validation", VALIDATION), ("test", TEST)):
            factors = data.factors[data.split(split)]
            for run, (means, samples) in enumerate(posterior(stack, data, split, stream)):
                if np.isfinite(means).all():
                    scores[run] |= score(split, means, samples, factors, stack.configs[run].seed)
    return scores


def _weights(config: RunConfig, pixels: int, state: RunState) -> dict[str, npt.NDArray[np.float32]]:
    return {name: tensor.numpy() for name, tensor in own_parameters(config, pixels, state).items()}


def train_runs(
    configs: Sequence[RunConfig], data_folder: Path, device: str = "cpu", score: Score | None = None
) -> list[TrainedRun]:
    """Train runs from their start to their end, evaluate and score them."""
    records, states = advance(configs, data_folder, None, configs[0].epochs, device)
    return finish(configs, data_folder, records, states, device, score)


def make_stack(
    configs: Sequence[RunConfig], data: Data, states: Sequence[RunState] | None = None, device: str = "cpu"
) -> Stack:
    """Return the runs as a stack that counts its epochs in this data's minibatches."""
    return Stack(configs, data.n_pixels, steps_an_epoch(data, configs[0].batch_size), states, device)


def _finished(
    config: RunConfig, run: int, records: list[EpochRecord], test: Evaluation, test_seconds: float
) -> TrainedRun:
    """A run without its scores and weights."""
    history = {name: np.array([record.values[name][run] for record in records]) for name in HISTORY}
    seconds = float(history["seconds"].sum()) + test_seconds
    nats = "elbo_nats" if config.model == "vae" else "distortion_nats"
    error = _reason_of_failure(history, nats)
    tested = float(getattr(test, nats)[run])
    if not error and not math.isfinite(tested):
        error = f"{nats} must be finite on the test split, got {tested}"
    if error:
        totals, dims = dict.fromkeys(TOTALS, math.nan), dict.fromkeys(DIMS, np.empty(0))
        return TrainedRun(history, totals, dims, {}, {}, seconds, error)
    dims = {name: getattr(test, name)[run, : config.latent_dim] for name in DIMS}
    totals = {name: float(getattr(test, name)[run]) for name in NATS}
    totals |= {name: float(history[name][-1]) for name in TOTALS if name.startswith("validation_")}
    totals["active_units"] = float((dims["mean_variance"] > ACTIVE_VARIANCE).sum())
    return TrainedRun(history, totals, dims, {}, {}, seconds)


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
