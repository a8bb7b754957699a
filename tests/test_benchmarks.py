"""What benchmarks say of quality, and the figures they leave."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import equality
from benchmarks.stack_size import flops
from benchmarks.table import show
from vae.config import RunConfig
from vae.loss_table import LOSSES

ELBOS = np.array([-100.0, -110.0, -120.0, -130.0])


@pytest.mark.parametrize(
    ("shift", "noise", "quality"),
    [
        (0.0, 0.1, "equal"),
        (0.3, 0.5, "equal"),
        (0.3, 0.01, "NOT equal"),  # many standard errors
        (1.0, 5.0, "NOT equal"),  # lost in noise, but beyond 0.5 %
    ],
)
def test_quality_is_equal_within_two_standard_errors_and_half_a_percent(
    shift: float, noise: float, quality: str
) -> None:
    ours = ELBOS + shift + noise * np.array([1.0, -1.0, 1.0, -1.0])
    found = equality(ours, ELBOS, paired=True)
    assert found["quality"] == quality
    assert found["difference_nats"] == pytest.approx(shift)
    assert found["standard_error_nats"] == pytest.approx(noise * math.sqrt(4 / 3) / 2)


def test_unpaired_sides_have_the_error_of_a_difference_of_means() -> None:
    variance = ELBOS.var(ddof=1)
    assert equality(ELBOS, ELBOS[::-1], paired=False)["standard_error_nats"] == pytest.approx(math.sqrt(variance / 2))


def test_figures_are_printed_and_written_with_the_machine_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/cost.py", "--json", "x"])
    show([{"side": "ours", "ratio": 2.5}, {"side": "theirs", "ratio": math.nan}], ["a note"], tmp_path / "x.json")
    machine, header, first, second, note = capsys.readouterr().out.splitlines()
    assert "cores" in machine
    assert header.split() == ["side", "ratio"]
    assert [first.split(), second.split(), note] == [["ours", "2.5"], ["theirs", "-"], "a note"]
    figures = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert figures == {
        "command": "python -m benchmarks.cost --json x",
        "machine": machine,
        "rows": [{"side": "ours", "ratio": 2.5}, {"side": "theirs", "ratio": None}],
        "notes": ["a note"],
    }


def test_flops_of_a_step_count_each_product_once() -> None:
    pixels, hidden, latent = 64, 32, 4
    forward = 2 * (pixels * hidden + 3 * hidden * latent + hidden * pixels)
    assert flops(RunConfig(latent_dim=latent, hidden_dim=hidden), (pixels,)) == 3 * forward - 2 * pixels * hidden


@pytest.mark.slow
def test_the_gpu_benchmark_works_on_a_processor_from_a_plain_checkout(tmp_path: Path) -> None:
    """Without what a machine that only trains need not have."""
    missing = "import runpy, sys; sys.modules |= dict.fromkeys(('optuna', 'platformdirs', 'tomli_w', 'joblib'))"
    code = f"{missing}; sys.argv[1:] = sys.argv[2:]; runpy.run_module('benchmarks.gpu', run_name='__main__')"
    words = ["-", "--device", "cpu", "--quick", "--json", str(tmp_path / "gpu.json")]
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=root, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    speeds = ["speed", "speed", *["loss"] * len(LOSSES), "plain", "speed", "speed", "plain"]
    assert [row["what"] for row in rows] == ["agree"] * 9 + speeds
    assert all(row["trained_differs_nats_a_pixel"] == row["evaluated_differs_nats_a_pixel"] == 0.0 for row in rows[:9])
    assert json.loads(done.stdout.splitlines()[-1])[0]["quality"] == "equal"
