"""Whether another checkout trains the same weights, to the bit: the gate for a change that must not move any.

    python -m tests.gate PARENT_CHECKOUT

Stacks of many shapes are trained by this checkout and by the other, each in a process of its own, and every run's
weights, both of Adam's moments, history and test split are hashed at the run's own shape. Exits with 1 where a hash
differs. A hash holds on one machine alone, so none is kept. What only one of the two can train is counted.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
EPOCHS = 6
SHAPES = {"grey": (28, 28), "colour": (16, 16, 3)}
"""Of noise, where the digits are too small."""
Runs = Sequence[dict[str, Any]]


def stacks() -> Iterator[tuple[str, str, Runs]]:
    """Yield a name, the data (digits, digits cut to an odd number of pixels, or noise) and the runs of each stack."""
    for likelihood in ("bernoulli", "continuous_bernoulli", "gaussian"):
        shared = {"likelihood": likelihood, "hidden_dim": 64}
        yield f"{likelihood}, latents 1 to 8", "digits", _runs((1, 2, 3, 8), **shared)
        yield f"{likelihood}, odd sizes", "odd", _runs((1, 5, 8), **shared | {"hidden_dim": 100, "batch_size": 37})
        yield f"{likelihood}, schedules", "digits", _runs((17, 20, 24), **shared | {"beta_schedule": "cyclic:2"})
    for hidden_dim in (100, 256, 400):
        yield f"hidden {hidden_dim}", "digits", _runs((9, 12, 16), hidden_dim=hidden_dim)
    yield "one run", "digits", _runs((31,), hidden_dim=128, beta_schedule="linear:0.5")
    yield "fixed sigma", "digits", _runs((2, 3, 8), hidden_dim=64, likelihood="gaussian", sigma=0.3)
    yield "fixed sigma, odd sizes", "odd", _runs((25, 31), hidden_dim=20, likelihood="gaussian", sigma=2.0)
    for depth in (2, 4):
        yield f"depth {depth}", "digits", _runs((3, 8), hidden_dim=64, depth=depth)
        yield f"depth {depth}, odd sizes", "odd", _runs((1, 5, 8), hidden_dim=100, depth=depth, batch_size=37)
    for name, likelihood in (("digits", "bernoulli"), ("grey", "continuous_bernoulli"), ("colour", "gaussian")):
        runs = _runs((3, 8), hidden_dim=100, network="conv", likelihood=likelihood, batch_size=37)
        yield f"conv, {name}, {likelihood}", name, runs
        yield f"conv, {name}, depth 2", name, [run | {"depth": 2} for run in runs]
    if _multiplies_bf16():
        for likelihood in ("bernoulli", "gaussian"):
            runs = _runs((3, 8), hidden_dim=100, likelihood=likelihood, precision="bf16")
            yield f"{likelihood}, bf16", "digits", runs


def _runs(latents: Sequence[int], **shared: Any) -> Runs:
    """Runs of these latents, whose seeds, betas, learning rates and model kinds differ."""
    return [
        {"latent_dim": latent, "seed": k, "beta": 0.5 * (k + 1), "epochs": EPOCHS}
        | {"learning_rate": 1e-3 * (1 + k % 2), "model": "ae" if k == 1 else "vae"}
        | shared
        for k, latent in enumerate(latents)
    ]


def _multiplies_bf16() -> bool:
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def hashes() -> dict[str, str]:
    """Return a SHA-256 for each run of each stack that the imported `vae` can train."""
    from vae.config import RunConfig

    known = {f.name for f in fields(RunConfig)}
    return {
        f"{name}: run {r}": value
        for name, data, runs in stacks()
        if runs[0].keys() <= known
        for r, value in enumerate(_trained(data, runs))
    }


def _trained(data_name: str, runs: Runs) -> Iterator[str]:
    from vae.config import RunConfig
    from vae.data import load_data
    from vae.evaluation import evaluate
    from vae.randomness import TEST
    from vae.training import make_stack, one_thread, train

    own_parameters = _first_found("vae.stack.state", "vae.padding").own_parameters
    knows_shapes = "shape" in signature(own_parameters).parameters
    data = load_data("digits")
    if data_name == "odd":
        data = replace(data, images=np.ascontiguousarray(data.images[:, :7, :5]))
    elif data_name in SHAPES:
        data = _noise(data, SHAPES[data_name])
    configs = [RunConfig(**run) for run in runs]
    stack = make_stack(configs, data)
    records = list(train(stack, data, EPOCHS))
    with one_thread():
        measured = astuple(evaluate(stack, data, "test", TEST))
    sample = data.sample_shape if knows_shapes else data.n_pixels
    for run, (config, state) in enumerate(zip(configs, stack.states(), strict=True)):
        digest = hashlib.sha256()
        for part in ("parameters", "first_moment", "second_moment"):
            own = own_parameters(config, sample, replace(state, parameters=getattr(state, part)))
            for name, tensor in sorted(own.items()):
                digest.update(f"{part} {name} {tuple(tensor.shape)}".encode() + tensor.numpy().tobytes())
        for record in records:
            for name in sorted(record.values.keys() - {"seconds"}):
                digest.update(f"{name} {record.epoch}".encode() + record.values[name][run].tobytes())
        for values in measured:
            digest.update(values[run].tobytes())
        yield digest.hexdigest()


def _noise(data: Any, shape: tuple[int, ...]) -> Any:
    """A few images of that shape."""
    rng, rows = np.random.default_rng(0), np.arange(200)
    images = rng.integers(0, 256, (len(rows), *shape), dtype=np.uint8)
    parts = {"train": rows[:100], "validation": rows[100:150], "test": rows[150:]}
    return replace(data, images=images, scale=1 / 255, factors=None, **parts)


def _first_found(name: str, *older: str) -> Any:
    """The module under the first of its names, new and old, that this checkout has."""
    try:
        return import_module(name)
    except ImportError:
        return _first_found(*older)


def hashes_of(checkout: Path) -> dict[str, str]:
    """Return the hashes that a checkout's code gives, in a process that imports nothing of this one's."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", str(HERE)]
    done = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    if not Path(answer["imported"]).is_relative_to(checkout):
        raise SystemExit(f"the checkout must be what is imported, got {answer['imported']} for {checkout}")
    found: dict[str, str] = answer["hashes"]
    return found


def main(parent: Path) -> None:
    """Compare, and print what differs."""
    ours, theirs = hashes_of(HERE.parents[1]), hashes_of(parent.resolve())
    both, alone = ours.keys() & theirs.keys(), len(ours.keys() ^ theirs.keys())
    different = sorted(name for name in both if ours[name] != theirs[name])
    for name in different:
        print(f"differs: {name}")
    print(f"{len(both) - len(different)} of {len(both)} runs have the same bits; {alone} only one of the two can train")
    sys.exit(bool(different))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(Path(sys.argv[1]))
    else:
        import vae

        print(json.dumps({"imported": vae.__file__, "hashes": hashes()}))
