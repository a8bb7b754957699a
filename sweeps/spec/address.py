"""The address of a database, which may be shown, and its password, which may not."""

import re
from urllib.parse import unquote

from vae.errors import ConfigError

RULE = "storage must be postgresql+psycopg://USER@HOST:PORT/DATABASE, special characters percent-encoded"
_URL = re.compile(
    r"(?P<head>postgresql\+psycopg://)(?:(?P<user>[^:@/?#\s]+)(?P<secret>:[^:@/?#\s]*)?@)?"
    r"(?P<tail>[\w.-]*(?::\d+)?/[\w.%-]+(?:\?[^@#\s]*)?)"
)


class StorageUrl(str):
    """An address without its password, so that whatever holds it can be printed and written."""

    password: str | None
    """What was given with the address; where none was, libpq looks into PGPASSWORD and ~/.pgpass."""

    __slots__ = ("password",)


def parse_storage(text: str) -> StorageUrl:
    """Take an address apart; ConfigError, which does not repeat it, where it is no address."""
    match = _URL.fullmatch(text)
    if not match or "password" in match["tail"]:
        raise ConfigError(f"{RULE}, got another form" if text else f"{RULE}, got ''")
    user = f"{match['user']}@" if match["user"] else ""
    url = StorageUrl(f"{match['head']}{user}{match['tail']}")
    url.password = unquote(match["secret"][1:]) if match["secret"] else None
    return url


def without_password(command: str) -> str:
    """Return a command line without the passwords of the addresses in it."""
    return re.sub(r"(postgresql[\w+]*://[^:@\s]*):\S*@", r"\1@", command)
