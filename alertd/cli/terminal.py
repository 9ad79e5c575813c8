"""What may be shown on a terminal."""

import re

_NUMBER = re.compile(r"\[Errno -?\d+\] ")


def plain(text: str) -> str:
    """One line, whatever it came from: text from outside cannot steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def words(problem: object) -> str:
    """What went wrong, without the number that the system has for it."""
    return _NUMBER.sub("", str(problem))
