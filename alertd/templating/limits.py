"""What a template may use up before it is refused: far beyond what anybody writes, far below what hurts the daemon."""

from dataclasses import dataclass

from alertd.errors import TemplateError

LONGEST_TEXT = 1 << 18  # characters of one value, whatever function made it
WIDEST = 1000  # the width and the precision of a printf verb


@dataclass(frozen=True, slots=True)
class Limits:
    """`source`, `output`: characters. `steps`: nodes executed, and long texts handled.

    `depth`: templates in templates.
    """

    source: int
    output: int
    steps: int
    depth: int = 50


RULE = Limits(source=1 << 16, output=1 << 18, steps=100_000)
NOTIFICATION = Limits(source=1 << 20, output=1 << 22, steps=500_000)


def bounded(text: str) -> str:
    """The text, if one value may be this long. Raises TemplateError."""
    if len(text) > LONGEST_TEXT:
        raise TemplateError(f"a text of more than {LONGEST_TEXT} characters")
    return text


def joined(parts: list[str], separator: str = "") -> str:
    """The parts as one text, refused before it is built if it would be too long."""
    if sum(map(len, parts)) + len(separator) * len(parts) > LONGEST_TEXT:
        raise TemplateError(f"a text of more than {LONGEST_TEXT} characters")
    return separator.join(parts)
