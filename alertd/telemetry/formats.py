"""How a log line looks: JSON for machines, one line of text for people. Nothing in it can begin another line."""

import json
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_MOST = 2000  # characters of a value
_NUMBERS = (bool, int, float)
_MARGIN = 1 << 16  # characters beyond it that are looked through for secrets, of which some would be shown

Hide = Callable[[str], str]
_GREY, _RESET = "\x1b[90m", "\x1b[0m"
_COLOURS = {"DEBUG": "\x1b[90m", "INFO": "\x1b[32m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}


class JsonFormat(logging.Formatter):
    """One JSON object a line, ASCII only, so that control characters and newlines arrive as escapes.

    `identity` are fields of every line. `hide` takes secrets out of a text. `here` is the traceparent of what is being
    done, by which a line and its trace find each other; "" without one.
    """

    def __init__(self, identity: Mapping[str, str], hide: Hide, here: Callable[[], str] = str) -> None:
        super().__init__()
        self._here = here
        self._identity, self._hide = {name: text for name, text in identity.items() if text}, hide

    def format(self, record: logging.LogRecord) -> str:
        message, fields = record.getMessage(), _fields(record)
        hide = self._needed(message, fields)
        line: dict[str, Any] = {
            "ts": _instant(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            **self._identity,
            "logger": record.name,
            **({"event": event} if (event := getattr(record, "event", "")) else {}),
            "msg": tame(message, hide),
        }
        if not getattr(record, "summary", False) and (cause := self._here()):
            _, line["trace_id"], line["span_id"], _ = cause.split("-")
        for name, value in fields.items():
            line[name] = _structured(value, hide)
        if record.exc_info:
            line["traceback"] = self._hide(self.formatException(record.exc_info))
        return json.dumps(line)

    def _needed(self, message: str, fields: Mapping[str, Any]) -> Hide:
        """What hides secrets, if there is one in any of these: most lines have none, which one look at all says."""
        texts = "\n".join([message, *_texts(fields.values())])
        return _as_it_is if self._hide(texts) == texts else self._hide


class ConsoleFormat(logging.Formatter):
    """Time, level, message and fields, with colours on request; a traceback follows, indented."""

    def __init__(self, hide: Hide, *, colours: bool) -> None:
        super().__init__()
        self._hide, self._colours = hide, colours

    def format(self, record: logging.LogRecord) -> str:
        time = _instant(record).strftime("%H:%M:%S.%f")[:-3]
        level = self._paint(f"{record.levelname:<7}", _COLOURS.get(record.levelname, ""))
        fields = (
            self._paint(f"{name}=", _GREY) + _quoted(value, self._hide) for name, value in _fields(record).items()
        )
        line = " ".join([time, level, _printable(str(tame(record.getMessage(), self._hide))), *fields])
        return f"{line}\n{self._traceback(record)}" if record.exc_info else line

    def _traceback(self, record: logging.LogRecord) -> str:
        assert record.exc_info
        text = self._hide(self.formatException(record.exc_info))
        return "\n".join(f"    | {_printable(line)}" for line in text.splitlines())

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour else text


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """What `tame` makes texts of."""
    for value in values:
        if isinstance(value, str):
            yield str(value)
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif not isinstance(value, _NUMBERS):
            yield str(value)


def _as_it_is(text: str) -> str:
    return text


def _structured(value: Any, hide: Hide) -> Any:
    if not isinstance(value, (str, *_NUMBERS)) and isinstance(value, Mapping):
        return {name: tame(part, hide) for name, part in value.items()}
    return tame(value, hide)


def tame(value: Any, hide: Hide, most: int = _MOST) -> Any:
    """Numbers as they are; any other value as text, not too long, and without secrets."""
    if isinstance(value, _NUMBERS):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    shown = hide(text[: most + _MARGIN])
    return shown if len(shown) <= most else f"{shown[:most]}… ({len(text)} characters)"


def _quoted(value: Any, hide: Hide) -> str:
    """For people: few digits, and no more quotes than it takes."""
    text = _printable(str(_rounded(value) if isinstance(value, float) else tame(value, hide)))
    if text and not set(text) & set(' "='):
        return text
    return f"'{text}'" if '"' in text and "'" not in text else json.dumps(text, ensure_ascii=False)


def _rounded(number: float) -> float:
    """Six digits of a fraction; what has none is left as it is."""
    return number if not math.isfinite(number) or abs(number) >= 1e6 else float(f"{number:.6g}")


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
