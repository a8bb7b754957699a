"""A PostgreSQL database as storage: one coordinator a study, and patience while the server restarts.

The lock is the database's own advisory lock: it ends with the connection, and so with its holder, however that ends.
"""

import hashlib
import os
import platform
import time
from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sweeps.engines.engine import GO_ON
from sweeps.spec.address import StorageUrl
from vae.errors import ConfigError, StorageError

SECONDS_OF_PATIENCE = 60.0
SECONDS_BETWEEN_TRIES = 1.0
SECONDS_TO_CONNECT = 10
SECONDS_FOR_A_LOCK = 3.0
"""A server needs a moment to notice that a killed holder is gone."""
HOLDER = sqlalchemy.text(
    "SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND ((classid::bigint << 32) | objid::bigint) = :key"
)


TRIALS = sqlalchemy.table(
    "trials", *map(sqlalchemy.column, ("trial_id", "study_id", "number", "state", "datetime_complete"))
)
STUDIES = sqlalchemy.table("studies", *map(sqlalchemy.column, ("study_id", "study_name")))
REPORTED = [
    sqlalchemy.table(name, sqlalchemy.column("trial_id")) for name in ("trial_values", "trial_intermediate_values")
]
"""Tables of Optuna's."""


def connect(url: StorageUrl, isolation_level: str = "AUTOCOMMIT") -> sqlalchemy.Connection:
    """Open a connection of its own; StorageError where the database does not answer."""
    try:
        engine = sqlalchemy.create_engine(
            str(url), poolclass=sqlalchemy.NullPool, isolation_level=isolation_level, connect_args=_arguments(url)
        )
        return engine.connect()
    except ImportError as error:
        raise ConfigError(
            f"storage needs {error.name!r}, which is not installed: pip install 'vaekit[postgres]'"
        ) from None
    except SQLAlchemyError as error:
        raise StorageError(f"cannot use the database {url}: {_reason(error)}") from None


class Database:
    """One study in a database, held by this process."""

    def __init__(self, url: StorageUrl, study: str) -> None:
        self.url = url
        self.study = study
        self._key = int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], signed=True)
        self._lock: sqlalchemy.Connection | None = None
        self._storages: list[RDBStorage] = []

    def __enter__(self) -> "Database":
        """Take the lock; StorageError, which says who holds it, where somebody does."""
        self._hold()
        return self

    def __exit__(self, *exception: object) -> None:
        """Close all connections, and with its own give the lock back."""
        for storage in self._storages:
            storage.remove_session()
            storage.engine.dispose()
        if self._lock is not None:
            self._lock.close()

    def storage(self) -> RDBStorage:
        """Return the database as Optuna's storage."""
        kwargs = {"pool_pre_ping": True, "connect_args": _arguments(self.url)}
        self._storages.append(RDBStorage(str(self.url), engine_kwargs=kwargs))
        return self._storages[-1]

    def run_again(self, numbers: Collection[int]) -> None:
        """Have told trials run again, in one transaction: Optuna has no way to say so."""
        own = sqlalchemy.select(STUDIES.c.study_id).where(STUDIES.c.study_name == self.study)
        chosen = TRIALS.c.study_id.in_(own) & TRIALS.c.number.in_(sorted(numbers))
        running: dict[str, object] = {"state": sqlalchemy.literal_column("'RUNNING'"), "datetime_complete": None}
        with connect(self.url, isolation_level="READ COMMITTED") as connection, connection.begin():
            for table in REPORTED:
                of_chosen = table.c.trial_id.in_(sqlalchemy.select(TRIALS.c.trial_id).where(chosen))
                connection.execute(sqlalchemy.delete(table).where(of_chosen))
            connection.execute(sqlalchemy.update(TRIALS).where(chosen).values(running))

    def patiently(self, action: Callable[[], Any], is_done: Callable[[], bool]) -> Any:
        """Do something to the study while the lock is held, again and again where the server is away for a while.

        `is_done` says whether it was done although its answer was lost. StorageError where the patience ends.
        """
        deadline = time.monotonic() + SECONDS_OF_PATIENCE
        tried = False
        while True:
            try:
                self._hold()
                if tried and is_done():
                    return None
                tried = True
                return action()
            except (StorageInternalError, DBAPIError, StorageError) as error:
                if isinstance(error, Held) or time.monotonic() > deadline:
                    raise _given_up(error, self.url) from error
                time.sleep(SECONDS_BETWEEN_TRIES)

    def _hold(self) -> None:
        """Make sure that the lock is held: it is lost with its connection when the server restarts."""
        if self._lock is not None:
            try:
                self._lock.execute(sqlalchemy.text("SELECT 1"))
            except DBAPIError:
                self._lock.invalidate()
                self._lock.close()
                self._lock = None
            else:
                return
        connection = connect(self.url)
        deadline = time.monotonic() + SECONDS_FOR_A_LOCK
        while not connection.scalar(sqlalchemy.text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}):
            if time.monotonic() > deadline:
                holder = connection.execute(HOLDER, {"key": self._key}).first()
                connection.close()
                raise Held(
                    f"another process is working on the study {self.study!r} ({_who(holder)}): wait for it or stop it"
                )
            time.sleep(0.1)
        self._lock = connection


class Held(StorageError):
    """Somebody else holds the study."""


def _arguments(url: StorageUrl) -> dict[str, Any]:
    """What a connection is opened with: the password, which the address does not hold, and who we are."""
    name = f"vaekit, process {os.getpid()} on {platform.node()}"[:63]
    password = {} if url.password is None else {"password": url.password}
    return password | {"application_name": name, "connect_timeout": SECONDS_TO_CONNECT}


def _who(holder: Any) -> str:
    return f"{holder[0]} since {holder[1].astimezone():%Y-%m-%d %H:%M:%S %z}" if holder else "it has just ended"


def _given_up(error: Exception, url: StorageUrl) -> StorageError:
    if isinstance(error, StorageError):
        return error
    return StorageError(f"lost the database {url} ({_reason(error)}): {GO_ON}")


def _reason(error: BaseException) -> str:
    """The first line of what the server or the driver said."""
    said = getattr(error, "orig", None) or (_reason(error.__cause__) if error.__cause__ else error)
    lines = [line for line in str(said).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__
