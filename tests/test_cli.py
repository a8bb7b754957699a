"""The commands as a user types them: exit codes, one line on stderr, JSON on stdout."""

import gzip
import inspect
import json
import re
import struct
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import cli
import vaekit
from sweeps.spec.compare import compare_spec
from sweeps.spec.make import DEFAULT_TRIALS
from sweeps.spec.options import Options
from sweeps.spec.spec import Spec
from tests.drawing import draw_only
from tests.synthetic import SPEC, write_sweep
from vae.columns import parse_objectives
from vae.files.results import Folder

TINY = ["--epochs", "1", "--seeds", "1", "--limit", "200", "--trials", "2", "--jobs", "1", "--no-report"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `vaekit WORDS`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["vaekit", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


def idx(path: Path, images: int, side: int, missing: int = 0) -> None:
    pixels = np.zeros(images * side * side - missing, np.uint8).tobytes()
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wb") as file:
        file.write(struct.pack(">IIII", 0x803, images, side, side) + pixels)


def bad_data(name: str) -> str:
    """Write images that break a rule and return their path."""
    good = np.full((300, 4, 4), 0.5, np.float32)
    if name == "truncated":
        idx(Path("idx/train-images-idx3-ubyte.gz"), 40, 4, missing=5)
        return "idx"
    if name == "shapes":
        idx(Path("two/train-images-idx3-ubyte.gz"), 40, 4)
        idx(Path("two/t10k-images-idx3-ubyte.gz"), 40, 5)
        return "two"
    if name == "empty":
        Path("nothing").mkdir()
        return "nothing"
    good[3, 1, 1] = {"nan": np.nan, "range": 1.5, "plain": 0.5}[name]
    np.savez(f"{name}.npz", images=good)
    return f"{name}.npz"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "mnits"], "data must be .*got 'mnits'"),
        (["--latent-dim", "0"], "latent_dim must be at least 1, got 0"),
        (["--latent-dim", "0:8"], "latent_dim must be at least 1, got 0"),
        (["--latent-dim", "8:2"], "latent_dim must run from low to high, got '8:2'"),
        (["--latent-dim", "2.5"], "latent_dim .* of whole numbers, got '2.5'"),
        (["--latent-dim", ""], "latent_dim must be .*got ''"),
        (["--latent-dim", "2:"], "latent_dim must be .*got '2:'"),
        (["--latent-dim", "2:8:lin"], "latent_dim must be low:high.*got '2:8:lin'"),
        (["--beta", "-1"], "beta must be at least 0, got -1.0"),
        (["--beta", "0:4:log"], "beta on a log axis must be above 0, got '0:4:log'"),
        (["--beta", "nan"], "beta must be finite, got 'nan'"),
        (["--hidden-dim", "65:100"], "a range of hidden_dim must hold a power of two, got '65:100'"),
        (["--objective", "beauty"], "objective must be elbo, .* or a score, got 'beauty'"),
        (["--objective", "elbo:up"], "an objective's direction must be min or max, got 'elbo:up'"),
        (["--objective", "elbo,elbo_nats"], "objectives must differ"),
        (["--scores", "mig,charm"], "scores must be none or of mig, .*got 'charm'"),
        (
            ["--data", "BAD:plain", "--scores", "mig"],
            "scores need data with known factors; .*plain.npz.* has none",
        ),
        (["--data", "missing/folder"], "no folder or file at 'missing/folder'"),
        (["--data", "~nobody-at-all/x.npz"], "with a home that exists"),
        (["--seed", "5000000000"], "seed must be at most 4294967295, got 5000000000"),
        (["--latent-dim", "2:99999999999999999999"], "latent_dim must be at most 65536"),
        (["--latent-dim", "1" + 400 * "0"], "latent_dim must be finite"),
        (["--name", "a\nb"], "name must be a single folder name"),
        (["--out", "a\0b"], "out must be a path"),
        (["--likelihood", "poisson"], "likelihood must be one of .*got 'poisson'"),
        (["--sigma", "0", "--likelihood", "gaussian"], "sigma must be above 0, got 0.0"),
        (["--beta-schedule", "linear:2"], "beta_schedule must be .*got 'linear:2'"),
        (["--binarize", "maybe"], "binarize must be one of .*got 'maybe'"),
        (["--mode", "optimize", "--sampler", "qmc"], "the sampler of mode optimize must be one of tpe, got 'qmc'"),
        (["--sampler", "grid"], "sampler grid needs choices a,b,c, got the range latent_dim = '2:32'"),
        (["--name", "../up"], "name must be a single folder name, .*got '../up'"),
        (["--name", "a/b"], "name must be a single folder name, .*got 'a/b'"),
        (["--jobs", "0"], "jobs must be auto or at least 1, got '0'"),
        (["--timeout", "soon"], "timeout must be a time such as 90s, 30m or 2h, got 'soon'"),
        (["--trials", "-2"], "trials must be at least 1, got -2"),
        (["--trials", "0"], "trials must be at least 1, got 0"),
        (["--epochs", "0"], "epochs must be at least 1, got 0"),
        (["--learning-rate", "0"], "learning_rate must be above 0, got 0.0"),
        (["--learning-rate", "0:1"], "learning_rate must be above 0, got 0.0"),
        (["--learning-rate", "many"], "learning_rate must be .* of numbers, got 'many'"),
        (["--batch-size", "2.5"], "batch_size must be .* of whole numbers, got '2.5'"),
        (["--batch-size", "33:63"], "a range of batch_size must hold a power of two, got '33:63'"),
        (["--limit", "100000"], "limit .*1797.*100000|limit .*100000.*1797"),
        (["--out", "occupied"], "cannot write .*occupied"),
        (["missing.toml"], "cannot read a spec 'missing.toml'"),
        (["broken.toml"], "a spec must be valid TOML, got .*broken.toml"),
        (["unknown.toml"], "vaekit sweep has no option 'latent_dims' .did you mean latent_dim"),
        (["huge.toml"], "a spec must be valid TOML, got a whole number of more than 64 bits in 'huge.toml'"),
        (["typed.toml"], "batch must be a whole number, got 'many'"),
        (["--data", "BAD:truncated"], "train-images-idx3-ubyte"),
        (["--data", "BAD:shapes"], "shape"),
        (["--data", "BAD:empty"], "nothing"),
        (["--data", "BAD:nan"], "nan.npz"),
        (
            ["--data", "BAD:range"],
            r"bernoulli needs pixels in \[0, 1\], got 0.5 to 1.5 .*\(--scale\), or take the likelihood gaussian",
        ),
    ],
)
def test_a_broken_rule_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    Path("occupied").write_text("a file")
    Path("broken.toml").write_text("latent_dim = [1,\n")
    Path("unknown.toml").write_text("latent_dims = 3\n")
    Path("huge.toml").write_text(f"latent_dim = [2, 0x{5000 * 'F'}]\n")
    Path("typed.toml").write_text('batch = "many"\n')
    words = [bad_data(word.removeprefix("BAD:")) if word.startswith("BAD:") else word for word in words]
    code, out, err = run(capsys, "sweep", *TINY, *words)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1, err
    assert err.startswith("vaekit: ")
    assert re.search(message, err), err
    assert not Path("results").exists(), "something was half-written"


