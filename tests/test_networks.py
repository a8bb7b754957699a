"""Layers and networks: the stacked form against the plain torch module and autograd, and padding that is exact."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vae.config import LIKELIHOODS, RunConfig
from vae.data import Data, load_data
from vae.errors import ConfigError
from vae.losses import distortion, rate
from vae.minibatches import noise_minibatches, training_minibatches
from vae.model import VAE
from vae.networks import network_of
from vae.networks.layers import Layer, Linear, LogSigma, Relu
from vae.networks.mlp import mlp
from vae.networks.padding import Layout, Width, latent_width, pixel_width
from vae.networks.stacked_network import StackedNetwork, together
from vae.randomness import NOISE
from vae.stack.adam import StackedAdam
from vae.stack.planning import stack_key, step_cost
from vae.stack.stack import Stack
from vae.stack.state import initial_state, own_parameters, saved_state
from vae.training import make_stack

RUNS, SAMPLES = 3, 9
CLOSE = 1e-6


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("digits")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def padded_rows(values: Tensor, width: int) -> Tensor:
    return nn.functional.pad(values, (0, width - values.shape[-1]))


@pytest.mark.parametrize("layout", mlp(35, 3, 20, 2, LogSigma(0.0, learned=True)).parameters, ids=lambda p: p.name)
def test_packing_goes_there_and_back_to_the_bit(layout: Layout) -> None:
    own = torch.randn(layout.shape, generator=generator()) + 3.0
    padded = layout.pack(own)
    assert padded.shape == layout.padded_shape
    assert padded.numel() == layout.size
    assert torch.count_nonzero(padded) == own.numel()
    back = layout.unpack(padded)
    assert torch.equal(back, own)
    assert back.is_contiguous()
    if layout.transposed:
        assert torch.equal(padded.mT[tuple(slice(0, n) for n in layout.shape)], own)


def test_widths_are_multiples_of_a_register() -> None:
    assert [Width(n).padded for n in (1, 16, 17, 400)] == [16, 16, 32, 400]
    assert [latent_width(n).padded for n in (1, 8, 9, 20)] == [8, 8, 16, 24]
    assert [pixel_width(n).padded for n in (1, 32, 35, 784)] == [32, 32, 64, 800]


class Stacked:
    """Runs of some layers: plain modules of their own, and the tensors of a stack."""

    def __init__(self, layers: Sequence[Layer], runs: int = RUNS) -> None:
        self.layers, parameters = layers, [p for layer in layers for p in layer.parameters]
        drawn = [{n: t for layer in layers for n, t in layer.draw(generator(run)).items()} for run in range(runs)]
        self.modules = [self._modules(own) for own in drawn]
        self.weights = {p.name: torch.stack([p.pack(own[p.name]) for own in drawn]) for p in parameters}
        self.gradients = {name: torch.full_like(tensor, torch.nan) for name, tensor in self.weights.items()}

    def _modules(self, own: Mapping[str, Tensor]) -> dict[str, nn.Module]:
        modules = {layer.name: layer.module() for layer in self.layers}
        for name, module in modules.items():
            module.load_state_dict({n.removeprefix(f"{name}."): t for n, t in own.items() if n.startswith(f"{name}.")})
        return modules

    def assert_gradients(self, run: int) -> None:
        """Those of a stack are the plain modules', and exactly zero where padded."""
        for layer in self.layers:
            wanted = dict(self.modules[run][layer.name].named_parameters(prefix=layer.name))
            for parameter in layer.parameters:
                got = self.gradients[parameter.name][run]
                own = parameter.unpack(got)
                assert torch.equal(parameter.pack(own), got), parameter.name
                assert_relatively_close(own, wanted[parameter.name].grad, parameter.name)


def assert_relatively_close(got: Tensor, wanted: Tensor | None, name: str) -> None:
    assert wanted is not None
    assert got.shape == wanted.shape
    assert (got - wanted).norm() <= 1e-5 * wanted.norm(), name


LAYERS: dict[str, Layer] = {
    "linear": Linear("layer", Width(20), Width(5)),
    "transposed": Linear("layer", Width(5), Width(20), transposed=True),
    "square": Linear("layer", Width(16), Width(16)),
    "pixels": Linear("layer", Width(7), pixel_width(35)),
    "relu": Relu("layer"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_stacked_layer_is_the_plain_one_of_each_run(name: str) -> None:
    layer = LAYERS[name]
    read, put_out = (layer.inputs, layer.outputs) if isinstance(layer, Linear) else (Width(20), Width(20))
    stack = Stacked([layer])
    stacked = layer.stacked(stack.weights, stack.gradients)
    x = torch.randn(RUNS, SAMPLES, read.own, generator=generator(1)).requires_grad_()
    outputs = torch.stack([modules["layer"](x[run]) for run, modules in enumerate(stack.modules)])
    inputs = padded_rows(x.detach(), read.padded)
    got = stacked.forward(inputs)
    assert torch.count_nonzero(got[..., put_out.own :]) == 0
    torch.testing.assert_close(got[..., : put_out.own], outputs.detach(), rtol=CLOSE, atol=CLOSE)
    gradient = torch.randn(outputs.shape, generator=generator(2))
    outputs.backward(gradient)
    before = padded_rows(gradient, put_out.padded)
    stacked.fill_gradients(inputs, before)
    back = stacked.input_gradient(inputs, before)
    assert torch.count_nonzero(back[..., read.own :]) == 0
    assert_relatively_close(back[..., : read.own], x.grad, "x")
    for run in range(RUNS):
        stack.assert_gradients(run)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(35, 3, 20), (64, 16, 32)])
