"""The convolutional network: adjoint passes, parity with its plain module, and the stack's promises."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sweeps.coordination.networks import check_networks
from sweeps.coordination.plan import stack_size
from sweeps.maintenance.check_runs import tensor_problems
from sweeps.spec.make import make_spec
from tests.stacks import assert_same_bits, assert_same_history, fit_sigma, plain_loss, plain_module, train_to
from vae.config import LIKELIHOODS, PRECISIONS, RunConfig
from vae.data import Data, load_data
from vae.errors import ConfigError
from vae.minibatches import noise_minibatches, training_minibatches
from vae.model import VAE, model_of
from vae.networks import network_of
from vae.networks.conv import stages
from vae.networks.padding import Shape
from vae.networks.stacked_convolutions import correlation, down, up
from vae.networks.stacked_network import StackedNetwork, together
from vae.randomness import NOISE
from vae.stack.planning import stack_key, working_set_bytes
from vae.stack.stack import Stack
from vae.stack.state import initial_state, own_parameters, saved_state
from vae.training import make_stack

GREY, COLOUR, WIDE = (28, 28), (16, 16, 3), (8, 12)
"""Sides of 28 end in rows that need padding."""


def config(**values: Any) -> RunConfig:
    defaults: dict[str, Any] = {"network": "conv", "latent_dim": 3, "hidden_dim": 20}
    return RunConfig(**(defaults | values))


def images_of(shape: Shape) -> Data:
    """Noise, 100 images of it to train on."""
    data, rows = load_data("digits"), np.arange(150)
    images = np.random.default_rng(0).integers(0, 256, (150, *shape), dtype=np.uint8)
    splits: dict[str, Any] = {"train": rows[:100], "validation": rows[100:125], "test": rows[125:]}
    return replace(data, images=images, scale=1 / 255, factors=None, **splits)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("channels", [1, 3, 12])
def test_the_two_passes_are_adjoint_and_so_is_the_gradient_of_the_weight(channels: int) -> None:
    weight = torch.randn(5, channels, 4, 4, generator=generator(0), dtype=torch.float64)
    large = torch.randn(7, channels, 12, 8, generator=generator(1), dtype=torch.float64)
    small = torch.randn(7, 5, 6, 4, generator=generator(2), dtype=torch.float64)
    product = (down(large, weight) * small).sum()
    torch.testing.assert_close((large * up(small, weight)).sum(), product)
    torch.testing.assert_close((correlation(large, small, weight) * weight).sum(), product)
    bias = torch.randn(channels, generator=generator(3), dtype=torch.float64)
    wanted = torch.nn.functional.conv_transpose2d(small, weight, bias, 2, 1)
    torch.testing.assert_close(up(small, weight, bias), wanted)


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((64, 64, 3), [(32, 32), (16, 16), (8, 8), (4, 4)]),
        ((32, 32), [(16, 16), (8, 8), (4, 4)]),
        ((28, 28), [(14, 14), (7, 7)]),
        ((8, 12), [(4, 6)]),
        ((128, 128), [(64, 64), (32, 32), (16, 16), (8, 8)]),
    ],
)
def test_stages_halve_whole_sides_down_to_four(shape: Shape, sides: list[tuple[int, int]]) -> None:
    images = stages(shape, 256)
    assert [(image.height, image.width) for image in images[1:]] == sides
    assert [image.channels for image in images] == [shape[2] if len(shape) > 2 else 1, *[32, 32, 64, 64][: len(sides)]]
    assert all(image.channels == 1 for image in stages(shape, 1)[1:])


@pytest.mark.parametrize(("shape", "got"), [((7, 5), "7 x 5"), ((14, 9, 3), "14 x 9"), ((4, 4), "4 x 4")])
def test_sides_that_cannot_be_halved(shape: Shape, got: str) -> None:
    rule = f"network conv needs even sides of at least 8, such as 28, 32 or 64, got {got}: choose one with --size"
    with pytest.raises(ConfigError, match=rule):
        check_networks(make_spec({"network": "mlp,conv"}), shape)
    check_networks(make_spec({"network": "mlp"}), shape)


def test_rows_that_are_no_images() -> None:
    with pytest.raises(ConfigError, match="network conv needs images, got rows of 30 values: use mlp"):
        network_of(config(), (30,))


def test_a_burgess_shaped_network_has_its_number_of_parameters() -> None:
    module = VAE(config(latent_dim=10, hidden_dim=256), (64, 64))
    assert sum(parameter.numel() for parameter in module.parameters()) == 764_245


def test_first_weights_are_xaviers_with_a_stride_counted_and_biases_are_zero() -> None:
    one = config(hidden_dim=128)
    for name, tensor in own_parameters(one, GREY, initial_state(one, GREY)).items():
        if name.endswith("bias"):
            assert torch.count_nonzero(tensor) == 0
            continue
        one_way, other_way = tensor.shape[:2]
        bound = (6 / (4 * one_way + 16 * other_way if tensor.dim() > 2 else one_way + other_way)) ** 0.5
        assert 0.9 * bound < tensor.abs().max() <= bound, name
        assert tensor.std().item() == pytest.approx(bound / 3**0.5, rel=0.08), name


def test_a_steps_products_leave_out_the_gradient_of_the_images() -> None:
    network = network_of(config(hidden_dim=256, latent_dim=16), (32, 32))
    convolutions = 256 * 16 * 32 + 64 * 16 * 32 * 32 + 16 * 16 * 64 * 32
    fully_connected = 2 * 256 * 1024 + 3 * 16 * 256
    assert network.products == 3 * (2 * convolutions + fully_connected) - 256 * 16 * 32
    assert network.encoder[network.first].name == "conv1"


SHAPES = [(GREY, 100, 1), (COLOUR, 40, 2), (WIDE, 20, 3), ((32, 32), 64, 1)]


@pytest.mark.parametrize(("shape", "hidden_dim", "depth"), SHAPES)
def test_a_network_is_its_plain_module(shape: Shape, hidden_dim: int, depth: int) -> None:
    """Codes and outputs within 1e-6, gradients of both halves within 1e-5 of autograd; what is padded stays zero."""
    configs = [config(hidden_dim=hidden_dim, depth=depth, seed=seed) for seed in range(2)]
    network, states = network_of(configs[0], shape), [initial_state(one, shape) for one in configs]
    own = {p.name: torch.stack([state.parameters[p.name] for state in states]) for p in network.parameters}
    weights, _ = together(network, own)
    lying, gradients = together(network, {name: torch.zeros_like(tensor) for name, tensor in own.items()})
    stacked = StackedNetwork(network, weights, lying)
    pixels, padded = int(np.prod(shape)), network.decoder[-1].activations
    x, z = torch.rand(9, pixels, generator=generator(1)), torch.randn(2, 9, 3, generator=generator(2))
    encoded, *heads = stacked.encode(wider(x, padded)[None])
    decoded, output = stacked.decode(wider(z, network.latent.padded))
    assert torch.count_nonzero(output[..., pixels:]) == 0
    z_gradient = stacked.fill_decoder_gradients(decoded, output - wider(x, padded))
    of_logvar = heads[1] + wider(torch.ones(3), network.latent.padded)
    stacked.fill_encoder_gradients(encoded, torch.cat((heads[0], of_logvar), dim=2))
    for run, (one, state) in enumerate(zip(configs, states, strict=True)):
        module, code = plain_module(one, shape, state), z[run].clone().requires_grad_()
        plain = (*module.encode(x), module.decode(code))
        for got, wanted in zip((*heads, output), plain, strict=True):
            torch.testing.assert_close(got[run, :, : wanted.shape[1]], wanted, rtol=1e-6, atol=1e-6)
        mu, logvar, out = plain
        torch.autograd.backward(plain, [mu.detach(), logvar.detach() + 1.0, out.detach() - x])
        named = {"z": code, **dict(module.named_parameters())}
        found = {"z": z_gradient[run, :, :3]}
        for parameter in network.parameters:
            found[parameter.name] = parameter.unpack(gradients[parameter.name][run])
            assert torch.equal(parameter.pack(found[parameter.name]), gradients[parameter.name][run]), parameter.name
        for name, tensor in named.items():
            assert tensor.grad is not None
            assert (found[name] - tensor.grad).norm() <= 1e-5 * tensor.grad.norm(), name


def wider(values: Tensor, width: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, width - values.shape[-1]))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_ten_steps_are_those_of_the_plain_module_with_torchs_adam(shape: Shape, likelihood: str) -> None:
    data = images_of(shape)
    configs = [
        config(
            likelihood=likelihood,
            seed=seed,
            beta=0.5 + seed,
            model=model,
            learning_rate=1e-3 * (1 + seed),
            depth=2,
            hidden_dim=48,
        )
        for seed, model in enumerate(("vae", "ae", "vae"))
    ]
    configs = [replace(one, batch_size=10) for one in configs]
    stack = make_stack(configs, data)
    twins = [plain_module(one, shape, state) for one, state in zip(configs, stack.states(), strict=True)]
    optimisers = [torch.optim.Adam(m.parameters(), lr=c.learning_rate) for m, c in zip(twins, configs, strict=True)]
    noises = noise_minibatches(configs, NOISE, 0, len(data.train), stack.device)
    pixels = int(np.prod(shape))
    for step, (x, noise) in enumerate(zip(training_minibatches(data, 0, 10), noises, strict=True)):
        stack.step(x, noise)
        for run, (one, module, optimiser) in enumerate(zip(configs, twins, optimisers, strict=True)):
            optimiser.zero_grad()
            if likelihood == "gaussian":
                fit_sigma(module, x[0, :, :pixels], noise[run, :, :3], step, 10)
            plain_loss(module, x[0, :, :pixels], noise[run, :, :3], one.beta).backward()
            optimiser.step()
    for one, module, state in zip(configs, twins, stack.states(), strict=True):
        for name, tensor in module.state_dict().items():
            got = own_parameters(one, shape, state)[name]
            torch.testing.assert_close(got, tensor, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_a_run_has_the_same_bits_alone_in_any_stack_and_resumed(shape: Shape, precision: str) -> None:
    data = images_of(shape)
    configs = [
        config(latent_dim=1 + 7 * seed // 4, seed=seed, beta=0.5 + seed, hidden_dim=100, epochs=4, batch_size=37)
        for seed in range(5)
    ]
    configs = [replace(one, learning_rate=1e-3 * (1 + one.seed % 2), precision=precision) for one in configs]
    together, records = train_to(configs, data, 4)
    half, _ = train_to(configs, data, 2)
    rest, _ = train_to([configs[k] for k in (4, 1)], data, 4, [half[k] for k in (4, 1)])
    for place in (0, 1, 4):
        alone, alone_records = train_to([configs[place]], data, 4)
        assert_same_bits(together[place], alone[0])
        assert_same_history(records, place, alone_records, 0)
    assert_same_bits(rest[0], together[4])
    assert_same_bits(rest[1], together[1])
    for parameter in network_of(configs[0], shape).parameters:
        own = parameter.unpack(together[0].second_moment[parameter.name])
        assert torch.count_nonzero(own) > 0, parameter.name
        assert torch.equal(parameter.pack(own), together[0].second_moment[parameter.name]), parameter.name


@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_a_gradient_in_bf16_is_that_of_fp32_but_for_rounding(shape: Shape) -> None:
    data = images_of(shape)
    stacks = [Stack([config(hidden_dim=64, precision=precision)], shape, 1) for precision in PRECISIONS]
    for stack in stacks:
        noises = noise_minibatches(stack.configs, NOISE, 0, len(data.train), stack.device)
        stack.step(next(training_minibatches(data, 0, 128)), next(noises))
    exact, rounded = (stack.gradients for stack in stacks)
    for name, gradient in exact.items():
        assert 0 < (rounded[name] - gradient).norm() < 0.15 * gradient.norm(), name


def test_a_state_goes_into_the_plain_module_and_back_to_the_bit() -> None:
    one = config(depth=2, likelihood="gaussian")
    state = initial_state(one, COLOUR)
    own = own_parameters(one, COLOUR, state)
    module = model_of(one, COLOUR, own)
    assert network_of(one, COLOUR).shapes == {name: tuple(t.shape) for name, t in module.state_dict().items()}
    again = saved_state(one, COLOUR, module.state_dict())
    assert all(torch.equal(again.parameters[name], tensor) for name, tensor in state.parameters.items())


def test_a_check_of_weights_says_that_images_of_such_sides_have_no_network() -> None:
    (problem,) = tensor_problems({}, config(), (5, 5))
    assert problem.startswith("network conv needs even sides of at least 8")


def test_runs_of_other_channels_or_networks_are_not_stacked_and_one_run_may_fill_a_stack() -> None:
    one = config(hidden_dim=32)
    assert stack_key(one) == stack_key(config(hidden_dim=32, latent_dim=8))
    others = (config(hidden_dim=31), config(hidden_dim=32, depth=2), replace(one, network="mlp"))
    assert all(stack_key(other) != stack_key(one) for other in others)
    large = config(hidden_dim=256, batch_size=1024)
    assert stack_size(large, (64, 64, 3)) == 1 < stack_size(one, (16, 16))
    assert working_set_bytes(large, (64, 64, 3)) > 4 * 1024 * 150_000
