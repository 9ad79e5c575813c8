"""What must not be shown: the secrets of a configuration, by type, in every shape in which they may turn up."""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from pydantic import BaseModel, SecretStr

HIDDEN = "<secret>"
SHORTEST = 4  # a secret shorter than that cannot be told from chance
_SHORTEST_PART = 8  # and a part of one that is shorter than that
_LONG_PART = 20  # a part of a URL that is as long is taken for a secret, whatever it looks like
_TELLING = re.compile(r"auth|token|key|secret|cookie|passw|credential|sign", re.IGNORECASE)
_LONGEST_LINE = 32  # lines of a key that are shorter say nothing by themselves


@dataclass(frozen=True)
class Confidential:
    """Secrets that a configuration holds, and the files that hold others."""

    values: frozenset[str] = field(default=frozenset(), repr=False)
    files: frozenset[str] = frozenset()

    def __or__(self, other: "Confidential") -> "Confidential":
        return Confidential(self.values | other.values, self.files | other.files)


def confidential(*things: Any) -> Confidential:
    """What is secret in these models: what has the type SecretStr, and the files that may stand in its place."""
    return Confidential(
        frozenset(value for name, value in _told(things) if value and not _is_ordinary(name, value)),
        frozenset(path for path in _files(things) if path),
    )


def secrets_in(*things: Any) -> Iterator[str]:
    """Everything in these models that has the type SecretStr."""
    return (value for _, value in _told(things))


def shapes(secrets: Iterable[str]) -> tuple[str, ...]:
    """All texts that give one of these secrets away, longest first."""
    found = {shape for secret in secrets for part in _parts(secret.strip()) for shape in _written(part)}
    return tuple(sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True))


def hide(text: str, known: Iterable[str]) -> str:
    """The text with `<secret>` in place of every one of these shapes."""
    for shape in known:
        if shape in text:
            text = text.replace(shape, HIDDEN)
    return text


def _told(thing: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every SecretStr, after the name that it has in a mapping, as that of a header."""
    if isinstance(thing, SecretStr):
        yield name, thing.get_secret_value()
    within = thing.items() if isinstance(thing, Mapping) else (("", one) for one in inside(thing))
    for key, one in within:
        yield from _told(one, key)


def _is_ordinary(name: str, value: str) -> bool:
    """Whether this is a header that says nothing secret, as that of a tenant: a word that stands elsewhere, too."""
    return bool(name) and len(value) < _SHORTEST_PART and not _TELLING.search(name)


def _files(thing: Any) -> Iterator[str]:
    if isinstance(thing, BaseModel):
        fields = type(thing).model_fields
        for name in fields:
            of = name.removesuffix("_file")
            if of != name and of in fields and "SecretStr" in str(fields[of].annotation):
                yield getattr(thing, name)
        if "secrets" in fields:
            yield from getattr(thing, "files", ())
    for one in inside(thing):
        yield from _files(one)


def inside(thing: Any) -> Collection[Any]:
    """The values in a model, a mapping or a list."""
    if isinstance(thing, BaseModel):
        return [getattr(thing, name) for name in type(thing).model_fields]
    if isinstance(thing, Mapping):
        return list(thing.values())
    return thing if isinstance(thing, (list, tuple)) else ()


def _parts(secret: str) -> Iterator[str]:
    """The secret, and what of it is one by itself: the token of a header, a line of a key, a part of a URL."""
    yield secret
    scheme, _, rest = secret.partition(" ")
    if scheme.isalpha() and rest and " " not in rest:
        yield rest
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _LONGEST_LINE)
    if "://" in secret:
        with suppress(ValueError):
            yield from _parts_of_url(secret)


def _parts_of_url(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    told = [part for part in parts.path.split("/") if _telling(part)]
    values = [value for _, value in parse_qsl(parts.query) if len(value) >= _SHORTEST_PART]
    yield from (*told, *values, *([password] if password else [user] if _telling(user) else []))
    if told or values:
        yield parts._replace(scheme="", netloc="").geturl()
        yield parts.path if told else ""


def _telling(part: str) -> bool:
    """Whether a part of a URL looks like a secret, and not like a word."""
    mixed = any(one.isdigit() for one in part) and any(one.isalpha() for one in part)
    return len(part) >= _LONG_PART or (len(part) >= _SHORTEST_PART and mixed)


def _written(text: str) -> Iterator[str]:
    """As it is, as it stands in a URL, in JSON, in what Python shows of a text, and in base64 with others around it."""
    yield from (text, quote(text), quote(text, safe=""), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
    data = text.encode("utf-8", "surrogateescape")
    if len(data) >= _SHORTEST_PART:
        yield from (_within_base64(data, before) for before in range(3))


def _within_base64(data: bytes, before: int) -> str:
    """The characters that these bytes alone decide, after so many others."""
    written = b64encode(bytes(before) + data).decode()
    return written[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
