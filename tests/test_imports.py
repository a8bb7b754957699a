"""Imports run one way, and the command line starts light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("vae", "sweeps", "analysis", "cli", "vaekit")
FORBIDDEN = {
    "vae": {
        "sweeps",
        "analysis",
        "cli",
        "vaekit",
        "optuna",
        "typer",
        "pandas",
        "matplotlib",
        "seaborn",
        "jinja2",
        "rich",
    },
    "sweeps": {"analysis", "cli", "vaekit", "typer", "pandas", "matplotlib", "seaborn", "jinja2"},
    "analysis": {"sweeps", "cli", "vaekit", "typer", "optuna"},
    "cli": {"click"},
    "vaekit": {"cli", "typer"},
}


def imported(path: Path) -> set[str]:
    """Top-level names of every import in a file, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            names.add(str(node.module).partition(".")[0])
    return names


def files() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        single = ROOT / f"{room}.py"
        for path in [single] if single.exists() else sorted((ROOT / room).rglob("*.py")):
            yield room, path


@pytest.mark.parametrize(("room", "path"), list(files()), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_imports_run_one_way(room: str, path: Path) -> None:
    assert not imported(path) & FORBIDDEN[room]


def test_only_cli_imports_typer() -> None:
    assert {path.name for _, path in files() if "typer" in imported(path)} == {"cli.py"}


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("cli", {"torch", "optuna", "pandas", "numpy", "matplotlib"}),
        ("sweeps.coordination.coordinator", {"torch", "pandas", "matplotlib", "sklearn"}),
        ("vae.trained", {"torch", "optuna", "pandas", "pyarrow", "scipy"}),
        ("sweeps.engines.worker", {"optuna", "torch", "pandas", "pyarrow", "scipy"}),
        ("analysis.frames.sweep", {"torch", "optuna", "matplotlib"}),
    ],
)
def test_what_a_module_does_not_load(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
