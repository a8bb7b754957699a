"""A network of the user's own in real processes: local workers and Dask's import it by the folder where it lies."""

import shutil
from pathlib import Path

import pytest

from tests.faults.processes import ROOT, Command, DaskCluster, words
from tests.test_sweep import assert_same_frames

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