@pytest.mark.parametrize(
    "words", [["sweep", "--nonsense"], ["sweep", "--trials", "many"], ["show"], ["dance"], ["export", "digits"]]
)
def test_what_the_parser_rejects_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1), err


def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "sweep", "--latent-dim", "0", "--debug")
    assert code == 1
    assert "Traceback" in err
    assert err.rstrip().endswith("latent_dim must be at least 1, got 0")


def test_a_sweep_from_its_first_call_to_its_export(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_only(monkeypatch, "svg")
    code, out, _ = run(capsys, "sweep", *TINY)
    assert (code, out) == (0, "results/digits\n")
    assert run(capsys, "sweep", *TINY)[0] == 0
    code, _, err = run(capsys, "sweep", *TINY, "--epochs", "2")
    assert code == 1
    assert "epochs 1 there and 2 here" in err
    assert "--trials 1 removes none" in run(capsys, "sweep", *TINY, "--trials", "1")[2]
    code, out, _ = run(capsys, "report", "digits")
    assert (code, out) == (0, "results/digits/report/index.html\n")
    assert Path(out.strip()).is_file()
    shown = json.loads(run(capsys, "show", "results/digits", "--json")[1])
    assert (shown["name"], shown["state"], shown["mode"], shown["counts"]["COMPLETE"]) == (
        "digits",
        "complete",
        "explore",
        2,
    )
    assert shown["leaderboard"][0]["trial"] == shown["best"]["trial"]
    listed = json.loads(run(capsys, "list", "--json")[1])
    assert [row["name"] for row in listed] == ["digits"]
    assert "leaderboard" in run(capsys, "show", "digits")[1]
    assert "digits" in run(capsys, "list")[1]
    for kind in ("csv", "parquet"):
        code, out, _ = run(capsys, "export", "digits", "--to", kind, "--dest", "frames")
        assert code == 0
        assert all(Path(line).stat().st_size for line in out.split())
    assert run(capsys, "export", "digits", "--to", "xml", "--dest", "frames")[0] == 1


def test_every_trial_failed_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "sweep", *TINY, "--beta", "1e38", "--epochs", "3")
    assert code == 1
    assert "every trial failed; the first reason is seed 0: " in err.splitlines()[-1]


