"""Imports run one way, and the command line starts light."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("vae", "sweeps", "analysis", "cli", "vaekit", "start")
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
    "cli": {"click", "start"},
    "vaekit": {"cli", "typer", "start"},
    "start": {"typer", "vae", "sweeps", "analysis", "vaekit"},
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


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def arrows(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which of these modules each imports: inside functions and for types alone, too."""
    found: dict[str, set[str]] = {}
    for module, path in modules.items():
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= {name if name in modules else str(node.module) for name in inner}
        found[module] = names & modules.keys() - {module}
    return found


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def itself(module: str) -> str:
    return module


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle of a graph, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    ("room", "group"),
    [
        ("vae", itself),
        ("sweeps", itself),
        ("analysis", itself),
        ("vae", package_of),
        ("sweeps", package_of),
        ("analysis", package_of),
    ],
)
def test_no_imports_run_in_a_circle(room: str, group: Callable[[str], str]) -> None:
    graph: dict[str, set[str]] = {}
    for module, imports in arrows({module_of(path): path for name, path in files() if name == room}).items():
        graph.setdefault(group(module), set()).update({group(name) for name in imports} - {group(module)})
    assert circle(graph) == []


LAYERS = ("arrays",), ("frames", "metrics"), ("statistics",), ("presentation",), (), ("report",), ("paper", "notebook")
"""Of analysis, from below; what is named in none is an analysis, in the empty one."""


def layer(module: str) -> int:
    package = module.split(".")[1] if "." in module else ""
    return next((place for place, names in enumerate(LAYERS) if package in names), LAYERS.index(()))


def test_the_layers_of_analysis_import_downwards() -> None:
    graph = arrows({module_of(path): path for name, path in files() if name == "analysis"})
    assert [(own, other) for own, names in graph.items() for other in names if layer(other) > layer(own)] == []


def test_only_cli_imports_typer() -> None:
    assert {path.name for _, path in files() if "typer" in imported(path)} == {"cli.py"}


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("cli", {"torch", "optuna", "pandas", "numpy", "matplotlib"}),
        ("sweeps.spec.options", {"torch", "optuna", "pandas", "numpy", "pyarrow", "sqlalchemy", "typer"}),
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