def test_a_network_is_the_list_of_its_layers(depth: int, sizes: tuple[int, int, int]) -> None:
    """Codes and outputs within 1e-6 of the plain modules', gradients of both halves within 1e-5 of autograd."""
    pixels, latent, _ = sizes
    network = mlp(*sizes, depth)
    stack = Stacked(network.layers)
    weights, _ = together(network, stack.weights)
    gradients, stack.gradients = together(network, stack.gradients)
    stacked = StackedNetwork(network, weights, gradients)
    x = torch.rand(SAMPLES, pixels, generator=generator(1))
    z = torch.randn(RUNS, SAMPLES, latent, generator=generator(2)).requires_grad_()
    encoded, *heads = stacked.encode(padded_rows(x, pixel_width(pixels).padded)[None])
    decoded, output = stacked.decode(padded_rows(z.detach(), network.latent.padded))
    for run, modules in enumerate(stack.modules):
        hidden = through(modules, network.encoder, x)
        mu, logvar = modules[network.mu.name](hidden), modules[network.logvar.name](hidden)
        plain = through(modules, network.decoder, z[run])
        for got, wanted in zip((*heads, output), (mu, logvar, plain), strict=True):
            torch.testing.assert_close(got[run, :, : wanted.shape[1]], wanted.detach(), rtol=CLOSE, atol=CLOSE)
        torch.autograd.backward([mu, logvar, plain], [mu.detach(), logvar.detach() + 1.0, plain.detach() - x])
    gradient = padded_rows(output[..., :pixels] - x, output.shape[-1])
    z_gradient = stacked.fill_decoder_gradients(decoded, gradient)
    assert_relatively_close(z_gradient[..., :latent], z.grad, "z")
    of_logvar = padded_rows(heads[1][..., :latent] + 1.0, network.latent.padded)
    stacked.fill_encoder_gradients(encoded, torch.cat((heads[0], of_logvar), dim=2))
    for run in range(RUNS):
        stack.assert_gradients(run)


def through(modules: Mapping[str, nn.Module], layers: Sequence[Layer], x: Tensor) -> Tensor:
    for layer in layers:
        x = modules[layer.name](x)
    return x


