"""Shared by all tests: a cache of their own, one thread, and hypothesis without a clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from sweeps.coordination import machine
from sweeps.engines.engine import count_workers
from vae.stack.machine import STANDARD

settings.register_profile("vaekit", deadline=None, derandomize=True)
settings.load_profile("vaekit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden files anew, to be looked at and kept")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Prepared data land in a cache of this session, in subprocesses too."""
    path = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAEKIT_CACHE", str(path))
        yield path


@pytest.fixture(scope="session", autouse=True)
def one_machine(own_cache: Path) -> Iterator[None]:
    """No sweep measures the machine, also none in a process of its own: its cache has a typical one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "measured", lambda precision, workers, note: STANDARD)
        for precision in ("fp32", "bf16"):
            for workers in range(1, count_workers("auto") + 1):
                machine.machine_here(precision, "cpu", workers)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two threads collapse where the other core is busy."""
    torch.set_num_threads(1)
