"""A function that fills the memory; it stands here because pytest rewrites the modules of tests."""

KEPT: list[bytearray] = []


def keep_on() -> None:
    """Allocate twice as much as stays."""
    KEPT.append(bytearray(100_000))
    bytearray(100_000)
