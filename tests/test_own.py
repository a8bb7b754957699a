"""Networks of the user's own: the contract, training that is the stack's, resuming, and folders that import nothing."""

import re
import shutil
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cli
import vaekit
from sweeps.coordination.coordinator import run_sweep
from sweeps.coordination.plan import plan_stacks
from sweeps.coordination.preview import preview_sweep
from sweeps.engines.worker import Run
from sweeps.maintenance.check import check_sweep
from sweeps.maintenance.retry import forget_failed
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import make_spec
from tests.drawing import draw_only
from tests.test_sweep import Inline
from vae.config import RunConfig
from vae.data import Data, DataConfig, load_data, prepare
from vae.errors import ConfigError, EngineError, ResultsError
from vae.files.results import Folder
from vae.minibatches import noise_minibatches, steps_an_epoch, training_minibatches
from vae.own.contract import check_network
from vae.own.model import channels_first, module_shape, rows
from vae.own.source import Source, bring, find_source
from vae.own.stack import OwnStack
from vae.randomness import NOISE
from vae.stack.stack import Stack
from vae.stack.state import RunState, dump_state, load_state, own_parameters
from vae.training import train, train_runs, train_steps

HERE = "tests.own_networks"
NOISY, TEXTBOOK = f"{HERE}:noisy", f"{HERE}:textbook"
DOCS = (Path(__file__).parents[1] / "docs" / "own_network.md").read_text(encoding="utf-8")
TINY: dict[str, Any] = {"epochs": 2, "limit": 300, "seeds": 1, "hidden_dim": "16", "latent_dim": "2", "beta": "1"}


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data(DataConfig(limit=300))


def config(network: str, **values: Any) -> RunConfig:
    sizes: dict[str, Any] = {"latent_dim": 3, "hidden_dim": 16, "epochs": 4, "batch_size": 64}
    return RunConfig(network=network, **(sizes | values))


