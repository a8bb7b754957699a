"""What a network of the user's own must do, tried on noise before anything is trained; each breach is one line."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from vae.config import RunConfig
from vae.errors import ConfigError
from vae.files.weights import MOST_OF_A_NAME
from vae.networks.padding import Shape
from vae.own.model import built, call_of, module_shape
from vae.own.source import one_line
from vae.randomness import MODULE, torch_draws

KEPT = (torch.float32, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
"""What a file of weights may hold, of buffers; parameters are float32."""


def check_network(config: RunConfig, sample_shape: Shape, samples: int, device: str = "cpu") -> None:
    """Raise ConfigError where a run's network breaks the contract on samples of that shape.

    `samples` are those of the smallest minibatch that it will be trained on.
    """
    shape = module_shape(sample_shape)
    module, again = (built(config, sample_shape) for _ in range(2))
    _check_module(config.network, call_of(config, sample_shape), module, again)
    module.to(device)
    for train, count in ((False, 2), (True, samples)):
        module.train(train)
        mode = f"in {'train' if train else 'eval'} mode on {count} sample{'s'[: count > 1]}"
        with torch_draws(config.seed, MODULE, device=torch.device(device)):
            _check_passes(config, shape, module, torch.rand(count, *shape, device=device), mode)
    _check_gradients(config.network, module)


def _check_module(network: str, call: str, module: object, again: object) -> None:
    if not isinstance(module, nn.Module) or not isinstance(again, nn.Module):
        raise ConfigError(f"network {network}: {call} must return a torch.nn.Module, got {type(module).__name__}")
    for name, wanted in (("encode", "encode(x) -> (mu, logvar)"), ("decode", "decode(z) -> output")):
        if not callable(getattr(module, name, None)):
            raise ConfigError(
                f"network {network}: the module needs a method {wanted}, got none in {type(module).__name__}"
            )
    for name, parameter in module.named_parameters():
        if is_lazy(parameter):
            raise ConfigError(
                f"network {network}: parameter {name!r} must have its shape from the start, got a lazy one"
            )
        if parameter.dtype != torch.float32:
            raise ConfigError(f"network {network}: parameter {name!r} must be float32, got {parameter.dtype}")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ConfigError(f"network {network}: the module needs parameters to train, got none")
    _check_state(network, module, again)


def _check_state(network: str, module: nn.Module, again: nn.Module) -> None:
    """Check what is saved of a module, and that it begins alike each time."""
    for name, value in module.state_dict().items():
        if not name.isprintable() or len(name) > MOST_OF_A_NAME:
            rule = f"a name in the module's state must be printable and have at most {MOST_OF_A_NAME} characters"
            raise ConfigError(f"network {network}: {rule}, got {name[:80]!r}")
        if not isinstance(value, Tensor) or value.dtype not in KEPT:
            got = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise ConfigError(
                f"network {network}: state {name!r} must be a tensor of numbers that can be saved, got {got}"
            )
    other = again.state_dict()
    for name, value in module.state_dict().items():
        if not torch.equal(value, other[name]):
            raise ConfigError(
                f"network {network}: {name!r} begins otherwise at every call of build: draw with torch's default "
                "generator, which vaekit seeds"
            )


def _check_passes(config: RunConfig, shape: Shape, module: Any, x: Tensor, mode: str) -> None:
    """Encode and decode, and take the gradients of all that comes out."""
    network, count = config.network, len(x)
    with one_line(network, f"encode {mode}"):
        encoded = module.encode(x)
    if not isinstance(encoded, tuple | list) or len(encoded) != 2:
        got = f"{len(encoded)} values" if isinstance(encoded, tuple | list) else type(encoded).__name__
        raise ConfigError(f"network {network}: encode must return (mu, logvar), got {got}")
    for name, part in zip(("mu", "logvar"), encoded, strict=True):
        _check_tensor(network, f"{name} of encode", part, (count, config.latent_dim), "(sample, latent)")
    mu, logvar = encoded
    with one_line(network, f"decode {mode}"):
        output = module.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu))
    wanted = "(sample, channel, height, width)" if len(shape) == 3 else "(sample, feature)"
    _check_tensor(network, "the output of decode", output, (count, *shape), wanted)
    with one_line(network, f"the backward pass {mode}"):
        (output.square().sum() + mu.square().sum() + logvar.square().sum()).backward()


def _check_tensor(network: str, what: str, got: object, wanted: Shape, words: str) -> None:
    if not isinstance(got, Tensor):
        raise ConfigError(f"network {network}: {what} must be a tensor, got {type(got).__name__}")
    if tuple(got.shape) != wanted:
        raise ConfigError(f"network {network}: {what} must have shape {wanted}, {words}, got {tuple(got.shape)}")
    if got.dtype != torch.float32:
        raise ConfigError(f"network {network}: {what} must be float32, got {got.dtype}")


def _check_gradients(network: str, module: nn.Module) -> None:
    if not any(p.grad is not None and bool(p.grad.count_nonzero()) for p in module.parameters()):
        raise ConfigError(
            f"network {network}: no parameter has a gradient: what encode and decode return must depend on them"
        )
