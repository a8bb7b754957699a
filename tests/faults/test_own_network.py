"""A network of the user's own in real processes: local workers and Dask's import it by the folder where it lies."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.engines.local import LocalEngine
from sweeps.engines.worker import Run, Task
from tests.faults.processes import ROOT, Command, DaskCluster, words
from tests.test_sweep import assert_same_frames
from vae.config import RunConfig
from vae.data import DataConfig, prepare
from vae.errors import EngineError
from vae.own.source import find_source

pytestmark = pytest.mark.faults

OPTIONS = {
    "network": "beside:noisy", "epochs": 2, "limit": 200, "seeds": 1, "trials": 2, "hidden_dim": 16,
    "latent_dim": "2,3", "beta": 1, "sampler": "grid",
}  # fmt: skip


def test_a_network_beside_the_command_is_trained_by_every_kind_of_worker(tmp_path: Path, dask: DaskCluster) -> None:
    here = tmp_path / "here"
    here.mkdir()
    shutil.copy(ROOT / "tests" / "own_networks.py", here / "beside.py")
    there = {"engine": "dask", "scheduler": dask.address}
    for name, engine in (("local", {}), ("dask", there)):
        command = Command(words(name=name, **OPTIONS, **engine), here)
        assert command.wait() == 0, command.output()
    assert_same_frames(here / "results" / "local", here / "results" / "dask")
    (here / "beside.py").unlink()
    lost = Command(words(name="lost", **OPTIONS), here)
    assert lost.wait() == 1
    assert "network beside:noisy cannot be imported (ModuleNotFoundError: No module named 'beside')" in lost.output()
    assert "Traceback" not in lost.output()


def test_a_worker_with_another_file_ends_the_sweep() -> None:
    source = find_source("tests.own_networks:noisy")
    task = Task(prepare(DataConfig(limit=200)), "cpu", sources=(replace(source, hash="0" * 64),))
    run = Run(0, 0, RunConfig(network=source.network, latent_dim=2, hidden_dim=16, epochs=1))
    engine = LocalEngine(1)
    try:
        with pytest.raises(EngineError, match="must be the same file on every worker, got on .* hash .* for 0000"):
            list(engine.run([[run]], task))
    finally:
        engine.stop()