TWO = ["--latent-dim", "2,3", "--hidden-dim", "16", "--beta", "1", "--trials", "6"]
"""More trials than the space has points."""


def test_a_space_that_is_exhausted_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TINY, *TWO]
    line = "the search space has only 2 points, so the sweep ends there instead of at 6 trials\n"
    code, out, err = run(capsys, "sweep", *words, "--dry-run")
    assert (code, err) == (0, line)
    assert re.search(r"runs +2\b", out)
    code, out, err = run(capsys, "sweep", *words)
    assert (code, out, err.count(line)) == (0, "results/digits\n", 1)
    shown = json.loads(run(capsys, "show", "digits", "--json")[1])
    assert (shown["state"], shown["counts"]["COMPLETE"], len(shown["leaderboard"])) == ("complete", 2, 2)
    assert json.loads(run(capsys, "list", "--json")[1])[0]["state"] == "complete"
    code, _, err = run(capsys, "sweep", *words)
    assert (code, err.count(line)) == (0, 1)


def test_a_learning_rate_is_shown_where_it_is_swept(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TINY, "--learning-rate", "1e-4:1e-2:log"]
    assert run(capsys, "sweep", *words, "--dry-run")[1].count("learn") == 2  # in trials and stacks, though cut short
    assert run(capsys, "sweep", *words)[0] == 0
    best = json.loads(run(capsys, "show", "digits", "--json")[1])["best"]
    assert list(best["params"]) == ["latent_dim", "beta", "hidden_dim", "learning_rate"]
    assert run(capsys, "export", "digits", "--to", "csv", "--dest", "frames")[0] == 0
    assert "hidden_dim,learning_rate,beta_normalised,rate_nats" in Path("frames/runs.csv").read_text()


def test_a_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "sweep", *TINY, "--dry-run")
    assert code == 0
    assert all(word in out for word in ("trials", "stacks", "seconds"))
    assert not Path("results").exists()