def equal(one: RunState, other: RunState) -> bool:
    parts = zip((one.parameters, one.first_moment, one.second_moment),
                (other.parameters, other.first_moment, other.second_moment), strict=True)  # fmt: skip
    return all(a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a) for a, b in parts)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nothing_here", "needs a function nothing_here in .*own_networks.py, got none"),
        (
            "no_module",
            r"build\(shape=\(1, 8, 8\), latent_dim=3, hidden_dim=16\) must return a torch.nn.Module, got int",
        ),
        ("two_arguments", r"build\(.*\) raised TypeError: two_arguments\(\) takes 2 positional arguments"),
        ("mute", r"the module needs a method decode\(z\) -> output, got none in Mute"),
        ("unseeded", "'fc1.bias' begins otherwise at every call of build: draw with torch's default generator"),
        ("wrong_three", r"encode must return \(mu, logvar\), got 3 values"),
        ("wrong_one", r"encode must return \(mu, logvar\), got Tensor"),
        ("wrong_narrow", r"logvar of encode must have shape \(2, 3\), \(sample, latent\), got \(2, 2\)"),
        ("wrong_flat", r"mu of encode must have shape \(2, 3\), \(sample, latent\), got \(6,\)"),
        ("wrong_array", "mu of encode must be a tensor, got ndarray"),
        ("wrong_double", "mu of encode must be float32, got torch.float64"),
        ("wrong_detached", "no parameter has a gradient"),
        ("wrong_half", "parameter 'fc1.weight' must be float32, got torch.float16"),
        ("wrong_state", "state 'phase' must be a tensor of numbers that can be saved, got torch.complex64"),
        ("wrong_lazy", "parameter 'more.weight' must have its shape from the start, got a lazy one"),
        ("wrong_named", r"must be printable and have at most 500 characters, got 'two\\nlines.weight'"),
        ("wrong_raises", "decode in eval mode on 2 samples raised RuntimeError: two lines"),
        ("wrong_none", "the output of decode must be a tensor, got NoneType"),
        (
            "wrong_flattened",
            r"the output of decode must have shape \(2, 1, 8, 8\), \(sample, channel, height, width\), got \(2, 64\)",
        ),
        ("wrong_last", r"must have shape \(2, 1, 8, 8\), .*, got \(2, 8, 8, 1\)"),
    ],
)
def test_each_breach_of_the_contract_is_one_line(function: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        check_network(config(f"{HERE}:{function}"), (8, 8), 2)
    assert "\n" not in str(raised.value)
    assert f"network {HERE}:{function}" in str(raised.value)


def test_what_keeps_the_contract_passes_on_images_and_tables() -> None:
    check_network(config(NOISY), (8, 8), 2)
    check_network(config(NOISY), (8, 8, 3), 2)
    check_network(config(TEXTBOOK), (5,), 1)
    with pytest.raises(ConfigError, match="in train mode on 1 sample raised ValueError: Expected more than 1 value"):
        check_network(config(NOISY), (8, 8), 1)


@pytest.mark.parametrize("text", ["a:", ":b", "a:b:c", "a b:c", "1a:b", "a.:b", "a:b()"])
def test_a_name_that_is_no_module_and_function(text: str) -> None:
    with pytest.raises(ConfigError, match="a network of your own must be MODULE:FUNCTION"):
        make_spec({"network": text})


def test_bf16_is_refused_and_another_name_too() -> None:
    with pytest.raises(ConfigError, match=f"network {NOISY} needs precision fp32, got bf16"):
        make_spec({"network": f"mlp,{NOISY}", "precision": "bf16"})
    with pytest.raises(ConfigError, match="network must be one of mlp.* or MODULE:FUNCTION, got 'nlp'"):
        make_spec({"network": "nlp"})


def test_factor_vae_is_refused() -> None:
    with pytest.raises(ConfigError, match="factor_vae needs a network of vaekit's, mlp or conv, got"):
        config(TEXTBOOK, loss="factor_vae")


def test_colours_go_there_and_back() -> None:
    x = torch.arange(2 * 4 * 5 * 3.0).reshape(2, -1)
    image = channels_first(x, (4, 5, 3))
    assert image.shape == (2, 3, 4, 5)
    assert image[1, 2, 3, 4] == x.reshape(2, 4, 5, 3)[1, 3, 4, 2]
    assert torch.equal(rows(image), x)


VARIANTS: list[dict[str, Any]] = [
    {},
    {"likelihood": "gaussian"},
    {"likelihood": "continuous_bernoulli", "beta": 4.0},
    {"model": "ae"},
    {"beta_schedule": "linear:0.5"},
    {"loss": "beta_tc_vae", "beta": 4.0},
    {"loss": "dip_vae_ii", "beta": 2.0},
    {"loss": "annealed_vae", "capacity": 3.0},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_ten_steps_are_those_of_the_stack(digits: Data, variant: dict[str, Any]) -> None:
    """The mlp written by hand and the stack's begin alike and step alike, but for the order of sums."""
    theirs = config(TEXTBOOK, **variant)
    stack = Stack([replace(theirs, network="mlp")], (8, 8), 5)
    begun = {f"module.{name}": t for name, t in own_parameters(stack.configs[0], (8, 8), stack.states()[0]).items()}
    begun = {name.replace("module.log_sigma", "log_sigma"): tensor for name, tensor in begun.items()}
    own = OwnStack([theirs], (8, 8), 5, [RunState(0, begun, {}, {})])
    noises = noise_minibatches([theirs], NOISE, 0, len(digits.train), own.device)
    for x, noise in zip(training_minibatches(digits, 0, 64), noises, strict=False):
        for one, other in zip(stack.step(x, noise), own.step(x, noise), strict=True):
            torch.testing.assert_close(one, other, rtol=2e-4, atol=2e-4)
    trained = own_parameters(stack.configs[0], (8, 8), stack.states()[0])
    for name, tensor in own.weights()[0].items():
        torch.testing.assert_close(trained[name.removeprefix("module.")], tensor, rtol=1e-3, atol=2e-5)
    assert own.sigmas() == pytest.approx(stack.sigmas(), rel=1e-5)


@pytest.mark.parametrize("variant", [{}, {"model": "ae"}, {"likelihood": "gaussian"}])
def test_a_run_goes_on_to_the_bit_and_draws_from_its_own_seed(digits: Data, variant: dict[str, Any]) -> None:
    run, steps = config(NOISY, **variant), steps_an_epoch(digits, 64)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    whole = OwnStack([run], (8, 8), steps)
    records = list(train(whole, digits, 4))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    half = OwnStack([run], (8, 8), steps)
    for _ in islice(train_steps(half, digits, 4), 2 * steps + 4):  # some steps into an epoch
        pass
    half = OwnStack([run], (8, 8), steps, [load_state(dump_state(half.states()[0]))])
    again = list(train(half, digits, 4))
    assert equal(whole.states()[0], half.states()[0])
    for name in ("train_distortion_nats", "validation_distortion_nats"):
        assert records[-1].values[name] == again[-1].values[name]
    other = OwnStack([replace(run, seed=1)], (8, 8), steps)
    assert not torch.equal(other.weights()[0]["module.output.0.weight"], half.weights()[0]["module.output.0.weight"])
    state = whole.states()[0].parameters
    assert state["module.Encoder.1.num_batches_tracked"] == 4 * steps
    assert torch.count_nonzero(whole.states()[0].first_moment["module.unused.weight"]) == 0
    assert "module.frozen" in state
    assert "module.frozen" not in whole.states()[0].first_moment


def test_evaluation_draws_nothing_and_is_that_of_the_plain_module(digits: Data, tmp_path: Path) -> None:
    folder = prepare(DataConfig(limit=300))
    (run,) = train_runs([config(NOISY, epochs=2)], folder)
    (paused,) = train_runs([config(NOISY, epochs=2)], folder, until_epoch=1)
    (gone_on,) = train_runs([config(NOISY, epochs=2)], folder, so_far=[paused])
    assert not run.error
    assert run.totals == gone_on.totals
    assert all((run.weights[name] == gone_on.weights[name]).all() for name in run.weights)
    assert run.weights["module.Encoder.1.num_batches_tracked"].dtype == np.int64


@pytest.mark.parametrize(
    ("shape", "network", "seen"), [((6, 6, 3), NOISY, (3, 6, 6)), ((6, 6), NOISY, (1, 6, 6)), ((5,), TEXTBOOK, (5,))]
)
def test_samples_of_every_shape_are_trained_on(
    shape: tuple[int, ...], network: str, seen: tuple[int, ...], tmp_path: Path
) -> None:
    """Values that differ by place are learnt in their places, by a decoder that knows the mean alone."""
    mean = np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    noise = np.random.default_rng(0).uniform(-0.01, 0.01, (600, *shape))  # constant columns of tables are left out
    np.savez(tmp_path / "d.npz", images=(mean + noise).clip(0, 1).astype(np.float32))
    images = DataConfig(source=str(tmp_path / "d.npz"), scale=1.0 if len(shape) == 1 else None)
    run = config(network, epochs=20, learning_rate=0.02, likelihood="gaussian", sigma=1.0, latent_dim=1)
    (trained,) = train_runs([run], prepare(images))
    data = load_data(images)
    assert module_shape(data.sample_shape) == seen
    least = 0.5 * np.log(2 * np.pi) * data.n_pixels  # where every value is met
    assert trained.totals["distortion_nats"] == pytest.approx(least, abs=0.05)


def test_stacks_of_own_networks_hold_one_run() -> None:
    runs = [Run(n, n, config(name, seed=n)) for n, name in enumerate((NOISY, "mlp") * 6)]
    stacks = plan_stacks(runs, (8, 8), workers=1)
    assert sorted(len(stack) for stack in stacks if stack[0].config.network == NOISY) == [1] * 6
    assert max(len(stack) for stack in stacks if stack[0].config.network == "mlp") > 1


def test_the_preview_says_how_they_are_trained() -> None:
    preview = preview_sweep(make_spec(TINY | {"network": f"mlp,{NOISY}"}))
    assert preview.totals[f"network {NOISY}"] == "trained one run at a time, by autograd"
    with pytest.raises(ConfigError, match="got 3 values"):
        preview_sweep(make_spec(TINY | {"network": f"{HERE}:wrong_three"}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of two networks, one of the user's own."""
    out = tmp_path_factory.mktemp("own")
    options = TINY | {"network": f"mlp,{NOISY}", "out": str(out), "name": "s", "models": "vae,ae"}
    return run_sweep(make_spec(options), engine=Inline()).path


def own_run(sweep: vaekit.Sweep, model: str = "vae") -> int:
    runs = sweep.runs
    return int(runs.loc[(runs["network"] == NOISY) & (runs["model"] == model), "run"].iloc[0])


def test_a_folder_imports_nothing_unless_the_network_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, HERE, None)  # importing it is an error
    sweep = vaekit.open(folder)
    assert set(sweep.runs["network"]) == {"mlp", NOISY}
    with pytest.raises(ResultsError, match=f"name it again with --network {NOISY}"):
        sweep.model(own_run(sweep))
    assert check_sweep(Folder(folder)) == []
    with pytest.raises(ResultsError, match="name it again"):
        compare_spec({}, Folder(folder))
    with pytest.raises(ConfigError, match="cannot be imported"):
        vaekit.open(folder, network=NOISY).model(own_run(sweep))


def test_a_named_network_is_the_trained_one(folder: Path, tmp_path: Path) -> None:
    sweep = vaekit.open(folder, network=NOISY)
    run = sweep.run(own_run(sweep))
    images = sweep.images("test")
    assert run.reconstruct(images).shape == images.shape
    assert run.distortion_nats(images).mean() < 64 * np.log(2)
    assert not run.model.training
    twin = sweep.run(own_run(sweep, "ae"))
    assert np.isneginf(twin.encode(images)[1]).all()
    assert twin.distortion_nats(images).mean() == pytest.approx(twin.row["distortion_nats"], rel=1e-6)  # in eval mode
    assert check_sweep(Folder(folder), NOISY) == []
    assert compare_spec({"network": [NOISY]}, Folder(folder)).network == NOISY
    assert forget_failed(Folder(folder)).trials == []


def test_a_changed_source_is_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    name = "own_network_that_changes"
    file = tmp_path / f"{name}.py"
    shutil.copy(Path(__file__).with_name("own_networks.py"), file)
    network = f"{name}:textbook"
    spec = make_spec(TINY | {"network": network, "out": str(tmp_path), "name": "s"})
    path = run_sweep(spec, engine=Inline()).path
    run_sweep(spec, engine=Inline())
    source = find_source(network)
    assert source == Source(network, str(tmp_path), source.hash)
    bring(source)
    file.write_text(file.read_text() + "\n\ndef added() -> int:\n    return 1\n")
    with pytest.raises(ResultsError, match=f"another sweep: source of {network} {source.hash[:12]} there and"):
        run_sweep(spec, engine=Inline())
    with pytest.raises(ResultsError, match=f"network {network} has changed since training"):
        vaekit.open(path, network=network).model(0)
    assert [finding.file for finding in check_sweep(Folder(path), network)] == ["provenance.json"]
    assert find_source(f"{name}:added").hash != source.hash  # it was read anew
    bring.cache_clear()
    with pytest.raises(EngineError, match="must be the same file on every worker, got on .* hash"):
        bring(source)
    with pytest.raises(EngineError, match="must be the same file on every worker, got on .* cannot be imported"):
        bring(replace(source, network="no_such_module_anywhere:f"))


def test_the_module_of_the_docs_is_swept_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole processes: workers find the module beside the spec, the report has its pictures, and needs it named."""
    beside = tmp_path / "specs"
    beside.mkdir()
    code = re.findall(r"^```python\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)[0]
    (beside / "my_network.py").write_text(code)
    (beside / "s.toml").write_text('data = "digits"\nnetwork = "my_network:build"\nname = "s"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    draw_only(monkeypatch)
    sizes = ["--latent-dim", "2", "--beta", "1", "--hidden-dim", "16"]
    sizes += ["--seeds", "1", "--epochs", "1", "--limit", "200", "--jobs", "1"]
    page = Path("results/s/report/index.html")
    left_out = []
    for words in (["sweep", "specs/s.toml", *sizes], ["report", "s"]):
        monkeypatch.setattr(sys, "argv", ["vaekit", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code, capsys.readouterr().err
        left_out.append("network my_network:build is code of yours" in page.read_text())
    assert left_out == [False, True]
    sys.modules.pop("my_network")
