"""What may be shown on a terminal."""


def plain(text: str) -> str:
    """One line, whatever it came from: text from outside cannot steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
