"""How a log line looks: JSON for machines, one line of text for people. Nothing in it can begin another line."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

_MOST = 2000  # characters of a value
_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")
_GREY, _RESET = "\x1b[90m", "\x1b[0m"
_COLOURS = {"DEBUG": "\x1b[90m", "INFO": "\x1b[32m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}


class JsonFormat(logging.Formatter):
    """One JSON object a line, ASCII only, so that control characters and newlines arrive as escapes.

    `here` is the traceparent of what is being done, by which a line and its trace find each other; "" without one.
    """

    def __init__(self, here: Callable[[], str] = str) -> None:
        super().__init__()
        self._here = here

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": _instant(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": tame(record.getMessage()),
        }
        if cause := self._here():
            _, line["trace_id"], line["span_id"], _ = cause.split("-")
        line |= {name: _structured(value) for name, value in _fields(record).items()}
        if record.exc_info:
            line["traceback"] = _hide(self.formatException(record.exc_info))
        return json.dumps(line)


class ConsoleFormat(logging.Formatter):
    """Time, level, message and fields, with colours on request; a traceback follows, indented."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        time = _instant(record).strftime("%H:%M:%S.%f")[:-3]
        level = self._paint(f"{record.levelname:<7}", _COLOURS.get(record.levelname, ""))
        fields = (self._paint(f"{name}=", _GREY) + _quoted(value) for name, value in _fields(record).items())
        line = " ".join([time, level, _printable(str(tame(record.getMessage()))), *fields])
        return f"{line}\n{self._traceback(record)}" if record.exc_info else line

    def _traceback(self, record: logging.LogRecord) -> str:
        assert record.exc_info
        text = _hide(self.formatException(record.exc_info))
        return "\n".join(f"    | {_printable(line)}" for line in text.splitlines())

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour else text


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def _structured(value: Any) -> Any:
    return {name: tame(part) for name, part in value.items()} if isinstance(value, Mapping) else tame(value)


def tame(value: Any, most: int = _MOST) -> Any:
    """Numbers as they are; any other value as text, not too long, and without the password of a URL."""
    if isinstance(value, bool | int | float):
        return value
    text = _hide(value.isoformat() if isinstance(value, datetime) else str(value))
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _hide(text: str) -> str:
    return _PASSWORD.sub("***@", text) if "://" in text else text


def _quoted(value: Any) -> str:
    text = _printable(str(tame(value)))
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=') else text


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
