"""What the other side said, fit to be shown: one short line, without control characters and without our secrets.

A server that refuses often repeats the request: its path, its query, its credentials. An error message is logged,
stored, and shown to people who must not learn them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, SecretStr

_MOST = 200  # characters worth keeping
_MOST_READ = 16_384
_SHORTEST = 4  # a secret shorter than that cannot be told from chance
_CREDENTIALS = re.compile(r"\b(basic|bearer)\s+[^\s'\",;<>]{4,}", re.IGNORECASE)
_HIDDEN = "<secret>"


def said(text: str, secrets: Iterable[str] = (), most: int = _MOST) -> str:
    """The beginning of a text from outside, in one line, and `<secret>` where it held one."""
    known = text[:_MOST_READ]
    shown = {secret for secret in secrets if len(secret) >= _SHORTEST and secret in known}
    for secret in sorted(shown, key=len, reverse=True):
        known = known.replace(secret, _HIDDEN)
    known = _CREDENTIALS.sub(rf"\1 {_HIDDEN}", known)
    line = " ".join((known if known.isprintable() else "".join(map(_visible, known))).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _visible(character: str) -> str:
    return character if character.isprintable() else " "


def of_url(url: str) -> Iterator[str]:
    """What of a URL may be a secret: all of it, what follows the host, and the parts of that. Raises ValueError."""
    parts = urlsplit(url)
    yield from (url, parts._replace(scheme="", netloc="").geturl(), parts.path)
    yield from (value for part in (parts.path, parts.netloc.rpartition("@")[0]) for value in re.split("[/:]", part))
    yield from (value for _, value in parse_qsl(parts.query))


def of_model(value: Any) -> Iterator[str]:
    """The secrets that a configuration holds itself, word by word."""
    if isinstance(value, SecretStr):
        yield from value.get_secret_value().split()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from of_model(getattr(value, name))
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from of_model(one)
