"""What the daemon and a worker say to each other: JSON with its length before it, every message with the call's nonce.

The daemon speaks first. A worker answers with at most one message at a time: it asks something, or it is done.
"""

import struct
from datetime import datetime
from typing import Any

import msgspec

LENGTH = struct.Struct("!I")
JSON = msgspec.Raw


class Message(msgspec.Struct, tag=True, frozen=True):
    """Of one call; a message of another one is nobody's answer."""

    nonce: str


class Call(Message, frozen=True):
    """Decide. `params` is JSON that only the standard library writes: msgspec's has no NaN."""

    function: str
    params: str
    at: datetime
    cpu: float  # seconds


class Inspect(Message, frozen=True):
    """Say whether the function can be called with these parameters."""

    function: str
    params: str


class Relayed(Message, frozen=True):
    """An answer of the datasource's API, as it came."""

    body: msgspec.Raw


class Refused(Message, frozen=True):
    """There is no answer. `failure` is a QueryFailure."""

    failure: str
    message: str


class Alive(Message, frozen=True):
    """The alerts that were asked for: name, labels, state, value."""

    alerts: list[tuple[str, dict[str, str], str, str]]


class Ready(Message, frozen=True):
    """The file is imported: it, and what it imports from beside it, as they were (path, mtime, size, inode)."""

    files: list[tuple[str, int, int, int]]


class Ask(Message, frozen=True):
    """Ask the datasource. `path` begins with /api/v1/."""

    path: str
    form: list[tuple[str, str]]


class AskAlive(Message, frozen=True):
    """Ask for the alerts that are pending or firing."""


class Inspected(Message, frozen=True):
    """What is wrong: messages with advice."""

    problems: list[tuple[str, str]]


class Done(Message, frozen=True):
    """The samples: labels, value, annotations. A value is text, because JSON has no NaN."""

    samples: list[tuple[dict[str, str], str, dict[str, str]]]
    warnings: list[str] = []
    spent: bool = False  # the worker should not be used again


class Passed(Message, frozen=True):
    """The condition would not judge."""

    reason: str
    spent: bool = False


class Failed(Message, frozen=True):
    """There is no verdict. `failure` is a QueryFailure."""

    message: str
    failure: str
    spent: bool = False


ToWorker = Call | Inspect | Relayed | Refused | Alive
FromWorker = Ready | Ask | AskAlive | Inspected | Done | Passed | Failed

_to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def frame(message: Message) -> bytes:
    """The bytes of a message. Raises ValueError or msgspec's errors for text that is none."""
    body = msgspec.json.encode(message)
    return LENGTH.pack(len(body)) + body


def read_to_worker(body: bytes) -> ToWorker:
    """What the daemon says. Raises msgspec.MsgspecError."""
    return _to_worker.decode(body)


def read_from_worker(body: bytes) -> FromWorker:
    """What a worker says. Raises msgspec.MsgspecError."""
    return _from_worker.decode(body)


def decode(body: bytes) -> Any:
    """Any JSON."""
    return msgspec.json.decode(body)