@pytest.mark.parametrize("words", [["show", "nowhere"], ["report", "nowhere"], ["data", "info", "nowhere"]])
def test_what_is_not_there(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "'nowhere'" in err


def test_data_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert "digits" in [row["name"] for row in json.loads(run(capsys, "data", "list", "--json")[1])]
    info = json.loads(run(capsys, "data", "info", "digits", "--json")[1])
    assert (info["images"], info["shape"], info["factors"]) == (1797, "8 x 8", {"label": 10})
    assert "8 x 8" in run(capsys, "data", "info", "digits")[1]


def test_data_info_takes_what_a_sweep_takes_of_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = tmp_path / "dark.npz"
    np.savez(dark, pictures=np.full((20, 4, 4), 16), more=np.full((20, 4, 4), 3))
    code, _, err = run(capsys, "data", "info", str(dark))
    assert (code, err.count("\n")) == (1, 1)
    assert "--key" in err
    code, _, err = run(capsys, "data", "info", str(dark), "--key", "pictures")
    assert (code, "--white" in err) == (1, True)
    command = ("data", "info", str(dark), "--key", "pictures", "--white", "16", "--size", "2", "--json")
    info = json.loads(run(capsys, *command)[1])
    assert (info["highest pixel"], info["shape"], info["axes"]) == (1.0, "2 x 2", "height x width")


def shown_defaults(command: Callable[..., None]) -> dict[str, str]:
    """The default that the help of each option names."""
    options = {name: p.annotation.__metadata__[0] for name, p in inspect.signature(command).parameters.items()}
    return {
        name: option.show_default
        for name, option in options.items()
        if isinstance(getattr(option, "show_default", None), str)
    }


def test_an_option_is_declared_once_and_stands_everywhere() -> None:
    declared = {f.name: f for f in fields(Options)}
    in_python = inspect.signature(vaekit.sweep).parameters
    assert in_python.keys() == declared.keys() == {f.name for f in fields(Spec)}
    assert inspect.signature(cli.sweep).parameters.keys() == {*declared, "spec", "dry_run"}
    assert {name: p.default for name, p in in_python.items()} == {name: f.default for name, f in declared.items()}
    shown = shown_defaults(cli.sweep)
    documented = str(vaekit.sweep.__doc__).splitlines()
    for name, f in declared.items():
        (line,) = [line for line in documented if line.startswith(f"    {name}: {f.metadata['option'].help}")]
        assert name not in shown or line.endswith(f" [default: {shown[name]}]")
        is_shown = f.default not in (None, "") and not isinstance(f.default, bool)
        assert not is_shown or shown.get(name) == (f.metadata["option"].shown or str(f.default))
    assert shown["trials"] == f"{DEFAULT_TRIALS}, or the whole grid"
    assert parse_objectives(Spec().objective)


def test_help_of_compare_shows_its_own_defaults_and_those_of_sweep() -> None:
    given = compare_spec({})
    shown = shown_defaults(cli.compare)
    for name in ("latent_dim", "hidden_dim", "beta"):
        assert shown.pop(name) == getattr(given, name)
    assert shown.pop("name") == "the data's or sweep's name, with -compare"
    assert shown.items() <= shown_defaults(cli.sweep).items()
    there = inspect.signature(vaekit.compare).parameters
    assert inspect.signature(cli.compare).parameters.keys() == {*there, "dry_run"}
    assert there.keys() - {"like"} < inspect.signature(vaekit.sweep).parameters.keys()
    assert all(f"    {name}: " in str(vaekit.compare.__doc__) for name in there.keys() - {"like"})
    assert there["latent_dim"].default == given.latent_dim


def test_compare_trains_twins_like_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "sweep", *TINY, "--latent-dim", "2,3", "--hidden-dim", "16", "--name", "given")[0] == 0
    words = [word for word in TINY if word not in ("--trials", "2")]
    code, out, _ = run(capsys, "compare", "given", "--no-report", "--jobs", "1")
    assert (code, Path(out.strip())) == (0, Path("results/given-compare").resolve())
    assert Folder(Path("results/given-compare")).read_runs()["model"].to_pylist() == ["vae", "ae"] * 2
    code, _, err = run(capsys, "compare", "given", *words, "--seeds", "2")
    assert (code, err.count("\n")) == (1, 1)
    assert "holds another sweep: seeds 1 there and 2 here" in err
    code, _, err = run(capsys, "compare", "nothing")
    assert (code, err.startswith("vaekit: no sweep ")) == (1, True)


def test_help_has_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert all(name in out for name in ("sweep", "compare", "report", "show", "dashboard", "list", "export", "data"))


def test_an_incomplete_folder_is_said_to_be_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Folder(tmp_path / "results" / "new").write_spec({**SPEC, "data": "x", "trials": 2})
    code, _, err = run(capsys, "show", "new")
    assert code == 1
    assert "has no trials yet: run its sweep first" in err
    assert json.loads(run(capsys, "list", "--json")[1])[0]["state"] == "incomplete"


