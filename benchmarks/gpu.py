"""A GPU against this machine's processor: the same ELBO, and what stacks gain over one run at a time.

    python -m benchmarks.gpu [--device cuda|cpu] [--quick] [--json FILE]

From a plain checkout, under ten minutes, with images that are drawn here. `agree` rows train the same runs for an
epoch on the processor and on the device, and measure what the processor trained on both: each run's ELBO on test is
equal within 0.001 and 0.00001 nats a pixel. `speed` rows time training steps of stacks, minibatches and noise already
there (`us_per_run_step`) and with both on their way from the processor (`us_per_run_step_fed`); `gain` is against the
stack of one run, `share_of_product_rate` of an fp32 product's rate. `loss` rows do so for each loss.
`plain` is one run of the plain module by autograd, as people write it. Steps are taken with synchronisation made an
error, so a GPU's host never waits in one.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import options, show
from vae.config import RunConfig
from vae.data import Data
from vae.device import to_device
from vae.evaluation import evaluate
from vae.loss_table import LOSSES
from vae.minibatches import noise_minibatches, training_minibatches
from vae.model import VAE
from vae.networks import network_of
from vae.randomness import NOISE, TEST
from vae.stack.interface import AnyStack
from vae.training import make_stack, one_thread, train

EQUAL_TRAINED, EQUAL_EVALUATED = 1e-3, 1e-5
"""Nats a pixel: between runs trained on either, and between the same weights measured on either."""
RUNS, QUICK_RUNS = (1, 8, 64, 512), (1, 4)
LOSS_RUNS, QUICK_LOSS_RUNS = 8, 1
SIZES: dict[str, dict[str, Any]] = {
    "mlp": {"side": 28, "hidden_dim": 400, "depth": 1},
    "conv": {"side": 32, "hidden_dim": 256, "depth": 1},
}
BATCH, LATENT = 128, 16
BATCHES = 8
"""Minibatches that steps are timed on, in turns."""
SECONDS, QUICK_SECONDS = 4.0, 0.3
"""That a speed is timed for, after the first steps."""
PRODUCT_SIDE = {"cuda": 8192, "cpu": 1024}


def main() -> None:
    """Print one table, then the same as JSON."""
    parser = options(__doc__)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--quick", action="store_true", help="a minute on a processor: tiny stacks, that it works")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error(f"--device cuda needs a GPU, and torch {torch.__version__} finds none: --device cpu --quick")
    with one_thread():
        rows = [*_agreements(arguments), *_speeds(arguments)]
    unequal = [row for row in rows if row.get("quality") == "NOT equal"]
    notes = [f"{len(unequal)} of {sum('quality' in row for row in rows)} comparisons of ELBOs are not equal"]
    show(rows, [_describe(arguments.device), *notes], arguments.json)
    print(json.dumps(rows))


def _describe(device: str) -> str:
    if device == "cpu":
        return "device cpu: no GPU was asked for, so host synchronisation was not looked for"
    properties = torch.cuda.get_device_properties(0)
    return f"device {properties.name}, {properties.total_memory / 2**30:.0f} GiB"


def drawn(side: int, images: int) -> Data:
    """Grey images of one bright disc each, at a place and of a radius drawn at random: something to learn."""
    rng = np.random.default_rng(0)
    y, x, radius = (rng.uniform(low, high, (images, 1, 1)) * side for low, high in ((0.2, 0.8), (0.2, 0.8), (0.1, 0.3)))
    rows, columns = np.mgrid[:side, :side]
    distance = np.hypot(rows - y, columns - x)
    pixels = (255 * np.clip(radius - distance + 0.5, 0, 1)).astype(np.uint8)
    train, validation, test = np.split(np.arange(images), [images * 8 // 10, images * 9 // 10])
    return Data("discs", pixels, 1 / 255, None, (), train, validation, test, 0.0, 1.0, False, "")


def _agreements(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row a network, likelihood and loss: the largest difference of a run's ELBO between processor and device.

    Early in training only: Adam makes a rounding of the first steps grow. Weights that differ by one part in ten
    million end six epochs of conv five per cent apart on one and the same processor.
    """
    cases = [(network, likelihood, "beta_vae") for network in SIZES for likelihood in ("bernoulli", "gaussian")]
    for network, likelihood, loss in [*cases, *(("mlp", "bernoulli", loss) for loss in LOSSES if loss != "beta_vae")]:
        size = SIZES[network]
        data = drawn(size["side"], 500 if arguments.quick else 5_000)
        hidden_dim = size["hidden_dim"] // (8 if arguments.quick else 1)
        shared: dict[str, Any] = {
            "network": network, "hidden_dim": hidden_dim, "likelihood": likelihood, "loss": loss, "epochs": 1
        }  # fmt: skip
        configs = [RunConfig(**shared, latent_dim=latent, seed=seed) for latent in (2, 8) for seed in (0, 1)]
        here, there = (_trained(configs, data, device) for device in ("cpu", arguments.device))
        carried = make_stack(configs, data, here.states(), device=arguments.device)
        elbos = [evaluate(stack, data, "test", TEST).elbo_nats / data.n_pixels for stack in (here, there, carried)]
        trained, evaluated = (float(np.max(np.abs(elbo - elbos[0]))) for elbo in elbos[1:])
        yield {
            "what": "agree", "network": network, "likelihood": likelihood, "loss": loss, "runs": len(configs),
            "trained_differs_nats_a_pixel": trained, "evaluated_differs_nats_a_pixel": evaluated,
            "quality": "equal" if trained <= EQUAL_TRAINED and evaluated <= EQUAL_EVALUATED else "NOT equal",
        }  # fmt: skip


