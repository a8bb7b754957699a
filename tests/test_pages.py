"""README and the pages of the site: commands and code are run with tiny sizes, every command line parses."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

import cli
from analysis.metrics import METRICS
from sweeps.spec.options import names_of
from tests.drawing import draw_only

ROOT = Path(__file__).parents[1]
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results/README.md", *ROOT.glob("docs/**/*.md"))
}
ELSEWHERE = {"docs/explore.md", "docs/own_network.md", "docs/notebooks.md"}
"""Pages whose blocks another test runs."""
COMPARE = ["--seeds", "2", "--epochs", "1", "--limit", "100", "--jobs", "1"]
TINY = {"sweep": [*COMPARE, "--trials", "2"], "compare": COMPARE}
REPORTED = (["vaekit", "sweep"], ["vaekit", "compare"])
"""Commands whose report is written, the others being slow for the same again."""
SOON = {"README.md", "docs/start.md"}
SKIPPED = ("pip", "python", "pytest")


def blocks(page: str, languages: str) -> list[tuple[str, str]]:
    return re.findall(rf"^```({languages})\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[list[str]]:
    for line in block.splitlines():
        yield from (words for part in line.split(" && ") if (words := shlex.split(part, comments=True)))


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    more = [] if words[1] not in TINY or words in REPORTED else ["--no-report"]
    monkeypatch.setattr(sys, "argv", [*words, *TINY.get(words[1], []), *more])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code, words


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the pages name."""
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
    rows = [f"{k},{k % 3},{20 + k % 7},{k % 5 / 7:.3f},{k % 11 / 3:.3f}" for k in range(200)]
    Path("cells.csv").write_text("\n".join(["id,cell_type,age,first,second", *rows]))
    ((_, spec),) = blocks("docs/reference/options.md", "toml")
    Path("spec.toml").write_text(spec)
    return tmp_path


def names_in_python() -> dict[str, Any]:
    """What the pages' Python presumes to be there."""
    import pandas as pd

    rng = np.random.default_rng(0)
    array, dose, batch = rng.random((200, 4, 4), np.float32), rng.random(200), rng.integers(0, 3, 200)
    frame = pd.DataFrame({"dose": dose, "batch": batch, "first": rng.random(200), "second": rng.random(200)})
    return {"array": array, "dose": dose, "batch": batch, "frame": frame}


@pytest.mark.parametrize(
    "page",
    [
        page if page in SOON else pytest.param(page, marks=pytest.mark.slow)
        for page in TEXTS
        if page not in ELSEWHERE and blocks(page, "bash|python")
    ],
)
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::analysis.metrics.ScoreWarning", "ignore::UserWarning")
def test_every_command_and_every_line_of_python(page: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = names_in_python()
    for language, block in blocks(page, "bash|python"):
        if language == "python":
            exec(compile(_tiny(block), page, "exec"), names)
            continue
        for words in commands(block):
            assert words[0] in ("vaekit", *SKIPPED), words
            if words[0] == "vaekit":
                draw_only(monkeypatch)
                run(words, monkeypatch)


def _tiny(code: str) -> str:
    """The same code, its sweeps with few trials and no report."""
    calls = re.compile(r"(?<=vaekit\.sweep\()(.*)(?=\)$)", re.MULTILINE)
    small = "trials=2, seeds=1, epochs=1, jobs=1, report=False"
    return calls.sub(lambda call: f"{re.sub(r', (epochs|seeds)=[0-9]+', '', call[0])}, {small}", code)


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_line_parses(page: str) -> None:
    """Those of clusters and databases too, which are not run here."""
    group: Any = typer.main.get_command(cli.app)
    for _, block in blocks(page, r"bash|sh|text|console|"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("vaekit ") and "[" not in line.split("#")[0]:
                words = next(commands(line))[1:]
                command = group.commands.get(words[0]) if words[0][0] != "-" else None
                if command is not None and hasattr(command, "commands"):
                    command, words = command.commands[words[1]], words[1:]
                if command is not None:
                    command.make_context(words[0], words[1:])


@pytest.mark.parametrize(
    "words",
    [
        ["--latent-dim", "2,3", "--hidden-dim", "16", "--beta", "1", "--trials", "6"],
        ["--mode", "optimize", "--trials", "6", "--epochs", "4"],
        ["--objective", "rate_nats:min,distortion_nats:min", "--trials", "3"],
    ],
)
def test_the_python_of_results_works_on_any_sweep(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(TINY, "sweep", [])
    run(["vaekit", "sweep", *COMPARE, *words], monkeypatch)
    ((_, code),) = blocks("docs/results.md", "python")
    exec(compile(code, "results.md", "exec"), {})


def test_ci_runs_the_commands_of_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (
        "pip install -c constraints.txt . && vaekit sweep",
        "pip install -c constraints.txt -e '.[test]' && pytest",
        "pip install -c constraints.txt '.[docs]' && python -m sphinx -W -b html docs site",
    ):
        assert command in TEXTS["README.md"]
    for command in ("pip install -q -c constraints.txt .", "pip install -q -c constraints.txt -e '.[test]' && pytest"):
        assert command in ci
    assert re.search(r"pip install -q -c constraints.txt (-e )?'\.\[docs\]'", ci)
    assert "python -m sphinx -W -q -b html docs" in ci


def test_every_option_has_its_place() -> None:
    table = TEXTS["docs/reference/options.md"].partition("| to decide | options |")[2].partition("\n\n")[0]
    listed = re.findall(r"`--([a-z-]+)`", table)
    options = [name.replace("_", "-") for name in (*names_of("run"), *names_of("search"), *names_of("place"))]
    assert sorted(listed) == sorted(options)


def test_every_score_has_its_section() -> None:
    listed = re.findall(r"^```\{score-facts\} (\w+)$", TEXTS["docs/reference/scores.md"], re.MULTILINE)
    assert sorted(listed) == sorted(METRICS)


def test_every_page_is_in_a_list_of_the_site() -> None:
    """The build finds pages that are in none, but not every change builds the site."""
    pages = {name.removeprefix("docs/").removesuffix(".md") for name in TEXTS if name.startswith("docs/")} - {"index"}
    listed = [line for block in blocks("docs/index.md", r"\{toctree\}") for line in block[1].splitlines()]
    listed += [
        f"course/{line}" for block in blocks("docs/course/index.md", r"\{toctree\}") for line in block[1].splitlines()
    ]
    assert sorted(pages - set(listed)) == []


@pytest.mark.parametrize("page", TEXTS)
def test_no_link_is_dead_where_a_forge_shows_the_page(page: str) -> None:
    """The build checks links and headings within the site; README is read elsewhere."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL))
    dead = [target for target in targets if "://" not in target and not (ROOT / page).parent.joinpath(target).exists()]
    assert dead == []


def test_readme_is_read_to_its_end() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 110
