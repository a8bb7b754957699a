"""The address of a database, which may be shown, and its password, which may not."""

import re

from vae.errors import ConfigError

RULE = "storage must be postgresql+psycopg://USER@HOST:PORT/DATABASE, special characters percent-encoded"
DRIVER = "postgresql+psycopg"


class StorageUrl(str):
    """An address without its password, so that whatever holds it can be printed and written."""

    password: str | None
    """What was given with the address; where none was, libpq looks into PGPASSWORD and ~/.pgpass."""

    __slots__ = ("password",)


def parse_storage(text: str) -> StorageUrl:
    """Take an address apart; ConfigError, which does not repeat it, where it is no address."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        given = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigError(f"{RULE}, got another form" if text else f"{RULE}, got ''") from None
    other = f"{given.host} {given.database} {given.query}"  # a password with a bare @ would reach into these
    if given.drivername != DRIVER or not given.database or re.search(r"[@#]|password", other):
        raise ConfigError(f"{RULE}, got another form")
    url = StorageUrl(given._replace(password=None).render_as_string())
    url.password = given.password
    return url


def without_password(command: str) -> str:
    """Return a command line without the passwords of the addresses in it."""
    return re.sub(r"(postgresql[\w+]*://[^:@\s]*):\S*@", r"\1@", command)
