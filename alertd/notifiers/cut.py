"""Texts cut to what a service takes: an ellipsis stands where something was left out, and no character is halved."""

from bisect import bisect_right
from json import dumps

MARK = "…"


def runes(text: str, most: int) -> str:
    """At most so many characters (code points)."""
    return text if len(text) <= most else text[: most - 1] + MARK


def utf8(text: str, most: int) -> str:
    """At most so many bytes of UTF-8."""
    if len(text) * 4 <= most or len(data := text.encode("utf-8", "replace")) <= most:
        return text
    return data[: most - len(MARK.encode())].decode("utf-8", "ignore") + MARK


def utf16(text: str, most: int) -> str:
    """At most so many units of UTF-16, as services count that were written in JavaScript or Java; an emoji is two."""
    if len(text) * 2 <= most or len(data := text.encode("utf-16-le", "replace")) <= most * 2:
        return text
    return data[: (most - 1) * 2].decode("utf-16-le", "ignore") + MARK


def json(text: str, most: int) -> str:
    """At most so many bytes as it stands in our JSON, without the quotes: what is not ASCII is escaped there."""
    short = text[: most + 1]
    if (length := len(_quoted(short))) <= most and len(short) == len(text):
        return text
    room = most - len(_quoted(MARK))
    fitting = bisect_right(range(length), room, key=lambda count: len(_quoted(short[:count])))
    return short[: fitting - 1] + MARK


def _quoted(text: str) -> str:
    return dumps(text)[1:-1]
