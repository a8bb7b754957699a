"""README's commands and code are run, with tiny sizes."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from sweeps.spec.options import names_of
from tests.drawing import draw_only

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPARE = ["--seeds", "2", "--epochs", "1", "--limit", "100", "--jobs", "1"]
TINY = {"sweep": [*COMPARE, "--trials", "2"], "compare": COMPARE}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [part for block in blocks("bash") for line in block.splitlines() for part in line.split(" && ")]
    return [shlex.split(line) for line in lines]


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", words + TINY.get(words[1], []))
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code, words


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning")
def test_every_command_and_every_line_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 3, (400, 2))
    np.savez("photos.npz", images=rng.random((400, 6, 6), dtype=np.float32), factors=factors)
    for label in ("cat", "dog"):
        Path("photos", label).mkdir(parents=True)
        for number in range(60):
            pixels = rng.integers(0, 256, (40 + number % 3, 50, 3), np.uint8)
            Image.fromarray(pixels).save(Path("photos", label, f"{number}.png"))
    np.savez("codes.npz", codes=factors + 0.1 * rng.standard_normal((400, 2)), factors=factors)
    (spec,) = blocks("toml")
    Path("spec.toml").write_text(spec)
    ran = {words[1] for words in commands() if words[0] == "vaekit"}
    assert ran == {"sweep", "compare", "show", "data", "list", "report", "export", "score", "refine"}
    for words in commands():
        if words[0] == "vaekit":
            draw_only(monkeypatch, *(["svg"] if words in (["vaekit", "sweep"], ["vaekit", "compare"]) else []))
            run(words, monkeypatch)
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize(
    "words",
    [
        ["--latent-dim", "2,3", "--hidden-dim", "16", "--beta", "1", "--trials", "6"],
        ["--mode", "optimize", "--trials", "6", "--epochs", "4"],
        ["--objective", "rate_nats:min,distortion_nats:min", "--trials", "3"],
    ],
)
def test_the_python_of_readme_works_on_any_sweep(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(TINY, "sweep", [])
    run(["vaekit", "sweep", *COMPARE, *words, "--no-report"], monkeypatch)
    (code,) = [block for block in blocks("python") if "vaekit.open" in block]
    exec(compile(code, "README.md", "exec"), {})


def test_ci_runs_the_install_and_test_commands_of_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip install -c constraints.txt . && vaekit sweep" in README
    assert "pip install -c constraints.txt -e '.[test]' && pytest" in README
    for command in ("pip install -q -c constraints.txt .", "pip install -q -c constraints.txt -e '.[test]' && pytest"):
        assert command in ci


def test_every_option_has_its_place_in_readme() -> None:
    table = README.partition("| to decide | options |")[2].partition("\n\n")[0]
    listed = re.findall(r"`--([a-z-]+)`", table)
    options = [name.replace("_", "-") for name in (*names_of("run"), *names_of("search"), *names_of("place"))]
    assert sorted(listed) == sorted(options)
