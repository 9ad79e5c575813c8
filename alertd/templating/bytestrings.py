"""Go's strings are bytes: text cut inside of a character keeps its bytes as lone surrogates until it is printed."""


def encode(text: str) -> bytes:
    """The bytes Go would see."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no decoder of ours made
        return text.encode("utf-8", "replace")


def decode(data: bytes) -> str:
    """Text again; bytes that are no UTF-8 survive as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def size(text: str) -> int:
    """Length in bytes, as Go's len()."""
    return len(text) if text.isascii() else len(encode(text))


def clean(text: str) -> str:
    """What may leave the package: every byte that is no UTF-8 becomes U+FFFD."""
    if text.isascii():
        return text
    return encode(text).decode("utf-8", "replace")
