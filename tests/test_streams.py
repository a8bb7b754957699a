"""Output as terminals and shells give it: other encodings, full disks, pipes whose reader leaves."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.synthetic import write_sweep

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams")
    write_sweep(path / "results" / "größe", trials=6, seeds=2, epochs=3, data="größe")
    return path


def vaekit(folder: Path, words: str, redirected: str = "", **environment: str) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of a command in a shell, where `pipefail` gives the code of vaekit's own."""
    line = f"set -o pipefail; {sys.executable} -m cli {words} {redirected}"
    own = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"} | environment
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=own, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("encoding", "signs"),
    [
        ("utf-8", ("größe", "−log", "ELBO −", "±", "─")),
        ("cp1252", ("größe", "-log", "ELBO -", "±", "--")),
        ("latin-1", ("größe", "-log", "ELBO -", "±", "--")),
        ("cp437", ("größe", "-log", "ELBO -", "±", "--")),
        ("ascii", ("gro?e", "-log", "ELBO -", "+-", "--")),  # o without its accent; nothing is like a sharp s
    ],
)
def test_what_an_encoding_lacks_is_written_plainly(results: Path, encoding: str, signs: tuple[str, ...]) -> None:
    code, out, err = vaekit(results, "show größe", PYTHONIOENCODING=encoding)
    assert (code, err) == (0, b"")
    text = out.decode(encoding)
    assert [sign for sign in signs if sign not in text] == []
    code, _, err = vaekit(results, "show lücke", PYTHONIOENCODING=encoding)
    assert (code, err.count(b"\n")) == (1, 1)
    assert ("lucke" if encoding == "ascii" else "lücke") in err.decode(encoding)


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [("show größe", ""), ("show größe --json", "1"), ("list", ""), ("--help", "1"), ("--version", "")],
)
def test_a_full_stdout_is_one_line(results: Path, words: str, unbuffered: str) -> None:
    code, _, err = vaekit(results, words, "> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (code, err) == (1, b"vaekit: cannot write to stdout: No space left on device\n")


def test_a_reader_that_leaves_is_no_error(results: Path) -> None:
    code, _, err = vaekit(results, "show größe --json", "| true")
    assert (code, err) == (1, b"")


@pytest.mark.parametrize("redirected", ["2> /dev/full", "2>&-", ">&-"])
def test_a_sweep_goes_on_where_nobody_is_told(tmp_path: Path, redirected: str) -> None:
    tiny = "sweep --limit 40 --epochs 1 --trials 2 --seeds 1 --hidden-dim 16 --jobs 1 --no-report"
    code, out, err = vaekit(tmp_path, tiny, redirected)
    assert (code, out) == (0, b"" if redirected == ">&-" else b"results/digits\n"), err


def test_the_version_needs_no_torch(results: Path) -> None:
    code, out, _ = vaekit(results, "--version")
    assert (code, out.decode()) == (0, f"vaekit {version('vaekit')}\n")
    unheard = "import sys, cli; cli.app(['--version'], standalone_mode=False); sys.exit('torch' in sys.modules)"
    own = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", unheard], env=own, check=False).returncode == 0
