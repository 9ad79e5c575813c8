"""Text in quotes, as Go's strconv writes it."""

from alertd.templating.bytestrings import encode

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


def quoted(text: str) -> str:
    """In double quotes; what cannot be printed is escaped."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escaped(character, '"', ascii_only=False) for character in text) + '"'


def ascii_quoted(text: str) -> str:
    """In double quotes, with nothing but ASCII."""
    return '"' + "".join(_escaped(character, '"', ascii_only=True) for character in text) + '"'


def quoted_rune(character: str, *, ascii_only: bool) -> str:
    """One character in single quotes."""
    return "'" + _escaped(character, "'", ascii_only=ascii_only) + "'"


def raw_quotable(text: str) -> bool:
    """Whether a text can stand between backquotes as it is."""
    return not any(
        character == "`" or character in "\x7f\ufeff" or (character < " " and character != "\t") for character in text
    ) and not any("\udc80" <= character <= "\udcff" for character in text)


def printable(character: str) -> bool:
    """As Go's unicode.IsPrint: of the spaces, only the ASCII one."""
    return character.isprintable()


def _escaped(character: str, quote: str, *, ascii_only: bool) -> str:
    if character == quote:
        return "\\" + quote
    if character in _SHORT:
        return _SHORT[character]
    if printable(character) and (character.isascii() or not ascii_only):
        return character
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\x{encode(character)[0]:02x}"
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