def test_show_prints_what_the_report_says_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_sweep(tmp_path / "results" / "s", trials=6, seeds=2, epochs=3)
    code, out, _ = run(capsys, "show", "s")
    said = " ".join(out.split())
    assert code == 0
    assert "A variational autoencoder with a bernoulli likelihood on digits" in said
    assert "dimensions are active and" in said
    assert "leaderboard (first 6 of 6; nats per image)" in said


@pytest.mark.parametrize(
    ("width", "has_widths", "has_carrying"), [(60, False, False), (80, True, False), (120, True, True)]
)
def test_the_leaderboard_breaks_no_word(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    has_widths: bool,
    has_carrying: bool,
) -> None:
    write_sweep(Path("results/s"), trials=6, seeds=2, epochs=3)
    monkeypatch.setenv("COLUMNS", str(width))
    shown = run(capsys, "show", "s")[1]
    lines = shown.partition("\nleaderboard (")[2].splitlines()[1:]
    assert {len(line) <= width for line in lines} == {True}
    assert [line.split() for line in lines[:2]] == [
        ["latent", "hidden", "active", *(["carrying"] if has_carrying else [])],
        ["trial", "dim", "beta", "dim", "value", "R", "D", "ELBO", *["units"] * (1 + has_carrying)],
    ]
    assert len(lines) == 3 + 6
    for line in lines[3:]:
        assert re.fullmatch(r" *\d+ +\d+ +\d+\.\d\d +\d+ +−\d+\.\d\d +\d.*", line)
        assert line.count("±") == (3 if has_widths else 0)


def test_a_report_lies_where_it_is_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sweep(tmp_path / "results" / name, trials=2, seeds=1, epochs=2, limit=100, pixels=64)
    assert run(capsys, "report", "a", "--dest", "there")[:2] == (0, "there/index.html\n")
    assert not Path("results/a/report").exists()
    assert run(capsys, "report", "a")[:2] == (0, "results/a/report/index.html\n")
    written = [{str(f.relative_to(p)) for f in Path(p).rglob("*")} for p in ("there", "results/a/report")]
    assert written[0] == written[1] > {"runs/0.html", "tables/runs.csv", "figures/reconstructions.svg"}
    code, _, err = run(capsys, "report", "a", "--dest", "results/b")
    assert (code, err) == (1, "vaekit: dest must be a folder of its own, got the sweep 'results/b'\n")


def test_a_report_of_two_lies_beside_the_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sweep(tmp_path / "results" / name, trials=3, seeds=1, epochs=2)
    assert run(capsys, "report", "a", "b")[:2] == (0, "results/a-b-report/index.html\n")
    assert run(capsys, "report", "a", "b", "--dest", "both")[:2] == (0, "both/index.html\n")
    code, _, err = run(capsys, "report", "a", "b", "--dest", "results/a")
    assert (code, err.count("\n")) == (1, 1)
    assert "dest must be a folder of its own" in err
    assert [row["name"] for row in json.loads(run(capsys, "list", "--json")[1])] == ["a", "b"]


def test_a_dashboard_of_what_has_no_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_sweep(tmp_path / "results" / "s", trials=1)
    code, _, err = run(capsys, "dashboard", "s")
    assert (code, err.count("\n")) == (1, 1)
    assert "has no study yet" in err


def test_check_and_retry(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'seeds = 1\nepochs = 2\nlimit = 100\nhidden_dim = "16"\nlatent_dim = "2"\nbeta = "1,1e38"\nsampler = "grid"\n'
        'jobs = "1"\nreport = false\n'
    )
    assert run(capsys, "sweep", str(spec))[0] == 0
    code, out, _ = run(capsys, "check", "digits")
    assert (code, out) == (0, "results/digits: no problems found\n")
    code, _, err = run(capsys, "retry", "digits")
    assert (code, err) == (1, "vaekit: retry needs --failed, which retrains failed trials and lost runs\n")
    code, _, err = run(capsys, "retry", "digits", "--failed")
    assert code == 0
    assert "retraining 1 run of trial 1" in err
    for path in (tmp_path / "results" / "digits" / "stacks").glob("*.safetensors"):
        path.unlink()
    code, out, _ = run(capsys, "check", "digits", "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["name"], found["sound"]) == ("digits", False)
    assert found["findings"][0].keys() == {"file", "problem", "remedy"}
