"""A Ctrl-C is quiet from the first line of the command to its last."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WAIT = """
import atexit, time

def wait():
    print("now", flush=True)
    time.sleep(60)
"""
CASES = {
    "while it imports": "wait()",
    "while it ends": "def main():\n    atexit.register(wait)\n    raise SystemExit(0)",
    "where an import makes another error of it": """
def main():
    try:
        wait()
    except KeyboardInterrupt as error:
        raise RuntimeError from error
""",
}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_a_signal_leaves_no_trace(tmp_path: Path, code: str) -> None:
    (tmp_path / "cli.py").write_text(WAIT + code)
    paths = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, "-c", "import start; start.main()"],
        cwd=tmp_path, env=os.environ | paths, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
