"""docs/explore.md: every line is run, and what is shown is not empty."""

import ast
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.synthetic import write_sweep

PAGE = (Path(__file__).parents[1] / "docs" / "explore.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
QUESTIONS = re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)


def answer(block: str, names: dict[str, Any]) -> Any:
    """Run a block as a notebook does: the value of its last line, where that is an expression."""
    tree = ast.parse(block)
    *_, last = tree.body
    if not isinstance(last, ast.Expr):
        return exec(compile(tree, "explore.md", "exec"), names)
    tree.body.remove(last)
    exec(compile(tree, "explore.md", "exec"), names)
    return eval(compile(ast.Expression(last.value), "explore.md", "eval"), names)


def test_ten_questions_each_with_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sweep(tmp_path / "results" / "digits", trials=12, epochs=20, failed={3: "run 9: loss was NaN"})
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    first, *rest = BLOCKS
    answer(first, names)
    assert [str(number) for number in range(1, 11)] == QUESTIONS
    assert len(rest) == len(QUESTIONS)
    for block in rest:
        shown = answer(block, names)
        assert isinstance(shown, pd.DataFrame | pd.Series), block
        assert len(shown), block
        assert shown.notna().to_numpy().any(), block
