"""The stack's promises, in fp32 and to the bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.stacks import assert_same_bits, assert_same_history, fit_sigma, plain_loss, plain_module, train_to
from vae.columns import HISTORY
from vae.config import LIKELIHOODS, PRECISIONS, RunConfig
from vae.data import Data, DataConfig, load_data, prepare
from vae.losses import distortion, rate
from vae.minibatches import noise_minibatches, steps_an_epoch, training_minibatches
from vae.model import VAE
from vae.networks import network_of
from vae.randomness import NOISE, TEST, VALIDATION
from vae.stack.planning import stack_key
from vae.stack.stack import Stack
from vae.stack.state import PARTS, initial_state, own_parameters
from vae.training import make_stack, train_runs

STEPS = 120
"""A stack padded to its own widest latent moved bits of each of the four runs below within twelve."""
MANY_STEPS = 2_400
LONG = (pytest.mark.slow, pytest.mark.timeout(1200))


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data(DataConfig())


def config(latent_dim: int, hidden_dim: int, epochs: int, seed: int = 0) -> RunConfig:
    beta = 0.25 * (1 + seed % 7)
    return RunConfig(latent_dim=latent_dim, hidden_dim=hidden_dim, epochs=epochs, beta=beta, seed=seed)


@pytest.mark.parametrize("steps", [STEPS, pytest.param(MANY_STEPS, marks=LONG)])
@pytest.mark.parametrize(("hidden_dim", "batch_size"), [(64, 128), (100, 33)])
def test_a_run_has_the_same_bits_in_any_stack(digits: Data, hidden_dim: int, batch_size: int, steps: int) -> None:
    epochs = -(-steps // steps_an_epoch(digits, batch_size))

    def run(latent_dim: int, seed: int) -> RunConfig:
        return replace(config(latent_dim, hidden_dim, epochs, seed), batch_size=batch_size)

    one, two, eight, twenty, thirty_one = targets = [run(latent, seed=latent) for latent in (1, 2, 8, 20, 31)]
    alone = [train_to([target], digits, epochs) for target in targets]
    small = [run(1 + k % 8, seed=100 + k) for k in range(29)]
    large = [run(25 + k % 8, seed=200 + k) for k in range(30)]
    stacks = (
        [one, eight],
        [two, *small[:14], one],
        [eight, *small, two],
        [run(17, seed=300), twenty, run(24, seed=301)],
        [large[0], thirty_one],
        [thirty_one, *large[:15]],
        [*large, thirty_one],
    )
    for configs in stacks:
        states, records = train_to(configs, digits, epochs)
        for target, (state, history) in zip(targets, alone, strict=True):
            if target in configs:
                assert_same_bits(states[configs.index(target)], state[0])
                assert_same_history(records, configs.index(target), history, 0)


@pytest.mark.parametrize("size", [1, 2, 16, 31])
@pytest.mark.parametrize(
    ("likelihood", "beta_schedule"),
    [("bernoulli", "linear:0.5"), ("continuous_bernoulli", "cyclic:2"), ("gaussian", "constant")],
)
def test_same_bits_for_every_likelihood_and_odd_sizes(
    digits: Data, size: int, likelihood: str, beta_schedule: str
) -> None:
    odd = replace(digits, images=np.ascontiguousarray(digits.images[:, :7, :5]))
    base = RunConfig(
        latent_dim=3, hidden_dim=20, epochs=2, likelihood=likelihood, beta_schedule=beta_schedule, batch_size=37
    )
    configs = [replace(base, seed=k, beta=0.5 + k, learning_rate=1e-3 * (1 + k % 2)) for k in range(size)]
    together, records = train_to(configs, odd, 2)
    for place in {0, size - 1}:
        alone, alone_records = train_to([configs[place]], odd, 2)
        assert_same_bits(together[place], alone[0])
        assert_same_history(records, place, alone_records, 0)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("learning_rates", [(1e-3, 1e-3, 1e-3), (1e-3, 3e-3, 1e-4)])
def test_a_stack_trains_as_plain_modules_with_torchs_adam_do(
    digits: Data, likelihood: str, learning_rates: tuple[float, ...]
) -> None:
    """Twelve steps of VAEs and an AE of different latent sizes against autograd and torch.optim.Adam, each alone."""
    shapes = [(3, 20, "vae", 2.0), (5, 30, "ae", 1.0), (8, 32, "vae", 0.0)]
    configs = [
        RunConfig(
            latent_dim=latent,
            hidden_dim=hidden,
            model=model,
            beta=beta,
            likelihood=likelihood,
            learning_rate=learning_rate,
            beta_schedule="linear:0.1",
            seed=seed,
        )
        for seed, ((latent, hidden, model, beta), learning_rate) in enumerate(zip(shapes, learning_rates, strict=True))
    ]
    stack = make_stack(configs, digits)
    twins = [plain_module(c, (64,), s) for c, s in zip(configs, stack.states(), strict=True)]
    optimisers = [torch.optim.Adam(m.parameters(), lr=c.learning_rate) for m, c in zip(twins, configs, strict=True)]
    noises = noise_minibatches(configs, NOISE, 0, len(digits.train), stack.device)
    for step, (x, noise) in enumerate(zip(training_minibatches(digits, 0, 128), noises, strict=True)):
        share = min(1.0, step / (12 * 40) / 0.1)
        stack.step(x, noise)
        for run, (run_config, module, optimiser) in enumerate(zip(configs, twins, optimisers, strict=True)):
            optimiser.zero_grad()
            own_noise = noise[run, :, : run_config.latent_dim]
            if likelihood == "gaussian":
                fit_sigma(module, x[0], own_noise, step)
            plain_loss(module, x[0], own_noise, share * run_config.beta).backward()
            optimiser.step()
    for run_config, module, state in zip(configs, twins, stack.states(), strict=True):
        trained = own_parameters(run_config, (64,), state)
        for name, tensor in module.state_dict().items():
            torch.testing.assert_close(trained[name], tensor, rtol=2e-4, atol=2e-5)


def test_padding_is_exact(digits: Data) -> None:
    """Every padded number is still zero after training, in weights and in both moments."""
    odd = replace(digits, images=np.ascontiguousarray(digits.images[:, :7, :5]))
    configs = [RunConfig(latent_dim=latent, hidden_dim=20, epochs=3, beta=4.0, seed=latent) for latent in (1, 3, 8)]
    states, _ = train_to(configs, odd, 3)
    for run_config, state in zip(configs, states, strict=True):
        for part in (state.parameters, state.first_moment, state.second_moment):
            for parameter in network_of(run_config, (35,)).parameters:
                own = parameter.unpack(part[parameter.name])
                assert torch.count_nonzero(own) > 0, parameter.name
                assert torch.equal(parameter.pack(own), part[parameter.name]), parameter.name


@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_nan_neighbour_changes_nothing(digits: Data, place: int) -> None:
    healthy = [config(3, 32, 3, seed=k) for k in range(4)]
    alone, records = train_to(healthy, digits, 3)
    broken = replace(healthy[0], beta=1e38)
    mixed = [*healthy[:place], broken, *healthy[place:]]
    states, mixed_records = train_to(mixed, digits, 3)
    assert not np.isfinite(mixed_records[-1].values["train_distortion_nats"][place])
    for run, (state, mine) in enumerate(zip(alone, [s for k, s in enumerate(states) if k != place], strict=True)):
        assert_same_bits(state, mine)
        assert_same_history(records, run, mixed_records, run + (run >= place))


def test_a_run_goes_on_from_its_state_in_another_stack(digits: Data) -> None:
    """Halving: the survivors of five runs go on in a smaller stack, bit-equal to runs that were never parted."""
    configs = [replace(config(3, 32, 6, seed=k), beta_schedule="cyclic:2") for k in range(5)]
    whole, _ = train_to(configs, digits, 6)
    half, _ = train_to(configs, digits, 3)
    chosen = [4, 1]
    rest, records = train_to([configs[k] for k in chosen], digits, 6, [half[k] for k in chosen])
    assert [record.epoch for record in records] == [4, 5, 6]
    for state, k in zip(rest, chosen, strict=True):
        assert_same_bits(state, whole[k])


def test_seeds_differ_and_share_the_order_of_minibatches(digits: Data) -> None:
    one, other = (initial_state(config(3, 32, 1, seed=seed), (64,)) for seed in (0, 1))
    assert not torch.equal(one.parameters["fc1.weight"], other.parameters["fc1.weight"])
    noises = [next(noise_minibatches([config(3, 32, 1, seed=s)], NOISE, 0, 10, torch.device("cpu"))) for s in (0, 1)]
    assert not torch.equal(*noises)
    first, second = (torch.cat(list(training_minibatches(digits, epoch, 128)), dim=1) for epoch in (0, 1))
    assert not torch.equal(first, second)
    torch.testing.assert_close(first.sum(1), second.sum(1))
    assert first.shape == (1, len(digits.train), 64)


def test_runs_of_different_shapes_are_refused(digits: Data) -> None:
    with pytest.raises(ValueError, match="must have equal shapes"):
        make_stack([config(2, 64, 1), config(2, 128, 1)], digits)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_training_in_parts_and_in_other_stacks_is_the_same_to_the_bit(likelihood: str) -> None:
    folder = prepare(DataConfig(limit=300))
    configs = [
        RunConfig(latent_dim=d, hidden_dim=16, seed=d, epochs=7, beta_schedule="linear:0.5", likelihood=likelihood)
        for d in (1, 3, 8)
    ]
    whole = train_runs(configs, folder)
    first = train_runs(configs, folder, until_epoch=2)
    second = train_runs(configs[1:], folder, so_far=first[1:], until_epoch=3)
    third = train_runs(configs[2:], folder, so_far=second[1:])
    assert (bool(first[0].weights), bool(first[0].state)) == (False, True)
    assert (bool(third[0].weights), bool(third[0].state)) == (True, False)
    assert np.isnan(first[0].totals["elbo_nats"])
    assert first[0].totals["validation_elbo_nats"] == first[0].history["validation_elbo_nats"][-1]
    for name, weights in whole[2].weights.items():
        np.testing.assert_array_equal(third[0].weights[name], weights, err_msg=name)
    assert third[0].totals == whole[2].totals
    for name in HISTORY:
        if name != "seconds":
            np.testing.assert_array_equal(third[0].history[name], whole[2].history[name], err_msg=name)
            np.testing.assert_array_equal(first[1].history[name], whole[1].history[name][:2], err_msg=name)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_bf16_products_reach_the_elbo_of_fp32(likelihood: str) -> None:
    folder = prepare(DataConfig())
    shape: dict[str, Any] = {"latent_dim": 8, "hidden_dim": 64, "epochs": 30, "likelihood": likelihood}
    seeds = range(24 if likelihood == "gaussian" else 4)  # whose runs drift apart the most
    reached = {
        precision: train_runs([RunConfig(**shape, seed=s, precision=precision) for s in seeds], folder)
        for precision in PRECISIONS
    }
    elbos = {p: np.array([run.totals["elbo_nats"] for run in runs]) for p, runs in reached.items()}
    assert not np.array_equal(elbos["fp32"], elbos["bf16"])
    np.testing.assert_allclose(elbos["bf16"].mean(), elbos["fp32"].mean(), rtol=0.005)


def test_a_run_in_bf16_is_the_same_in_any_stack_and_ends_as_fp32_weights(digits: Data) -> None:
    configs = [RunConfig(latent_dim=d, hidden_dim=100, seed=d, precision="bf16", epochs=2) for d in (2, 5, 8)]
    together, _ = train_to(configs, digits, 2)
    for config, state in zip(configs, together, strict=True):
        assert_same_bits(train_to([config], digits, 2)[0][0], state)
        assert {t.dtype for t in state.parameters.values()} == {torch.float32}
        for parameter in network_of(config, digits.sample_shape).parameters:
            tensor = state.parameters[parameter.name]
            assert torch.equal(parameter.pack(parameter.unpack(tensor)), tensor), parameter.name


def test_the_test_split_is_measured_in_fp32() -> None:
    config = RunConfig(latent_dim=4, hidden_dim=32, epochs=3, precision="bf16")
    (run,) = train_runs([config], prepare(config.data))
    data, weights = load_data(config.data), {name: torch.from_numpy(w) for name, w in run.weights.items()}
    module = VAE(config, data.sample_shape)
    module.load_state_dict(weights)
    with torch.inference_mode():
        mu, logvar = module.encode(torch.from_numpy(data.pixels(data.test)))
    assert run.totals["rate_nats"] == pytest.approx(float(rate(mu, logvar).sum(dim=1).mean()), rel=1e-5)


def test_both_held_out_splits_are_measured_on_one_posterior_sample() -> None:
    configs = [RunConfig(latent_dim=d, hidden_dim=32, epochs=2, seed=d) for d in (3, 5)]
    data = load_data(configs[0].data)
    for one, run in zip(configs, train_runs(configs, prepare(configs[0].data)), strict=True):
        module = VAE(one, data.sample_shape)
        module.load_state_dict({name: torch.from_numpy(weights) for name, weights in run.weights.items()})
        for split, stream, prefix in (("validation", VALIDATION, "validation_"), ("test", TEST, "")):
            x = torch.from_numpy(data.pixels(data.split(split)))
            noise = torch.cat(list(noise_minibatches([one], stream, 0, len(x), torch.device("cpu"))), dim=1)[0]
            with torch.inference_mode():
                mu, logvar = module.encode(x)
                z = mu + (0.5 * logvar).exp() * noise[:, : one.latent_dim]
                nats = float(rate(mu, logvar).sum(dim=1).mean()), float(distortion(x, module.decode(z)).mean())
            assert run.totals[f"{prefix}rate_nats"] == pytest.approx(nats[0], rel=1e-5)
            assert run.totals[f"{prefix}distortion_nats"] == pytest.approx(nats[1], rel=1e-5)
            assert run.totals[f"{prefix}elbo_nats"] == pytest.approx(-sum(nats), rel=1e-5)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_a_gradient_in_bf16_is_that_of_fp32_but_for_rounding(digits: Data, likelihood: str) -> None:
    shape: dict[str, Any] = {"latent_dim": 8, "hidden_dim": 32, "likelihood": likelihood}
    stacks = [make_stack([RunConfig(**shape, seed=s, precision=p) for s in (0, 1)], digits) for p in PRECISIONS]
    for stack in stacks:
        noises = noise_minibatches(stack.configs, NOISE, 0, len(digits.train), stack.device)
        stack.step(next(training_minibatches(digits, 0, 128)), next(noises))
    exact, rounded = (stack.gradients for stack in stacks if isinstance(stack, Stack))
    exact.pop("log_sigma", None)  # it has a closed form and no gradient
    for name, gradient in exact.items():
        assert gradient.norm() > 0, name
        assert (rounded[name] - gradient).norm() < 0.05 * gradient.norm(), name


def test_runs_of_two_precisions_are_not_stacked() -> None:
    assert stack_key(RunConfig()) != stack_key(RunConfig(precision="bf16"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_a_gpu_trains_as_the_processor_does(digits: Data, likelihood: str) -> None:
    configs = [replace(config(4, 32, 3, seed), likelihood=likelihood) for seed in range(3)]
    configs[1] = replace(configs[1], model="ae", learning_rate=0.002)
    folder = prepare(DataConfig())
    ours, theirs = (train_runs(configs, folder, device) for device in ("cpu", "cuda"))
    for mine, other in zip(ours, theirs, strict=True):
        assert not mine.error
        assert not other.error
        assert other.totals == pytest.approx(mine.totals, rel=1e-3, abs=1e-3, nan_ok=True)


def test_a_state_kept_at_another_padding_goes_on_as_its_own(digits: Data) -> None:
    """Of an earlier version, whose latents were padded further."""
    one = config(3, 20, epochs=4)
    (half,), _ = train_to([one], digits, 2)
    parts: dict[str, Any] = {part: {n: wider(t) for n, t in getattr(half, part).items()} for part in PARTS}
    wide = replace(half, **parts)
    (whole,), (rest,) = (train_to([one], digits, 4, [state])[0] for state in (half, wide))
    assert wide.parameters["fc_mu.weight"].shape != half.parameters["fc_mu.weight"].shape
    assert_same_bits(whole, rest)


def wider(tensor: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.pad(tensor, (0, 16) * tensor.dim())


def test_moments_that_vanish_become_zero_and_not_denormal(digits: Data) -> None:
    """Adam's first moment shrinks to a tenth in 22 steps where the gradient is zero, as a padded weight's is."""
    denormal = torch.full((1,), 1e-38)
    assert denormal.mul(1.0).any(), "the thread's own mode is the processor's default"
    (state,), _ = train_to([config(3, 20, epochs=2)], digits, 2)
    tiny = replace(state, first_moment={name: torch.full_like(t, 2e-38) for name, t in state.first_moment.items()})
    (state,), _ = train_to([config(3, 20, epochs=3)], digits, 3, [tiny])
    moments = torch.cat([moment.flatten() for moment in state.first_moment.values()])
    assert not moments[moments.abs() < 1.1e-38].any()
    assert denormal.mul(1.0).any(), "and is again after training"


def test_what_a_step_writes_again_is_nothing_that_was_handed_out(digits: Data) -> None:
    stack = make_stack([config(3, 20, 1), config(5, 20, 1)], digits)
    batches = list(training_minibatches(digits, 0, 128))[:3]
    noises = list(noise_minibatches(stack.configs, NOISE, 0, 3 * 128, stack.device))
    encoded, decoded = stack.encode(batches[0]), stack.decode(noises[0])
    handed_out = [*encoded, decoded, stack.distortion(batches[0], decoded), *stack.step(batches[0], noises[0])]
    before = [tensor.clone() for tensor in handed_out]
    for x, noise in zip(batches, noises, strict=True):
        stack.encode(x)
        stack.step(x, noise)
    assert all(torch.equal(now, then) for now, then in zip(handed_out, before, strict=True))
