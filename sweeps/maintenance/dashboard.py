"""optuna-dashboard for a sweep's study, on this machine alone and without a way to write."""

from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend

from vae.errors import ConfigError, ResultsError
from vae.files.results import Folder

HOST = "127.0.0.1"


class ReadOnlyJournal(BaseJournalBackend):
    """A journal that is followed while another process writes it; whoever would write gets a ResultsError."""

    def __init__(self, path: str) -> None:
        self._journal = JournalFileBackend(path)

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Return the records from that number on; a last line that is not whole yet is left for the next time."""
        return self._journal.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Raise ResultsError."""
        raise ResultsError(f"the dashboard is read-only: {len(logs)} changes were refused")


def dashboard_server(folder: Folder, port: int) -> WSGIServer:
    """Return a server of optuna-dashboard on 127.0.0.1; the caller serves and closes it.

    Raises ConfigError where optuna-dashboard is not installed, the study is in a database or the port cannot be had,
    ResultsError where the sweep has no study yet.
    """
    try:
        from optuna_dashboard import wsgi
    except ImportError:
        raise ConfigError("optuna-dashboard is not installed: pip install 'vaekit[dashboard]'") from None
    if folder.exists and (url := folder.read_spec().get("storage")):
        raise ConfigError(f"the study is in a database: run `optuna-dashboard {url}` instead")
    if not folder.journal.is_file():
        raise ResultsError(f"{str(folder.path)!r} has no study yet: start its sweep first")
    storage = JournalStorage(ReadOnlyJournal(str(folder.journal)))
    try:
        return make_server(HOST, port, wsgi(storage), handler_class=_Quiet)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"port {port} on {HOST} cannot be used ({error}): choose another port") from None


class _Quiet(WSGIRequestHandler):
    """A handler that prints no line for each request."""

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""
