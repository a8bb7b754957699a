"""The dashboard: served on this machine alone, following a study that it cannot change."""

import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.maintenance.dashboard import ReadOnlyJournal, dashboard_server
from sweeps.spec.make import make_spec
from sweeps.study.storage import open_study
from vae.errors import ConfigError, ResultsError
from vae.files.results import Folder

POINT = {"latent_dim": 2, "beta": 1.0, "hidden_dim": 64}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A study of one running trial."""
    folder = Folder(tmp_path)
    add_trial(folder, 1)
    return folder


def add_trial(folder: Folder, asked_until: int) -> None:
    spec = make_spec({"trials": asked_until, "likelihood": "bernoulli"})
    folder.write_spec(spec.as_dict())
    with open_study(spec, folder) as study:
        study.add(spec, [POINT], asked_until)


@pytest.fixture
def address(folder: Folder) -> Iterator[str]:
    with dashboard_server(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert server.server_address[0] == "127.0.0.1"
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ask(address: str, **request: Any) -> Any:
    with urllib.request.urlopen(urllib.request.Request(address, **request), timeout=30) as answer:
        return json.load(answer)


def test_it_follows_a_running_study(folder: Folder, address: str) -> None:
    (study,) = ask(f"{address}/api/studies")["study_summaries"]
    assert study["study_name"] == "sweep"
    add_trial(folder, 2)
    assert len(ask(f"{address}/api/studies/0?after=0")["trials"]) == 2


def test_it_cannot_change_it(folder: Folder, address: str) -> None:
    before = folder.journal.read_bytes()
    with pytest.raises(urllib.error.HTTPError):
        ask(f"{address}/api/studies/0", method="DELETE")
    assert folder.journal.read_bytes() == before
    with pytest.raises(ResultsError, match="read-only: 1 changes were refused"):
        ReadOnlyJournal(str(folder.journal)).append_logs([{}])


def test_a_sweep_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="has no study yet"):
        dashboard_server(Folder(tmp_path), 0)


def test_a_study_in_a_database_is_shown_by_its_own_command(folder: Folder) -> None:
    folder.write_spec(make_spec({"storage": "postgresql+psycopg://u@h/d", "likelihood": "bernoulli"}).as_dict())
    with pytest.raises(ConfigError, match=r"run `optuna-dashboard postgresql\+psycopg://u@h/d` instead"):
        dashboard_server(folder, 0)


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_cannot_be_had(folder: Folder, port: int) -> None:
    with pytest.raises(ConfigError, match=r"port -?\d+ on 127.0.0.1 cannot be used"):
        dashboard_server(folder, port)


def test_not_installed_is_one_line(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'vaekit\[dashboard\]'"):
        dashboard_server(folder, 0)
