"""The fuzzer in a process of its own, whose memory is limited: a short run always, the long one with -m fuzz."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS

ROOT = Path(__file__).parents[2]
MOST_GROWN_MIB = 256
"""Growth of the process over all inputs together; one that is believed takes 100 MiB, or all there is."""


def fuzz(inputs: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--json", "--inputs", str(inputs), "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert len(report) == len(READERS)
    assert [failure for outcome in report.values() for failure in outcome["failures"]] == []
    assert sum(outcome["inputs"] for outcome in report.values()) >= inputs
    assert sum(outcome["structural"] for outcome in report.values()) >= inputs // 2
    assert sum(outcome["grown_mib"] for outcome in report.values()) < MOST_GROWN_MIB
    refused = {name for name, outcome in report.items() if outcome["refused"]}
    assert refused >= {reader.name for reader in READERS} - {"index"}, "an index entry that is damaged counts as none"


def test_a_few_mutated_files_of_every_kind() -> None:
    fuzz(540, 1)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_ten_thousand_mutated_files() -> None:
    fuzz(12_000, 0)