def _trained(configs: Sequence[RunConfig], data: Data, device: str) -> AnyStack:
    stack = make_stack(configs, data, device=device)
    *_, _ = train(stack, data, configs[0].nominal_epochs)
    return stack


def _speeds(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row a network and number of runs, and one of the plain module."""
    rate = _product_rate(arguments.device)
    seconds = QUICK_SECONDS if arguments.quick else SECONDS
    for network, size in SIZES.items():
        data = drawn(size["side"], BATCH * BATCHES * 10 // 8)
        hidden_dim = size["hidden_dim"] // (4 if arguments.quick else 1)
        shared: dict[str, Any] = {
            "network": network,
            "hidden_dim": hidden_dim,
            "latent_dim": LATENT,
            "batch_size": BATCH,
        }
        alone = 0.0
        for count in QUICK_RUNS if arguments.quick else RUNS:
            configs = [RunConfig(**shared, seed=seed) for seed in range(count)]
            step, fed = _step_seconds(configs, data, arguments.device, seconds)
            alone = alone or step
            flops = 2.0 * network_of(configs[0], data.sample_shape).products * BATCH * count
            yield {
                "what": "speed", "network": network, "runs": count, "us_per_run_step": step / count * 1e6,
                "us_per_run_step_fed": fed / count * 1e6, "gain": alone * count / step,
                "share_of_product_rate": flops / step / rate,
            }  # fmt: skip
        if network == "mlp":
            yield from _speeds_of_losses(shared, data, arguments)
        plain = _plain_seconds(RunConfig(**shared), data, arguments.device, seconds)
        yield {"what": "plain", "network": network, "runs": 1, "us_per_run_step": plain * 1e6, "gain": alone / plain}


def _speeds_of_losses(shared: dict[str, Any], data: Data, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row a loss, of a stack of eight runs."""
    runs, seconds = (QUICK_LOSS_RUNS, QUICK_SECONDS) if arguments.quick else (LOSS_RUNS, SECONDS / 2)
    for loss in LOSSES:
        configs = [RunConfig(**shared, loss=loss, beta=4.0, epochs=1, seed=seed) for seed in range(runs)]
        step, fed = (taken / runs * 1e6 for taken in _step_seconds(configs, data, arguments.device, seconds))
        yield {
            "what": "loss", "network": shared["network"], "loss": loss, "runs": runs,
            "us_per_run_step": step, "us_per_run_step_fed": fed,
        }  # fmt: skip


def _step_seconds(configs: Sequence[RunConfig], data: Data, device: str, seconds: float) -> tuple[float, float]:
    """Seconds of a step, of what lies on the device and of what comes from the processor."""
    stack = make_stack(configs, data, device=device)
    there = [(to_device(x, stack.device), noise) for x, noise in _batches(stack, data)]

    def resident() -> Iterator[None]:
        for x, noise in cycle(there):
            _without_waiting(partial(stack.step, x, noise), device)
            yield

    def fed() -> Iterator[None]:
        while True:
            for x, noise in _batches(stack, data):
                stack.step(to_device(x, stack.device), noise)
                yield

    return _seconds(resident(), device, seconds), _seconds(fed(), device, seconds)


def _batches(stack: AnyStack, data: Data) -> Iterator[tuple[Tensor, Tensor]]:
    noises = noise_minibatches(stack.configs, NOISE, 0, len(data.train), stack.device)
    yield from zip(training_minibatches(data, 0, BATCH), noises, strict=True)


def _plain_seconds(config: RunConfig, data: Data, device: str, seconds: float) -> float:
    torch.manual_seed(0)
    module = VAE(config, data.sample_shape).to(device)
    adam = torch.optim.Adam(module.parameters(), lr=config.learning_rate, fused=True)
    batches = [to_device(x[0, :, : data.n_pixels], torch.device(device)) for x in training_minibatches(data, 0, BATCH)]

    def steps() -> Iterator[None]:
        for x in cycle(batches):
            adam.zero_grad()
            module.loss(x).sum().backward()
            adam.step()
            yield

    return _seconds(steps(), device, seconds)


def _without_waiting(work: Callable[[], object], device: str) -> None:
    """Do a work that must not make the host wait for the GPU; torch raises where it would."""
    if device == "cuda":
        torch.cuda.set_sync_debug_mode("error")
    try:
        work()
    finally:
        if device == "cuda":
            torch.cuda.set_sync_debug_mode("default")


def _seconds(steps: Iterator[None], device: str, seconds: float) -> float:
    """Seconds of a step: the first are not counted, then as many as fill the time, in one go."""
    _timed(islice(steps, 2), device)
    once = _timed(islice(steps, 2), device) / 2
    count = max(4, int(seconds / once))
    return _timed(islice(steps, count), device) / count


def _timed(steps: Iterator[None], device: str) -> float:
    _finish(device)
    start = time.perf_counter()
    for _ in steps:
        pass
    _finish(device)
    return time.perf_counter() - start


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _product_rate(device: str) -> float:
    """Floating-point operations a second of an fp32 product."""
    side = PRODUCT_SIDE[device]
    left, right, out = (torch.randn(side, side, device=device) for _ in range(3))

    def products() -> Iterator[None]:
        while True:
            torch.mm(left, right, out=out)
            yield

    return 2.0 * side**3 / _seconds(products(), device, 0.5)


if __name__ == "__main__":
    main()
