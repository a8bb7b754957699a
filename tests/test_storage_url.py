"""A database's address may be shown, its password not."""

import pytest

from sweeps.spec.address import parse_storage, without_password
from sweeps.spec.make import make_spec
from vae.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "shown", "password"),
    [
        ("postgresql+psycopg://u:p%40ss@h:5432/d", "postgresql+psycopg://u@h:5432/d", "p@ss"),
        ("postgresql+psycopg://u:@h/d", "postgresql+psycopg://u@h/d", ""),
        ("postgresql+psycopg://u@h/d?sslmode=require", "postgresql+psycopg://u@h/d?sslmode=require", None),
        ("postgresql+psycopg:///d", "postgresql+psycopg:///d", None),
        ("postgresql+psycopg://u:se/cret@h/d", "postgresql+psycopg://u@h/d", "se/cret"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_password(given: str, shown: str, password: str | None) -> None:
    url = parse_storage(given)
    assert (str(url), url.password) == (shown, password)
    spec = make_spec({"storage": given})
    assert (spec.as_dict()["storage"], spec.storage) == (shown, shown)
    assert make_spec({"storage": shown}).identity == spec.identity == make_spec({}).identity
    if password:
        assert given.partition("u:")[2].partition("@")[0] not in repr(spec)
        assert password not in without_password(f"vaekit sweep --storage={given} --trials 2")


@pytest.mark.parametrize(
    "given",
    [
        "sqlite:///secret.db",
        "postgresql://u:secret@h/d",
        "postgresql+psycopg://u@h/d?password=secret",
        "postgresql+psycopg://u:secret@h@x/d",
        "postgresql+psycopg://u:cret@secret@h/d",
        "postgresql+psycopg://a/b:secret@h/d",
        "postgresql+psycopg://u:secret@h:x/d",
        "postgresql+psycopg://u:secret@h/",
        "secret",
    ],
)
def test_what_is_no_address_is_not_repeated(given: str) -> None:
    with pytest.raises(ConfigError, match="storage must be postgresql") as raised:
        make_spec({"storage": given})
    assert "secret" not in str(raised.value)
