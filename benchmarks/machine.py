"""The machine that figures were taken on: its name, its product rate, and who else used it."""

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.clock import interleaved
from sweeps.engines.versions import processor, processor_kind

SIDE, ROUNDS = 2048, 7
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def describe_machine() -> str:
    """Processor, cores, instruction set and versions, in one line."""
    capability = torch.backends.cpu.get_cpu_capability()
    bf16 = ", bf16 products" if torch.cpu._is_avx512_bf16_supported() else ""
    versions = f"python {platform.python_version()}, torch {torch.__version__}"
    return f"{processor()} ({processor_kind()}), {capability}{bf16}, {os.cpu_count()} cores, {versions}"


def measured_machine() -> dict[str, Any]:
    """Return the machine's line, its caches by name, and the rate of one large fp32 product on a core in GFLOP/s."""
    torch.set_num_threads(1)
    left, right, out = (torch.randn(SIDE, SIDE) for _ in range(3))
    (seconds,) = interleaved(lambda: torch.mm(left, right, out=out), rounds=ROUNDS, clock=time.process_time)
    return {"machine": describe_machine(), "caches": _caches(), "gflop_per_s": 2 * SIDE**3 / seconds / 1e9}


def busy_seconds() -> float | None:
    """Return the CPU seconds that all processes, and other guests of the same host, took since the machine started.

    None where the system does not say.
    """
    try:
        words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _, _, interrupt, soft_interrupt, steal = map(int, words[1:9])
    return (user + nice + system + interrupt + soft_interrupt + steal) / os.sysconf("SC_CLK_TCK")


def load_a_core() -> float | None:
    """Return the load average of the last minute a core; None where the system has none."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None


def _caches() -> Mapping[str, str]:
    """Sizes by level, where the system tells them, L1 of data alone."""
    found = {}
    for index in sorted(CACHES.glob("index*")):
        level, kind = ((index / name).read_text(encoding="ascii").strip() for name in ("level", "type"))
        if kind != "Instruction" and (index / "size").is_file():
            size = (index / "size").read_text(encoding="ascii").strip()
            kib = int(size.removesuffix("K"))
            found[f"L{level}"] = f"{kib // 1024} MiB" if kib >= 1024 else f"{kib} KiB"
    return found