VARIANTS: list[dict[str, Any]] = [{"likelihood": name} for name in LIKELIHOODS]
VARIANTS.append({"likelihood": "gaussian", "sigma": 0.3})


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant.values())))
def test_a_steps_nats_and_gradients_are_those_of_the_plain_module(digits: Data, variant: dict[str, Any]) -> None:
    shapes = [(3, "vae", 2.0), (5, "ae", 1.0), (8, "vae", 0.5)]
    configs = [
        RunConfig(latent_dim=latent, hidden_dim=20, model=model, beta=beta, seed=seed, **variant)
        for seed, (latent, model, beta) in enumerate(shapes)
    ]
    stack, states = make_stack(configs, digits), [initial_state(config, (64,)) for config in configs]
    x, noise = next(training_minibatches(digits, 0, 128)), next(noise_minibatches(configs, NOISE, 0, 128, stack.device))
    rates, distortions = stack.step(x, noise)
    for run, (config, state) in enumerate(zip(configs, states, strict=True)):
        module = VAE(config, (64,))
        module.load_state_dict(own_parameters(config, (64,), state))
        mu, logvar = module.encode(x[0])
        z = mu if config.model == "ae" else mu + noise[run, :, : config.latent_dim] * torch.exp(0.5 * logvar)
        output = module.decode(z)
        log_sigma = getattr(module, "log_sigma", 0.0)
        if variant == {"likelihood": "gaussian"}:  # the optimal one, of the first minibatch
            log_sigma = 0.5 * (x[0] - output).detach().square().mean().log()
        d = distortion(x[0], output, module.likelihood, log_sigma)
        r = rate(mu, logvar).sum(1)
        torch.testing.assert_close(distortions[run], d.detach(), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(rates[run], r.detach(), rtol=1e-5, atol=1e-5)
        (d.sum() if config.model == "ae" else (d + config.beta * r).sum()).backward()
        for name, parameter in module.named_parameters():
            layout = next(p for p in network_of(config, (64,)).parameters if p.name == name)
            assert isinstance(stack, Stack)
            got = layout.unpack(stack.gradients[name][run])
            wanted = torch.zeros_like(got) if parameter.grad is None else parameter.grad
            assert_relatively_close(got, wanted, name)


@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_a_fixed_sigma_is_what_was_asked_for_and_stays(digits: Data, sigma: float) -> None:
    configs = [RunConfig(latent_dim=d, hidden_dim=16, likelihood="gaussian", sigma=sigma, seed=d) for d in (2, 5)]
    stack = make_stack(configs, digits)
    noises = noise_minibatches(configs, NOISE, 0, len(digits.train), stack.device)
    for x, noise in zip(training_minibatches(digits, 0, 128), noises, strict=True):
        stack.step(x, noise)
    for config, state in zip(configs, stack.states(), strict=True):
        log_sigma = own_parameters(config, (64,), state)["log_sigma"]
        assert log_sigma.item() == pytest.approx(math.log(sigma), rel=1e-7)
        assert VAE(config, (64,)).get_buffer("log_sigma") == log_sigma
        assert torch.count_nonzero(state.second_moment["log_sigma"]) == 0
        assert torch.count_nonzero(state.second_moment["fc3.bias"]) > 0


def test_a_learned_sigma_starts_at_one_and_moves(digits: Data) -> None:
    config = RunConfig(latent_dim=2, hidden_dim=16, likelihood="gaussian")
    stack = make_stack([config], digits)
    assert isinstance(stack, Stack)
    assert stack.parameters["log_sigma"].count_nonzero() == 0
    noise = next(noise_minibatches([config], NOISE, 0, 128, stack.device))
    stack.step(next(training_minibatches(digits, 0, 128)), noise)
    assert stack.parameters["log_sigma"][0, 0] != 0


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_a_sigma_that_is_none(sigma: float) -> None:
    with pytest.raises(ConfigError, match="sigma must be above 0, got"):
        LogSigma.of("gaussian", sigma)
    assert LogSigma.of("bernoulli", sigma) is None


@pytest.mark.parametrize("rates", [(1e-3, 1e-3, 1e-3), (1e-3, 3e-2, 1e-4)])
def test_ten_steps_of_adam_are_torchs_for_each_run(rates: tuple[float, ...]) -> None:
    start = torch.randn(RUNS, 4, 6, generator=generator())
    stacked = {"w": start.clone()}
    gradients, first, second = ({"w": torch.zeros_like(start)} for _ in range(3))
    ours = StackedAdam(stacked, gradients, first, second, rates, steps_taken=0)
    theirs = [nn.Parameter(start[run].clone()) for run in range(RUNS)]
    optimisers = [torch.optim.Adam([p], lr=lr) for p, lr in zip(theirs, rates, strict=True)]
    for step in range(10):
        gradients["w"].copy_(torch.randn(start.shape, generator=generator(step)))
        ours.step()
        for run, (parameter, optimiser) in enumerate(zip(theirs, optimisers, strict=True)):
            parameter.grad = gradients["w"][run].clone()
            optimiser.step()
    torch.testing.assert_close(stacked["w"], torch.stack([p.detach() for p in theirs]), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant.values())))
def test_a_runs_shapes_are_the_plain_modules(variant: dict[str, Any]) -> None:
    config = RunConfig(latent_dim=3, hidden_dim=20, **variant)
    network, state = network_of(config, (35,)), initial_state(config, (35,))
    own = own_parameters(config, (35,), state)
    module = VAE(config, (35,))
    assert network.shapes == {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert module.latent_dim == 3
    module.load_state_dict(own, strict=True)
    again = saved_state(config, (35,), module.state_dict())
    assert all(torch.equal(again.parameters[name], tensor) for name, tensor in state.parameters.items())


def test_first_weights_are_uniform_within_the_fan_in() -> None:
    config, inputs = RunConfig(latent_dim=16, hidden_dim=100), dict.fromkeys(("fc_mu", "fc_logvar", "fc3"), 100)
    inputs |= {"fc1": 64, "fc2": 16}
    for name, tensor in own_parameters(config, (64,), initial_state(config, (64,))).items():
        bound = 1 / math.sqrt(inputs[name.partition(".")[0]])
        assert 0.7 * bound < tensor.abs().max() <= bound, name
        assert torch.var(tensor).item() == pytest.approx(bound**2 / 3, rel=0.6), name


def test_a_steps_cost_counts_products_and_activations() -> None:
    config = RunConfig(latent_dim=16, hidden_dim=16)
    products = 3 * (2 * 64 * 16 + 3 * 16 * 16) - 64 * 16
    assert step_cost(config, (64,)) == products + 50 * (2 * 64 + 3 * 16 + 6 * 16)
    assert step_cost(config, (35,)) == step_cost(config, (64,)) > step_cost(config, (32,))


def test_runs_of_one_stack_have_networks_of_one_padded_shape() -> None:
    one, other = RunConfig(latent_dim=8, hidden_dim=32), RunConfig(latent_dim=1, hidden_dim=17)
    assert stack_key(one) == stack_key(other)
    shapes = [[p.padded_shape for p in network_of(config, (64,)).parameters] for config in (one, other)]
    assert shapes[0] == shapes[1]
